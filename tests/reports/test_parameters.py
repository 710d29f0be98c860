"""A wrong parameter never reaches a kernel, and a text never becomes a number."""

from __future__ import annotations

import json

import pytest

from perflib.errors import ParameterError
from perflib.reports import from_assignments, read_contract, run
from perflib.reports.parameters import Parameter


@pytest.fixture
def no_kernel(monkeypatch):
    """Fails the test if a kernel is started."""
    monkeypatch.setattr("perflib.reports.task.execute", lambda *_: pytest.fail("a kernel was started"))


def test_the_contract_is_read_with_types_defaults_and_help(make_notebook):
    contract = read_contract(make_notebook())
    assert contract.parameters[0] == Parameter("beat", "str", "0412", "the beat, as text")
    assert [(item.name, item.type, item.default) for item in contract.parameters[1:]] == [
        ("n", "int", 3),
        ("x", "float", 1.5),
        ("full", "bool", False),
        ("interactive", "bool", True),
    ]


def test_a_code_that_looks_like_a_number_stays_text(make_notebook):
    filled = read_contract(make_notebook()).fill({"beat": "0099"})
    assert filled["beat"] == "0099"
    assert read_contract(make_notebook()).fill({})["beat"] == "0412"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"n": "7"}, ("n", 7)),
        ({"n": "-2"}, ("n", -2)),
        ({"x": "2"}, ("x", 2.0)),
        ({"x": 2}, ("x", 2.0)),
        ({"full": "true"}, ("full", True)),
        ({"full": "No"}, ("full", False)),
        ({"beat": ""}, ("beat", "")),
        ({"beat": "true"}, ("beat", "true")),
        ({"beat": "1e3"}, ("beat", "1e3")),
        ({"beat": "a=b"}, ("beat", "a=b")),
    ],
)
def test_texts_are_read_as_the_annotated_type(make_notebook, given, expected):
    name, value = expected
    found = read_contract(make_notebook()).fill(given)[name]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"beet": "1"}, "unknown parameter 'beet'; did you mean 'beat'; valid: beat, n, x, full, interactive"),
        ({"Beat": "1"}, "unknown parameter 'Beat'"),
        ({"n": "seven"}, "'n' must be int, found 'seven'"),
        ({"n": "1.5"}, "'n' must be int"),
        ({"n": 1.5}, "'n' must be int, found 1.5 (float)"),
        ({"n": True}, "'n' must be int, found True (bool)"),
        ({"x": "nan"}, "'x' must be float"),
        ({"x": "inf"}, "'x' must be float"),
        ({"full": "maybe"}, "'full' must be bool"),
        ({"full": 1}, "'full' must be bool, found 1 (int)"),
        ({"beat": 412}, "'beat' must be str, found 412 (int) (put it in quotes)"),
        ({"beat": None}, "'beat' must be str"),
        ({"interactive": "true"}, "'interactive' is always off"),
    ],
)
def test_a_wrong_name_or_type_is_refused_before_a_kernel_starts(make_notebook, no_kernel, tmp_path, given, words):
    with pytest.raises(ParameterError) as caught:
        run(make_notebook(), given, out=tmp_path / "out")
    message = str(caught.value).replace("'?", "'")
    assert words in message
    assert "small.ipynb" in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (None, "no cell tagged 'parameters'"),
        ("beat = '0412'", "is not a parameter"),
        ("beat: list = []", "is not a parameter"),
        ("beat: str = 412", "is not a parameter"),
        ("beat: str = open('x').read()", "is not a parameter"),
        ("import os\nbeat: str = ''", "is not a parameter"),
        ("beat: str = ''\nbeat: str = 'a'", "declared twice"),
        ("beat: str = (", "is not Python"),
    ],
)
def test_a_cell_that_is_no_contract_is_refused(make_notebook, no_kernel, parameters, words):
    with pytest.raises(ParameterError, match=words):
        run(make_notebook(parameters=parameters))


def test_two_tagged_cells_are_refused(make_notebook):
    with pytest.raises(ParameterError, match="2 cells tagged"):
        read_contract(make_notebook("n: int = 1", tags={"n: int = 1": ["parameters"]}))


@pytest.mark.parametrize("content", ["", "not json", "[]", json.dumps({"nbformat": 3, "worksheets": []})])
def test_a_file_that_is_no_notebook_is_refused(tmp_path, content):
    path = tmp_path / "x.ipynb"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ParameterError, match="not a Jupyter notebook"):
        read_contract(path)
    with pytest.raises(ParameterError, match="cannot be read"):
        read_contract(tmp_path / "absent.ipynb")


def test_assignments_of_the_command_line():
    assert from_assignments(["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}
    for wrong in (["a"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(ParameterError):
            from_assignments(wrong)
