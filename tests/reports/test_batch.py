"""A batch: the wrong runs fail before a kernel starts, the others finish, and what stands is kept."""

from __future__ import annotations

import json
import sys
import time

import nbformat
import pytest
import yaml
from nbformat import v4

from perflib.__main__ import main
from perflib.errors import InputError
from perflib.reports.batch import report
from perflib.reports.facts import changes
from perflib.reports.pages import index_page
from perflib.reports.worker import ProcessDiedError, Workers

CELL = """import pandas as pd, perflib as pf
pf.Result("tiny", pd.DataFrame({"n": [n]}), "T", "A.", "", facts={"beat": beat, "n": n})"""


def write_notebook(path, *cells):
    parameters = v4.new_code_cell('beat: str = "0411"\nn: int = 1', metadata={"tags": ["parameters"]})
    nbformat.write(v4.new_notebook(cells=[parameters, *map(v4.new_code_cell, cells)]), path)


@pytest.fixture
def folder(tmp_path):
    write_notebook(tmp_path / "tiny.ipynb", CELL)
    return tmp_path


def write_plan(folder, **plan):
    path = folder / "plan.yml"
    path.write_text(yaml.safe_dump(plan), encoding="utf-8")
    return path


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def runs(status):
    return {(run["notebook"], tuple((run["parameters"] or {}).items())): run for run in status["runs"]}


def test_the_right_ones_fail_before_a_kernel_and_the_others_finish(folder, monkeypatch):
    write_notebook(folder / "crash.ipynb", CELL, "import os\nos._exit(3)")
    write_notebook(folder / "raise.ipynb", CELL, "1 / 0", CELL)
    write_notebook(folder / "slow.ipynb", "import time\ntime.sleep(600)")
    monkeypatch.setattr("perflib.reports.plan.TIME_LIMIT", 20.0)
    plan = write_plan(
        folder,
        retries=1,
        time_limit=15,
        runs=[
            {"notebook": "tiny", "parameters": {"beat": ["0412", "0413"]}},
            {"notebook": "tiny", "parameters": {"baet": "0412"}},
            {"notebook": "tiny", "parameters": {"n": "many"}},
            {"notebook": "crash"},
            {"notebook": "raise"},
            {"notebook": "slow"},
        ],
    )
    said = []
    status = report(plan, workers=2, say=lambda run, n, total: said.append((n, total, run["name"])))
    assert (status["done"], status["failed"], status["status"]) == (2, 5, "failed")
    assert [item[0] for item in said] == list(range(1, 8)) and {item[1] for item in said} == {7}
    by = {}
    for run in status["runs"]:
        by.setdefault((run["notebook"], run["status"]), []).append(run)
    assert [run["parameters"]["beat"] for run in by["tiny.ipynb", "done"]] == ["0412", "0413"]
    refused = by["tiny.ipynb", "failed"]
    assert [run["error"]["exception"] for run in refused] == ["ParameterError", "ParameterError"]
    assert "did you mean 'beat'" in refused[0]["error"]["message"] and refused[0]["seconds"] == 0
    assert not list((folder / "out" / refused[0]["name"]).glob("*.ipynb")), "no kernel was started"
    raised, crashed, slow = (by[f"{name}.ipynb", "failed"][0] for name in ("raise", "crash", "slow"))
    assert raised["error"] == {"cell": 3, "exception": "ZeroDivisionError", "message": "division by zero"}
    assert raised["attempts"] == [], "a notebook that raises is not tried again"
    assert crashed["error"]["exception"] == "DeadKernelError" and crashed["error"]["cell"] == 3
    assert [item["exception"] for item in crashed["attempts"]] == ["DeadKernelError"]
    assert slow["error"]["exception"] == "TimeLimit" and slow["error"]["cell"] == 2
    for run in (raised, crashed, slow):
        place = folder / "out" / run["name"]
        kept = nbformat.read(place / run["notebook"], as_version=4)
        assert kept.metadata.perflib.status == "failed" and "FAILED" in kept.cells[0].source
        page = (place / "failure.html").read_text(encoding="utf-8")
        assert "FAILED" in page and run["error"]["exception"] in page and not (place / "facts.json").exists()
    facts = load(folder / "out" / by["tiny.ipynb", "done"][0]["name"] / "facts.json")
    assert facts == {"tiny": {"beat": "0412", "n": 1}}
    index = (folder / "out" / "index.html").read_text(encoding="utf-8")
    assert index.index("crash.ipynb") < index.index("All reports") < index.rindex("tiny.html")
    assert load(folder / "out" / "status.json")["failed"] == 5


def test_resume_redoes_only_what_is_missing_or_changed(folder):
    plan = write_plan(folder, runs=[{"notebook": "tiny", "parameters": {"beat": ["a", "b", "c", "d"]}}])
    first = report(plan, workers=2)
    assert first["done"] == 4 and first["resumed"] == 0
    names = [run["name"] for run in first["runs"]]
    out = folder / "out"
    whole = load(out / names[0] / "facts.json")
    (out / names[1] / "facts.json").unlink()
    (out / names[2] / "tiny.html").write_text("half", encoding="utf-8")
    again = report(plan, workers=2, resume=True)
    assert [bool(run.get("resumed")) for run in again["runs"]] == [True, False, False, True]
    assert load(out / names[0] / "facts.json") == whole
    assert "half" not in (out / names[2] / "tiny.html").read_text(encoding="utf-8")
    write_notebook(folder / "tiny.ipynb", CELL.replace('"n": n}', '"n": n + 1}'))
    changed = report(plan, workers=2, resume=True)
    assert changed["resumed"] == 0
    assert changed["runs"][0]["changes"] == [{"fact": "tiny / n", "before": 1, "after": 2}]
    assert "Changed since the last run" in (out / "index.html").read_text(encoding="utf-8")


def test_the_department_decides_values_and_its_files_decide_resume(folder, small_city, monkeypatch):
    code = 'department: str = ""\ndistrict: str = ""'
    cells = [
        v4.new_code_cell(code, metadata={"tags": ["parameters"]}),
        v4.new_code_cell(
            "import pandas as pd, perflib as pf\n"
            'rows = pf.open(department, tables=["calls"]).calls.count().execute()\n'
            'pf.Result("rows", pd.DataFrame({"n": [rows]}), "T", "A.", "", facts={"rows": int(rows)})'
        ),
    ]
    nbformat.write(v4.new_notebook(cells=cells), folder / "count.ipynb")
    import perflib as pf

    whole = pf.open(small_city, tables=["calls"])
    known = sorted(whole.calls.district.value_counts().execute()["district"].dropna())[0]
    plan = write_plan(folder, runs=[{"notebook": "count", "parameters": {"district": ["", known, "nowhere"]}}])
    status = report(plan, workers=2, department=small_city)
    assert [run["status"] for run in status["runs"]] == ["done", "done", "failed"]
    assert "no district 'nowhere'" in status["runs"][2]["error"]["message"]
    facts = [load(folder / "out" / run["name"] / "facts.json") for run in status["runs"][:2]]
    assert facts == [{"rows": {"rows": int(whole.calls.count().execute())}}] * 2
    manifest = load(folder / "out" / status["runs"][0]["name"] / "manifest.json")
    assert {"calls.parquet"} <= {item["path"].split("/")[-1] for item in manifest["inputs"]}
    assert manifest["status"] == "done" and manifest["seconds"] > 0
    absent = report(plan, workers=2, department=folder / "absent.yml")
    assert [run["error"]["exception"] for run in absent["runs"]] == ["DepartmentError"] * 3


def test_hooks_fire_and_a_plan_alone_starts_no_program(folder, monkeypatch):
    script = folder / "hook.py"
    script.write_text("import sys; open('told.json', 'w').write(sys.stdin.read())", encoding="utf-8")
    plan = write_plan(
        folder,
        runs=[{"notebook": "tiny"}],
        hooks=[
            {"on": "completion", "file": "finished.json"},
            {"on": "failure", "file": "alarm.json"},
            {"on": ["completion"], "command": [sys.executable, str(script)]},
            {"webhook_env": "PERFLIB_NO_HOOK"},
        ],
    )
    monkeypatch.delenv("PERFLIB_NO_HOOK", raising=False)
    status = report(plan, workers=1)
    out = folder / "out"
    assert load(out / "finished.json")["done"] == 1 and not (out / "alarm.json").exists()
    assert not (out / "hooks").exists() and "--allow-commands" in status["hooks"][0]
    assert "PERFLIB_NO_HOOK holds no https address" in status["hooks"][1]
    report(plan, workers=1, resume=True, allow_commands=True)
    assert load(out / "hooks" / "told.json")["resumed"] == 1


def test_two_batches_do_not_write_to_one_folder(folder):
    fcntl = pytest.importorskip("fcntl")
    plan = write_plan(folder, runs=[{"notebook": "tiny"}])
    (folder / "out").mkdir()
    with (folder / "out" / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another batch is writing there"):
            report(plan, workers=1)


def test_the_command_line_says_each_run_and_exits_1_when_one_failed(folder, capsys):
    write_notebook(folder / "raise.ipynb", "1 / 0")
    plan = write_plan(folder, runs=[{"notebook": "tiny"}, {"notebook": "raise"}])
    assert main(["report", str(plan), "--workers", "2"]) == 1
    said = capsys.readouterr()
    assert "1 done, 1 failed of 2" in said.out
    assert "FAILED raise-" in said.err and "ZeroDivisionError" in said.err and "[2/2]" in said.err
    assert main(["report", str(folder / "no.yml")]) == 1


def test_random_numbers_differ_between_forked_runs(folder):
    write_notebook(folder / "dice.ipynb", CELL.replace('"n": n}', '"n": float(__import__("numpy").random.random())}'))
    plan = write_plan(folder, runs=[{"notebook": "dice", "parameters": {"beat": ["a", "b"]}}])
    status = report(plan, workers=1)
    drawn = {load(folder / "out" / run["name"] / "facts.json")["tiny"]["n"] for run in status["runs"]}
    assert len(drawn) == 2


def die() -> None:
    import os

    os.kill(os.getpid(), 9)


def test_a_process_that_dies_or_lingers_is_an_error_of_its_own_call_only():
    with Workers(2, limit=20) as workers:
        dead, fine, wrong = workers.submit(die), workers.submit(divmod, 7, 2), workers.submit(divmod, 1, 0)
        assert fine.result() == (3, 1)
        with pytest.raises(ProcessDiedError, match="SIGKILL"):
            dead.result()
        with pytest.raises(ZeroDivisionError):
            wrong.result()
    with Workers(1, limit=2) as workers, pytest.raises(ProcessDiedError, match="within 2 seconds"):
        workers.submit(time.sleep, 60).result()


def test_changes_compare_what_both_runs_have_and_puts_the_largest_first():
    before = {"a": {"x": 100, "y": 10, "gone": 1, "list": [1]}, "word": "up"}
    after = {"a": {"x": 101, "y": 20, "new": 1, "list": [2]}, "word": "up"}
    assert [(item["fact"], item["before"], item["after"]) for item in changes(before, after)] == [
        ("a / y", 10, 20),
        ("a / x", 100, 101),
    ]
    assert changes({}, after) == []


def test_the_index_escapes_every_datum():
    bad = "<script>alert(1)</script>"
    run = {
        "name": bad,
        "notebook": f"{bad}.ipynb",
        "status": "failed",
        "parameters": {bad: bad},
        "seconds": 1.0,
        "error": {"cell": 1, "exception": bad, "message": bad},
        "changes": [],
        "as_of": bad,
    }
    done = run | {"status": "done", "error": None, "changes": [{"fact": bad, "before": bad, "after": 1}]}
    page = index_page(
        {
            "plan": bad,
            "done": 1,
            "failed": 1,
            "resumed": 0,
            "runs_planned": 2,
            "finished": bad,
            "seconds": 1.0,
            "runs": [run, done],
        }
    )
    assert "<script" not in page and "default-src 'none'" in page and page.count("&lt;script&gt;") > 8
