"""Whoever knows the totals recovers no hidden count: tables, facts and charts of all notebooks, and twin departments.

Two departments that differ only in hidden counts, with the same totals, must give the same shared Result.
"""

from __future__ import annotations

import json
import math
import runpy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import perflib as pf
from perflib.metrics import arrests, counts, maps, stops
from perflib.metrics.indicators import measure
from perflib.privacy.people import HIDDEN, People
from perflib.privacy.suppression import hide, hide_lines
from perflib.reports.facts import changes
from perflib.result import Result

LIMITS = (5, 10)
FACTS = runpy.run_path(str(Path(__file__).with_name("test_facts.py")))


def at(about: People, limit: int) -> People:
    parts = tuple((frame, at(part, limit)) for frame, part in about.parts)
    return replace(about, threshold=limit, parts=parts, register=None)


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from numbers(each)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        yield float(value)


def counted(table: pd.DataFrame, about: People) -> dict[str, pd.Series]:
    pairs = {f"{whole} less {part}": table[whole] - table[part] for whole, part in about.rests}
    return {name: table[name] for name in about.counts} | pairs


def widths(values: np.ndarray, mask: np.ndarray, limit: int) -> np.ndarray:
    """How wide the interval of each hidden cell is for whoever knows shown cells, shown totals and the zero rule."""
    from scipy.optimize import linprog

    square = min(values.shape) > 1
    sums = [values.sum(axis=axis).reshape(-1, 1) for axis in (1, 0)]
    secret = [hide(each, limit).mask.ravel() if square else each.ravel() < 0 for each in sums]
    places, cells = np.argwhere(mask), values[mask]
    lines = [places[:, axis] == line for axis in (0, 1) for line in np.flatnonzero(~secret[axis])]
    lines = lines if square else []
    known = np.array([*lines, np.ones(len(places))], dtype=float)

    def ends(low: np.ndarray) -> np.ndarray:
        bounds = np.column_stack([low, np.full(len(low), np.inf)])
        goals = np.vstack([np.eye(len(low)), -np.eye(len(low))])
        found = [linprog(goal, A_eq=known, b_eq=known @ cells, bounds=bounds, method="highs").fun for goal in goals]
        return np.reshape(found, (2, -1)) * [[1], [-1]]

    forced = ends(np.zeros(len(cells)))[1] < 1e-6
    low = np.where(forced | (cells[~forced] < 1).any(), 0.0, 1.0)
    return np.diff(ends(low), axis=0)[0][~forced]


def narrowed(whole: pd.DataFrame, hidden: pd.DataFrame, about: People, limit: int) -> list[str]:
    """The counts of which a hidden cell can be narrowed to fewer than ``limit`` values."""
    labels, faults = list(about.labels), []
    others = [label for label in labels if label != about.across]
    for name, count in counted(whole, about).items():
        frame = pd.concat([whole.assign(n=count, few=0), hidden.assign(n=0, few=1)])
        frame = frame[labels].astype(str).assign(n=frame["n"].astype(float).fillna(0), few=frame["few"])
        sums = frame.groupby(labels)[["n", "few"]].sum()
        wide = [
            sums[each].unstack(about.across).fillna(0) if others and about.across else sums[[each]] for each in sums
        ]
        narrow = widths(wide[0].round().to_numpy(), wide[1].to_numpy() > 0, limit)
        if len(narrow) and narrow.min() < limit - 1 - 1e-6:
            faults.append(name)
    return faults


def faults(result: Result, limit: int) -> list[str]:
    """What the shared Result gives away of its hidden counts."""
    about = at(result.people, limit)
    shared = replace(result, people=about).shared()
    table = shared.table
    if shared.reason:
        return []
    found = [f"small {name}" for name, n in counted(table, about).items() if (n.gt(0) & n.lt(limit)).any()]
    hidden = table[table["note"] == HIDDEN] if "note" in table else table.iloc[:0]
    if hidden.empty:
        return [f"{result.name}, {limit}: {each}" for each in found]
    if not any("too small to be shown either" in caveat for caveat in shared.caveats):
        found += [f"{name} can be narrowed" for name in narrowed(result.table, hidden, about, limit)]
    order = table[list(about.labels)].apply(
        lambda column: column if pd.api.types.is_numeric_dtype(column) else column.astype(str)
    )
    if not order.sort_values(list(about.labels), kind="stable").index.equals(order.index):
        found.append("the order of the rows is not that of their labels")
    gone = result.table.merge(hidden[list(about.labels)], on=list(about.labels)).drop(columns=list(about.labels))
    secret = {number for number in numbers(gone.to_numpy().tolist()) if number % 1}
    secret |= {number for number in numbers(result.facts.get("dispersion", [])) if number > 1}
    seen = json.loads(json.dumps(shared.describe()))
    marks = {name: mark for name, mark in ((seen["chart"] or {}).get("marks") or {}).items() if name != "shapes"}
    public = sorted(set(numbers([seen["rows"], seen["facts"], marks])))
    shown = set(numbers(result.table.merge(table.loc[table["note"] != HIDDEN, list(about.labels)]).to_numpy().tolist()))
    found += [
        f"{number} of a hidden row"
        for number in secret - shown
        if any(math.isclose(number, each, rel_tol=1e-6) for each in public)
    ]
    return [f"{result.name}, {limit}: {each}" for each in found]


@pytest.fixture(scope="module")
def department(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(FACTS["small"](tmp_path_factory.mktemp("small")))


@pytest.mark.parametrize("notebook", FACTS["NOTEBOOKS"], ids=lambda path: path.stem)
def test_no_notebook_gives_a_hidden_count_away(notebook: Path, department: str) -> None:
    every = FACTS["results"](notebook, department).values()
    made = [each for each in every if isinstance(each, Result) and each.people is not None]
    assert not [line for limit in LIMITS for each in made for line in faults(each, limit)]


def town(cells: dict[tuple[str, int], int], limit: int) -> pf.Department:
    """Arrests by district and month of 2024, and calls that are alike everywhere."""
    rows = [
        (f"{district}{month}-{n}", district, pd.Timestamp(2024, month, 1 + n % 28, 12, tz="UTC"))
        for (district, month), number in cells.items()
        for n in range(number)
    ]
    frame = pd.DataFrame(rows, columns=["arrest_id", "district", "arrested_at"])
    days = pd.date_range("2024-01-01", "2024-12-31", tz="UTC") + pd.Timedelta(hours=12)
    calls = pd.DataFrame(
        [(f"{name}{n}", name, day) for name in "abcd" for n, day in enumerate(days)],
        columns=["call_id", "district", "received_at"],
    )
    return pf.from_frames(arrests=frame, calls=calls, privacy={"small_cells": limit})


MANY = {(district, month): 20 + 3 * month for district in "cd" for month in range(1, 13)}


def months(by: int) -> dict[tuple[str, int], int]:
    """Few arrests in March and August; ``by`` more of them in March and fewer in August."""
    empty = {(district, month): 0 for district in "cd" for month in (3, 8)}
    return {**MANY, **empty, ("a", 3): 1 + by, ("b", 3): 1, ("a", 8): 1, ("b", 8): 3 - by}


def districts(by: int) -> dict[tuple[str, int], int]:
    """Few arrests in districts a and b; ``by`` more of them in a."""
    return {**MANY, ("a", 8): 1 + by, ("b", 8): 3 - by}


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(
    ("ask", "arrested"),
    [
        (lambda dept: arrests.rates(dept, by="month"), months),
        (lambda dept: counts.trend(dept, table="arrests", every="month"), months),
        (lambda dept: measure(dept, "arrests", "month"), months),
        (arrests.rates, districts),
        (lambda dept: counts.compare(dept, "arrests", "district", "2024-08-01..2024-08-28", "previous"), districts),
        (lambda dept: measure(dept, "arrests", "district"), districts),
    ],
    ids=["rates by month", "trend", "indicator by month", "rates by district", "compare", "indicator by district"],
)
def test_departments_that_differ_in_hidden_counts_alone_look_the_same(ask: Any, arrested: Any, limit: int) -> None:
    one, other = (ask(town(arrested(by), limit)).shared().describe() for by in (0, 2))
    assert one["facts"].get("hidden")
    assert {key: value for key, value in one.items() if value != other[key]} == {}


def test_a_change_of_hidden_counts_is_not_among_what_moved() -> None:
    before, after = ({"outcomes": {"arrests": n, "hidden": 2}, "calls": {"n": n}} for n in (23, 27))
    assert [each["fact"] for each in changes(before, after)] == ["calls / n"]


def test_suppression_leaves_five_values_where_a_row_is_empty() -> None:
    table = np.array([[0, 4], [0, 0], [0, 1]], dtype=float)
    found = hide_lines(table, 5)
    assert not found.totals or widths(table, found.mask, 5).min() >= 4


def test_maps_and_stops_hide_nothing_themselves() -> None:
    for room in (maps, stops):
        for path in Path(room.__file__).parent.glob("*.py"):
            assert "privacy.suppression" not in path.read_text(encoding="utf-8")
