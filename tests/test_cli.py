"""The command line: exit codes, messages without tracebacks, any console."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import nbformat
import pytest
from nbformat import v4

from perflib import __version__
from perflib.__main__ import main


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parameters = v4.new_code_cell('beat: str = "0412"', metadata={"tags": ["parameters"]})
    show = "import pandas as pd, perflib as pf\nif beat == 'x': raise OSError('no disk')\n"
    show += 'pf.Result("r", pd.DataFrame({"a": [1]}), "T", "A.", "", facts={"beat": beat})'
    nbformat.write(v4.new_notebook(cells=[parameters, v4.new_code_cell(show)]), tmp_path / "n.ipynb")
    return "n.ipynb"


def test_version(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0 and capsys.readouterr().out == f"perflib {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["run"], ["run", "a.ipynb", "--speed"], ["sample", "x", "--scale", "huge"]]
)
def test_a_command_not_understood_exits_2(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2 and "usage: perflib" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "absent.ipynb"], "absent.ipynb: cannot be read"),
        (["run", "n.ipynb", "-p", "beet=1"], "did you mean 'beat'"),
        (["run", "n.ipynb", "-p", "beat"], "is not name=value"),
        (["run", "n.ipynb", "--department", "x.yml"], "unknown parameter 'department'"),
        (["quarantine", "absent.yml"], "absent.yml"),
    ],
)
def test_a_users_mistake_is_one_message_and_exit_1(notebook, arguments, words, capsys):
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("perflib: ") and words in error and "Traceback" not in error


def test_a_check_of_what_is_not_there_says_so_and_exits_1(capsys):
    assert main(["check", "absent.yml"]) == 1
    said = "".join(capsys.readouterr())
    assert "absent.yml" in said and "Traceback" not in said


def test_a_reader_that_closes_the_pipe_early_is_no_fault():
    show = "from perflib import __main__ as m; m._check = lambda o: [print('x' * 100) for _ in range(100_000)] and 0"
    script = f"{show}\nimport sys\nsys.exit(m.main(['check', 'x']))"
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None and child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    said = child.stderr.read()
    assert child.wait(timeout=60) == 0 and said == b""


def test_run_says_where_the_report_is(notebook, tmp_path, capsys):
    assert main(["run", notebook, "-p", "beat=0099"]) == 0
    assert "done: reports" in capsys.readouterr().out
    folder = tmp_path / "reports" / "n-beat-0099"
    assert json.loads((folder / "facts.json").read_text(encoding="utf-8")) == {"r": {"beat": "0099"}}


def test_a_failed_run_exits_1_and_names_cell_and_exception(notebook, tmp_path, capsys):
    assert main(["run", notebook, "-p", "beat=x", "--out", "kept"]) == 1
    assert "code cell 2: OSError: no disk" in capsys.readouterr().err
    assert json.loads((tmp_path / "kept" / "manifest.json").read_text(encoding="utf-8"))["status"] == "failed"


def test_a_console_that_cannot_show_a_name_does_not_crash(monkeypatch):
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stderr", console)
    assert main(["run", "Łódź.ipynb"]) == 1
    console.flush()
    assert b"cannot be read" in console.buffer.getvalue()
