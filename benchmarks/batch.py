"""A plan of reports with `perflib report` against a loop of papermill and nbconvert on the command line.

    python -m benchmarks.batch [--reports 24] [--rounds 3] [--workers 2]

Notebook 01 on the sample department, by district and month. Ours is one command, the start of its server included; the
other is what a shell script would do: `papermill` and then `nbconvert --to html` for each report, one after the other.
The facts of both are compared, number for number. The last line is the other's time over ours.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat

from perflib.reports.facts import collect
from perflib.reports.plan import shipped_notebooks
from perflib.reports.values import open_main, survey

NAME = "01_response_times"
WANTED = 8.0


def grid(reports: int) -> list[dict[str, str]]:
    """Districts crossed with the last whole months of the sample, as near to a square as ``reports`` allows."""
    known = survey(open_main(""))
    months = max(1, min(4, reports // len(known.choices["district"])))
    last = known.data.last
    names = [f"{last.year - (last.month - 1 - n < 1)}-{(last.month - 2 - n) % 12 + 1:02d}" for n in range(months)]
    found = [{"district": district, "period": month} for district in known.choices["district"] for month in names]
    return found[:reports]


def ours(asked: list[dict[str, str]], folder: Path, workers: int) -> dict[str, Any]:
    """One command over a plan; the facts by district and month."""
    runs = [{"notebook": NAME, "parameters": given} for given in asked]
    (folder / "plan.yml").write_text(json.dumps({"runs": runs}), encoding="utf-8")  # JSON is YAML
    call(sys.executable, "-m", "perflib", "report", folder / "plan.yml", "--workers", workers)
    status = json.loads((folder / "out" / "status.json").read_text(encoding="utf-8"))
    report_time(status, folder)
    return {
        label(run["parameters"]): json.loads((folder / "out" / run["name"] / "facts.json").read_text(encoding="utf-8"))
        for run in status["runs"]
    }


def theirs(asked: list[dict[str, str]], folder: Path, workers: int) -> dict[str, Any]:
    """papermill and nbconvert, one report after the other."""
    found = {}
    for given in asked:
        made = folder / f"{given['district']}-{given['period']}.ipynb"
        parameters = [word for name, value in given.items() for word in ("-r", name, value)]
        notebook = shipped_notebooks() / f"{NAME}.ipynb"
        call(
            sys.executable,
            "-m",
            "papermill",
            notebook,
            made,
            *parameters,
            "-r",
            "interactive",
            "",
            "-k",
            "python3",
            "--no-progress-bar",
        )
        call(sys.executable, "-m", "nbconvert", "--to", "html", "--log-level", "ERROR", made)
        found[label(given)] = collect(nbformat.read(made, as_version=4))
    return found


def label(given: dict[str, Any]) -> str:
    """What names a report."""
    return f"{given['district']} {given['period']}"


def call(*words: Any) -> None:
    """Run a program to its end; its words are shown only when it fails."""
    environment = {**os.environ, "PERFLIB_STATIC": "1", "JUPYTER_PREFER_ENV_PATH": "1", "PYTHONUTF8": "1"}
    done = subprocess.run([str(word) for word in words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")


def report_time(status: dict[str, Any], folder: Path) -> None:
    """Where our time goes: medians over the reports, in seconds."""
    timings = [
        json.loads((folder / "out" / run["name"] / "manifest.json").read_text(encoding="utf-8"))["timings"]
        for run in status["runs"]
    ]
    parts = ", ".join(f"{name} {statistics.median(item[name] for item in timings):.2f}" for name in timings[0])
    inside = sum(run["seconds"] for run in status["runs"]) / status["workers"]
    print(f"  per report: {parts}; server start, checks and index: {status['seconds'] - inside:.1f} s in all")


def differences(mine: Any, other: Any, path: str = "") -> Iterator[str]:
    """The facts that are not the same."""
    if isinstance(mine, dict) and isinstance(other, dict):
        for name in sorted({*mine, *other}):
            yield from differences(mine.get(name), other.get(name), f"{path}/{name}")
    elif mine != other and not (isinstance(mine, float) and isinstance(other, float) and math.isnan(mine - other)):
        yield f"{path}: {mine!r} against {other!r}"


def timed(run: Callable[..., dict[str, Any]], asked: list[dict[str, str]], workers: int) -> tuple[float, float, Any]:
    """Wall and processor seconds of a run in a fresh folder, and its facts."""
    with tempfile.TemporaryDirectory() as folder:
        used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        facts = run(asked, Path(folder), workers)
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime, facts


def main() -> int:
    """Run both, interleaved, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    asked, walls, same = grid(options.reports), {"ours": [], "theirs": []}, True
    for n in range(options.rounds):
        found = {}
        for name, run in (("ours", ours), ("theirs", theirs)):
            wall, used, found[name] = timed(run, asked, options.workers)
            walls[name].append(wall)
            print(f"round {n + 1}, {name}: {wall:.1f} s ({used:.1f} s of processor time)", flush=True)
        wrong = list(differences(found["ours"], found["theirs"]))
        same = same and not wrong
        print("\n".join(wrong[:10]) or f"  the facts of all {len(asked)} reports are identical")
    ratio = statistics.median(walls["theirs"]) / statistics.median(walls["ours"])
    print(f"ratio: {ratio:.2f}")
    return 0 if same and ratio >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
