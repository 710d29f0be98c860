"""Hundreds of runs without a failure, memory that stays flat, and batches killed at any moment that end the same."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat import v4

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="process trees are read from /proc")]
RUNS, KILLS = int(os.environ.get("PERFLIB_RUNS", "500")), int(os.environ.get("PERFLIB_KILLS", "50"))
CELL = """import pandas as pd, perflib as pf
pf.Result("tiny", pd.DataFrame({"n": [n]}), "T", "A.", "", facts={"n": n, "square": n * n})"""


def make_plan(folder: Path, runs: int) -> Path:
    parameters = v4.new_code_cell("n: int = 1", metadata={"tags": ["parameters"]})
    nbformat.write(v4.new_notebook(cells=[parameters, v4.new_code_cell(CELL)]), folder / "tiny.ipynb")
    plan = {"runs": [{"notebook": "tiny", "parameters": {"n": list(range(runs))}}]}
    (folder / "plan.yml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    return folder / "plan.yml"


def start(plan: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "perflib", "report", str(plan), *more]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def family(pid: int) -> list[int]:
    """The process and all that descends from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += parents.get(found[-1], [])
    return found


def resident(pid: int) -> int:
    """Kilobytes of a process that are its own, not shared with the server it was forked from; 0 when it is gone."""
    try:
        text = (Path("/proc") / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_"))


def facts_of(out: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text(encoding="utf-8") for path in sorted(out.glob("*/facts.json"))}


def test_many_runs_at_eight_workers_do_not_fail_and_memory_stays_flat(tmp_path):
    plan = make_plan(tmp_path, RUNS)
    batch = start(plan, "--workers", "8")
    peaks: list[tuple[float, int]] = []
    while batch.poll() is None:
        done = len(list((tmp_path / "out").glob("*/manifest.json")))
        peaks.append((done, max((resident(pid) for pid in family(batch.pid)[1:]), default=0)))
        time.sleep(1)
    status = json.loads((tmp_path / "out" / "status.json").read_text(encoding="utf-8"))
    assert batch.returncode == 0 and (status["done"], status["failed"]) == (RUNS, 0)
    assert not [run for run in status["runs"] if run["attempts"]], "no run needed a second attempt"
    early = max(size for done, size in peaks if done <= max(RUNS // 5, 20))
    late = max(size for done, size in peaks if done >= RUNS * 4 // 5)
    print(f"{status['seconds']:.0f} s; largest process: {early / 1024:.0f} MB early, {late / 1024:.0f} MB late")
    assert late <= 1.15 * early + 10_000


def test_a_batch_killed_at_any_moment_leaves_nothing_unreadable_and_resumes_to_the_same_facts(tmp_path):
    (tmp_path / "whole").mkdir()
    assert start(make_plan(tmp_path / "whole", 12), "--workers", "4").wait(timeout=600) == 0
    wanted = facts_of(tmp_path / "whole" / "out")
    assert len(wanted) == 12
    (tmp_path / "killed").mkdir()
    plan, rng, landed = make_plan(tmp_path / "killed", 12), random.Random(7), 0
    out, reach = tmp_path / "killed" / "out", 20.0
    for n in range(KILLS):
        started = time.monotonic()
        batch = start(plan, "--workers", "4", *(["--resume"] if n % 3 else []))
        try:
            batch.wait(timeout=rng.uniform(0.2, reach))
            reach = max(3.0, time.monotonic() - started)
        except subprocess.TimeoutExpired:
            landed += 1
        for pid in family(batch.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        batch.wait()
        for path in out.glob("**/*.json"):
            json.loads(path.read_text(encoding="utf-8"))
        for path in out.glob("*/*.ipynb"):
            nbformat.validate(nbformat.read(path, as_version=4))
        for path in out.glob("**/*.html"):
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert landed >= KILLS // 3, "most kills came while the batch was running"
    assert start(plan, "--workers", "4", "--resume").wait(timeout=600) == 0
    assert facts_of(out) == wanted
    assert not list(out.glob("*/.*.part")), "what a kill left half-written is cleared away"
