"""What a notebook says: the Results among the outputs of its executed cells, and what changed since its last run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from perflib.errors import InputError

# The same text as perflib.result.MIME, which would load pandas into the runner.
MIME = "application/vnd.perflib.result+json"
MOST_CHANGES = 40


def numbered(notebook: Any) -> Iterator[tuple[int, Any]]:
    """(number, cell) of the code cells, counted as in the notebook that was run: without the injected one."""
    own = (cell for cell in notebook.cells if cell.cell_type == "code")
    yield from enumerate((cell for cell in own if "injected-parameters" not in cell.metadata.get("tags", [])), start=1)


def collect(notebook: Any) -> dict[str, dict[str, Any]]:
    """``{result name: facts}`` of every Result shown in an executed notebook, the content of ``facts.json``.

    Raises
    ------
    InputError : two cells show a Result of one name, so that one would hide the other.
    """
    cells: dict[str, int] = {}
    facts: dict[str, dict[str, Any]] = {}
    for number, cell in numbered(notebook):
        for result in (output.get("data", {}).get(MIME) for output in cell.outputs):
            if result is None:
                continue
            name = result["name"]
            if name in cells:
                raise InputError(
                    f"two Results are named {name!r} (code cells {cells[name]} and {number})",
                    do="show each Result once, or give one another name",
                )
            cells[name], facts[name] = number, result["facts"]
    return facts


def changes(before: Any, after: Any) -> list[dict[str, Any]]:
    """``{"fact", "before", "after"}`` of the facts that differ, the largest relative changes first, at most 40.

    Nothing has changed where there is no earlier run; facts that only one of the runs has are not compared. Neither are
    those of a Result in which counts of people are hidden in one of the runs: two counts side by side tell the change.
    """
    runs = [run if isinstance(run, Mapping) else {} for run in (before, after)]
    small = {name for run in runs for name, facts in run.items() if isinstance(facts, Mapping) and facts.get("hidden")}
    old, new = (dict(_leaves({name: run[name] for name in run if name not in small})) for run in runs)
    different = [name for name in new if name in old and old[name] != new[name]]
    different.sort(key=lambda name: -_relative(old[name], new[name]))
    return [{"fact": name, "before": old[name], "after": new[name]} for name in different[:MOST_CHANGES]]


def _leaves(facts: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(facts, Mapping):
        for name, value in facts.items():
            yield from _leaves(value, f"{path} / {name}" if path else str(name))
    elif not isinstance(facts, list):
        yield path, facts


def _relative(before: Any, after: Any) -> float:
    if not all(isinstance(value, (int, float)) for value in (before, after)):
        return float("inf")
    return abs(after - before) / (abs(before) or 1.0)
