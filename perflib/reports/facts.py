"""What a notebook found: the Results among the outputs of its executed cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perflib.errors import InputError

# The same text as perflib.result.MIME, which would load pandas into the runner.
MIME = "application/vnd.perflib.result+json"


def numbered(notebook: Any) -> Iterator[tuple[int, Any]]:
    """(number, cell) of the code cells, counted as in the notebook that was run: without the injected one."""
    own = [cell for cell in notebook.cells if cell.cell_type == "code" and not _injected(cell)]
    yield from enumerate(own, start=1)


def results(notebook: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number of the code cell, described Result) for every Result shown in an executed notebook, in order."""
    for number, cell in numbered(notebook):
        for output in cell.outputs:
            found = output.get("data", {}).get(MIME)
            if found is not None:
                yield number, found


def collect(notebook: Any) -> dict[str, dict[str, Any]]:
    """``{result name: facts}``, the content of ``facts.json``.

    Raises
    ------
    InputError : two cells show a Result of one name, so that one would hide the other.
    """
    seen: dict[str, int] = {}
    facts: dict[str, dict[str, Any]] = {}
    for number, result in results(notebook):
        name = result["name"]
        if name in seen:
            raise InputError(
                f"two Results are named {name!r} (code cells {seen[name]} and {number})",
                do="show each Result once, or give one another name",
            )
        seen[name], facts[name] = number, result["facts"]
    return facts


def _injected(cell: Any) -> bool:
    return "injected-parameters" in cell.metadata.get("tags", [])
