"""A run leaves whole files that say what was used, what was found and what went wrong."""

from __future__ import annotations

import hashlib
import json
import sys

import nbformat
import pytest

from perflib.reports import ReportError, run

FACTS = (
    '{"beat": beat, "n": n, "interactive": interactive, "static": os.environ["PERFLIB_STATIC"], "exe": sys.executable}'
)


def test_a_run_records_every_value_and_uses_this_interpreter(make_notebook, result_cell, tmp_path):
    notebook = make_notebook("import os, sys\n" + result_cell("used", FACTS))
    done = run(notebook, {"n": "7"}, out=tmp_path / "out").raise_if_failed()
    assert sorted(path.name for path in done.folder.iterdir()) == [
        "facts.json",
        "manifest.json",
        "small.html",
        "small.ipynb",
    ]
    facts = json.loads((done.folder / "facts.json").read_text(encoding="utf-8"))
    assert facts == {"used": {"beat": "0412", "n": 7, "interactive": False, "static": "1", "exe": sys.executable}}
    manifest = json.loads((done.folder / "manifest.json").read_text(encoding="utf-8"))
    used = {"beat": "0412", "n": 7, "x": 1.5, "full": False, "interactive": False}
    assert manifest["status"] == "done" and manifest["parameters"] == used and manifest["error"] is None
    assert manifest["notebook"]["sha256"] == hashlib.sha256(notebook.read_bytes()).hexdigest()
    executed = nbformat.read(done.notebook, as_version=4)
    assert executed.metadata.papermill.parameters == used
    assert str(tmp_path) not in done.html.read_text(encoding="utf-8")


def test_a_failing_cell_keeps_the_notebook_marked_and_names_cell_and_exception(make_notebook, result_cell, tmp_path):
    out = tmp_path / "out"
    run(make_notebook(result_cell("fine")), out=out).raise_if_failed()
    failed = run(make_notebook(result_cell("fine"), "1 / 0", result_cell("later")), out=out)
    assert failed.status == "failed"
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8"))["status"] == "failed"
    assert not (out / "facts.json").exists(), "facts of an earlier run must not stand beside a failed one"
    executed = nbformat.read(failed.notebook, as_version=4)
    assert executed.metadata.perflib.status == "failed" and "FAILED" in executed.cells[0].source
    assert "FAILED" in failed.html.read_text(encoding="utf-8")
    with pytest.raises(ReportError, match="code cell 3: ZeroDivisionError: division by zero"):
        failed.raise_if_failed()


def test_two_results_of_one_name_fail_the_run(make_notebook, result_cell, tmp_path):
    failed = run(make_notebook(result_cell("twin"), result_cell("twin")), out=tmp_path / "out")
    with pytest.raises(ReportError, match=r"two Results are named 'twin' \(code cells 2 and 3\)"):
        failed.raise_if_failed()


def test_a_dead_kernel_fails_the_run(make_notebook, tmp_path):
    failed = run(make_notebook("import os\nos._exit(1)"), out=tmp_path / "out")
    assert failed.manifest["error"]["exception"] == "DeadKernelError"
