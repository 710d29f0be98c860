"""What moved between two runs of one report: the headline facts that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST = 40


def moved(before: Any, after: Any) -> list[dict[str, Any]]:
    """``{"fact", "before", "after"}`` of the facts that differ, the largest relative changes first, at most 40.

    Nothing has moved where there is no earlier run; facts that only one of the runs has are not compared.
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    changed = [
        {"fact": name, "before": old[name], "after": new[name]}
        for name in new
        if name in old and old[name] != new[name]
    ]
    return sorted(changed, key=lambda item: -_size(item["before"], item["after"]))[:MOST]


def _leaves(facts: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(facts, Mapping):
        for name, value in facts.items():
            yield from _leaves(value, f"{path} / {name}" if path else str(name))
    elif not isinstance(facts, list):
        yield path, facts


def _size(before: Any, after: Any) -> float:
    if not all(isinstance(value, (int, float)) for value in (before, after)):
        return float("inf")
    return abs(after - before) / (abs(before) or 1.0)
