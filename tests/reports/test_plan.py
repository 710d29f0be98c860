"""A plan is data, its lists are crossed, and its paths stay in its folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from perflib.errors import ParameterError
from perflib.reports.plan import read_plan

NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def write(tmp_path):
    folder = tmp_path / "plans"
    folder.mkdir()
    (folder / "a.ipynb").write_text(NOTEBOOK, encoding="utf-8")
    (tmp_path / "outside.ipynb").write_text(NOTEBOOK, encoding="utf-8")

    def make(text: str):
        (folder / "plan.yml").write_text(text, encoding="utf-8")
        return folder / "plan.yml"

    return make


def test_lists_are_crossed_and_values_are_texts_as_written(write):
    plan = read_plan(
        write("""
runs:
  - notebook: a.ipynb
    parameters: {beat: [0412, "0413"], period: [2025-06-01, 2025-07], full: yes, note: }
""")
    )
    given = [dict(run.given) for run in plan.runs]
    assert [(item["beat"], item["period"]) for item in given] == [
        ("0412", "2025-06-01"),
        ("0412", "2025-07"),
        ("0413", "2025-06-01"),
        ("0413", "2025-07"),
    ]
    assert all(item["full"] == "yes" and item["note"] == "" for item in given)
    names = [run.name for run in plan.runs]
    assert len(set(names)) == 4 and all(name.isascii() and set(name).isdisjoint(":/\\ ") for name in names)
    assert names[0].startswith("a-beat-0412-period-2025-06-01-full-yes-")
    assert plan.out == plan.folder / "out" and plan.department == ""


def test_a_shipped_notebook_is_known_by_its_name(write):
    plan = read_plan(write("runs: [{notebook: 01_response_times}]"))
    assert plan.runs[0].notebook.is_file() and plan.runs[0].notebook.name == "01_response_times.ipynb"


@pytest.mark.parametrize(
    "text",
    [
        "{notebook: ../outside}",
        "{notebook: /etc/passwd}",
        "{notebook: 'C:\\x.ipynb'}",
        "{notebook: '..\\outside'}",
        "{notebook: sub/../../outside}",
        "{notebook: linked}",
        "{notebook: 'ftp://x/y'}",
    ],
)
def test_a_notebook_outside_the_folder_is_refused(write, tmp_path, text):
    path = write(f"runs: [{text}]")
    if os.name != "nt":
        (path.parent / "linked.ipynb").symlink_to(tmp_path / "outside.ipynb")
    with pytest.raises(ParameterError, match=r"leads out of|there is no notebook 'linked'"):
        read_plan(path)


@pytest.mark.parametrize("key", ["out", "department"])
@pytest.mark.parametrize("value", ["..", "../x", "/x", "a/../../x", "'\\\\server\\share'", "s3://bucket/x", "link"])
def test_out_and_department_stay_in_the_folder(write, tmp_path, key, value):
    path = write(f"{key}: {value}\nruns: [{{notebook: a}}]")
    if os.name != "nt":
        (path.parent / "link").symlink_to(tmp_path)
    elif value == "link":
        pytest.skip("links need rights there")
    with pytest.raises(ParameterError, match="leads out of the plan's folder"):
        read_plan(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("runs: !!python/object/apply:os.system [id]", "a tag is not data"),
        ("runs: [{notebook: a, parameters: {x: !!binary aaaa}}]", "a tag is not data"),
        ("runs: []\nruns: [{notebook: a}]", "key 'runs' stands twice"),
        ("runs: [{notebook: a, parameters: {beat: 1, beat: 2}}]", "key 'beat' stands twice, again in line 1"),
        ("runs: [{notebook: a}]\nworkers: 3", "unknown key 'workers'"),
        ("runs: [{notebook: a, parameter: {x: 1}}]", "did you mean 'parameters'"),
        ("runs: [{notebook: b}]", "there is no notebook 'b'"),
        ("runs: [{notebook: a}, {notebook: a}]", "is there twice"),
        ("runs: [{notebook: a, parameters: {x: []}}]", "not a value or a list"),
        ("runs: [{notebook: a, parameters: {x: {y: 1}}}]", "not a value or a list"),
        ("runs: [{notebook: a, parameters: {department: x.yml}}]", "the department is the plan's"),
        ("time_limit: soon\nruns: [{notebook: a}]", "time_limit must be a number"),
        ("- a", "is not a plan"),
        ("", "is not a plan"),
        ("runs: [", "not readable as YAML"),
        ("out: x", "`runs` is not a list"),
        ("runs: []", "has no runs"),
        ("runs: [{notebook: a}]\nhooks: [{file: ../x}]", "is not a name"),
        ("runs: [{notebook: a}]\nhooks: [{command: rm -rf x}]", "not a list of words"),
        ("runs: [{notebook: a}]\nhooks: [{on: success, file: x}]", "no event 'success'"),
    ],
)
def test_what_is_not_a_plan_is_refused_with_its_place(write, text, words):
    with pytest.raises(ParameterError, match="plan.yml") as refused:
        read_plan(write(text))
    assert words in str(refused.value)


def test_a_document_that_expands_without_end_is_refused(write):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    with pytest.raises(ParameterError, match="more than 200,000 values"):
        read_plan(write(bomb))


def test_the_plan_to_copy_is_a_plan(write):
    text = (Path(__file__).parents[2] / "templates" / "plan.yml").read_text(encoding="utf-8")
    plan = read_plan(write(text))
    assert len(plan.runs) == 3 and plan.out == plan.folder / "reports" and plan.hooks == ()
    told = read_plan(write(text.replace("# hooks:", "hooks:").replace("#   - {on", "  - {on")))
    assert [hook.kind for hook in told.hooks] == ["file", "webhook_env", "command"]
