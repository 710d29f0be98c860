"""Attacks on suppressed tables: what whoever knows every total can compute of a hidden cell, by linear programming."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from perflib.metrics.stops.searches import _RESTS as RESTS
from perflib.metrics.stops.searches import COUNTED
from perflib.privacy.people import People, gate
from perflib.privacy.releases import Releases
from perflib.privacy.suppression import hide, hide_lines, hide_rows

LEAST = 5


def intervals(known: np.ndarray, sums: np.ndarray, low: float) -> np.ndarray:
    """Feasible (least, most) of every unknown x >= low with ``known @ x == sums``."""
    ends = []
    for place in range(known.shape[1]):
        goal = np.zeros(known.shape[1])
        goal[place] = 1
        pair = [linprog(sign * goal, A_eq=known, b_eq=sums, bounds=(low, None), method="highs") for sign in (1, -1)]
        assert all(each.status == 0 for each in pair)
        ends.append((pair[0].fun, -pair[1].fun))
    return np.array(ends)


def attack(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The intervals of the hidden cells of a two-way table, all row and column totals and the zero rule known."""
    places = np.argwhere(mask)
    known = np.vstack(
        [
            *(places[:, 0] == row for row in range(values.shape[0])),
            *(places[:, 1] == column for column in range(values.shape[1])),
        ]
    ).astype(float)
    held = np.where(mask, values, 0)
    low = 0.0 if (values[mask] < 1).any() else 1.0
    return intervals(known, np.concatenate([held.sum(axis=1), held.sum(axis=0)]), low)


def tables(seed: int, times: int, most: int = 6) -> list[np.ndarray]:
    draw = np.random.default_rng(seed)
    shapes = [draw.integers(2, most, size=2) for _ in range(times)]
    return [draw.poisson(draw.choice([1, 4, 12, 40]) * draw.gamma(1, 1, size=shape)).astype(float) for shape in shapes]


def protected(ends: np.ndarray) -> bool:
    """What is asked: an interval of at least LEAST - 1, LEAST values."""
    return bool((ends[:, 1] - ends[:, 0] >= LEAST - 1 - 1e-6).all())


@pytest.mark.parametrize("seed", range(4))
def test_no_hidden_cell_can_be_narrowed_by_the_totals(seed: int) -> None:
    attacked = 0
    for values in tables(seed, 12):
        found = hide(values, LEAST)
        assert not ((values > 0) & (values < LEAST) & ~found.mask).any()
        if found.mask.any() and found.totals:
            assert protected(attack(values, found.mask))
            attacked += 1
    assert attacked >= 3


def test_the_attack_finds_what_a_naive_rule_leaves_open() -> None:
    """Hiding the small counts alone gives every single one away, and a second cell in the line is not enough."""
    values = np.array([[3.0, 40, 30], [20, 2, 25], [11, 12, 13]])
    assert not protected(attack(values, (values > 0) & (values < LEAST)))
    two = np.array([[1.0, 4, 30], [1, 4, 25], [11, 12, 13]])
    assert not protected(attack(two, two < LEAST))
    assert protected(attack(two, hide(two, LEAST).mask))


@pytest.mark.parametrize(
    "values",
    [
        [[1, 1], [1, 1]],
        [[3, 50], [60, 70]],
        [[4, 4], [4, 4]],
        [[1, 100], [100, 1]],
        [[2, 0], [0, 90]],
        [[1, 9], [0, 0]],
        [[4, 5], [5, 6]],
        [[1, 2], [3, 100]],
    ],
)
def test_two_by_two(values: list[list[int]]) -> None:
    table = np.array(values, float)
    found = hide(table, LEAST)
    assert not ((table > 0) & (table < LEAST) & ~found.mask).any()
    if found.totals:
        assert protected(attack(table, found.mask))
    else:  # then even the table hidden whole would tell: nothing of it is shown
        assert found.mask.all() and not protected(attack(table, found.mask))


@pytest.mark.parametrize("seed", range(3))
def test_small_row_and_column_totals_are_hidden_with_their_lines(seed: int) -> None:
    """The attacker knows the totals of the lines that are shown and the grand total, and all shown cells."""
    attacked = 0
    for values in tables(seed + 50, 12):
        found = hide_lines(values, LEAST)
        assert not ((values > 0) & (values < LEAST) & ~found.mask).any()
        if not (found.mask.any() and found.totals):
            continue
        lines = [(axis, line) for axis in (0, 1) for line in range(values.shape[axis]) if not whole(values, axis)[line]]
        places = np.argwhere(found.mask)
        held = np.where(found.mask, values, 0)
        known = [places[:, axis] == line for axis, line in lines] + [np.ones(len(places))]
        sums = [held.sum(axis=1 - axis)[line] for axis, line in lines] + [held.sum()]
        low = 0.0 if (values[found.mask] < 1).any() else 1.0
        assert protected(intervals(np.array(known, float), np.array(sums), low))
        attacked += 1
    assert attacked >= 2


def whole(values: np.ndarray, axis: int) -> np.ndarray:
    return hide(values.sum(axis=1 - axis).reshape(-1, 1), LEAST).mask.ravel()


@pytest.mark.parametrize("seed", range(5))
def test_lists_with_their_totals(seed: int) -> None:
    draw = np.random.default_rng(seed)
    for _ in range(10):
        values = draw.poisson(draw.gamma(1, 8, size=(draw.integers(2, 12), 2))).astype(float)
        found = hide_rows(values, LEAST)
        for column in values.T:
            assert not ((column > 0) & (column < LEAST) & ~found.mask).any()
            if found.mask.any() and found.totals:
                held = column[found.mask]
                ends = intervals(np.ones((1, len(held))), np.array([held.sum()]), 0.0 if (held < 1).any() else 1.0)
                assert protected(ends)


def test_a_total_and_its_parts_in_two_results_of_a_page() -> None:
    """The whole is in one Result, the parts in another: the parts are hidden as if the whole stood below them."""
    parts = pd.DataFrame({"district": list("abcd"), "arrests": [3, 41, 7, 55]})
    found = gate(parts, {}, People("arrests", LEAST, ("district",), ("arrests",)))
    left = parts["arrests"].sum() - found.table["arrests"].sum()
    count = int(found.table["arrests"].isna().sum())
    assert protected(intervals(np.ones((1, count)), np.array([left]), 1.0))


JANUARY, FEBRUARY, BOTH = (0, 31), (31, 59), (0, 59)


def known_of(
    found: dict[str, int | None],
    counts: dict[str, int],
    cells: list[str],
    span: tuple[int, int],
    places: dict[tuple[str, int], int],
    wide: int,
) -> tuple[list[np.ndarray], list[float]]:
    """The equations of one report over the counts of each cell in January and February: shown cells and the total."""
    months = [month for month, (first, last) in enumerate((JANUARY, FEBRUARY)) if span[0] <= first and last <= span[1]]
    lines, sums = [], []
    for cells_of in [*([cell] for cell in cells if found[cell] is not None), cells]:
        line = np.zeros(wide)
        for cell in cells_of:
            line[[places[cell, month] for month in months]] = 1
        lines.append(line)
        sums.append(float(sum(counts[cell] for cell in cells_of)))
    return lines, sums


def successive(draw: np.random.Generator, reports: list[tuple[int, int]], plain: bool) -> tuple[float, int]:
    """The narrowest interval of a hidden count after several reports, and how many were hidden."""
    cells = [f"c{n}" for n in range(draw.integers(3, 7))]
    months = {cell: draw.poisson(draw.gamma(1.2, 9, size=2)) for cell in cells}
    places = {(cell, month): n for n, (cell, month) in enumerate((cell, month) for cell in cells for month in (0, 1))}
    releases, lines, sums, hidden = Releases(), [], [], []
    for span in reports:
        parts = [
            month for month, (first, last) in enumerate((JANUARY, FEBRUARY)) if span[0] <= first and last <= span[1]
        ]
        counts = {cell: int(months[cell][parts].sum()) for cell in cells}
        found = (Releases() if plain else releases).release(counts, span, LEAST)
        if all(value is None for value in found.values()):
            continue  # then the total is not shown either
        more = known_of(found, counts, cells, span, places, 2 * len(cells))
        lines, sums = lines + more[0], sums + more[1]
        hidden += [(cell, parts) for cell in cells if found[cell] is None and counts[cell]]
    if not hidden:
        return np.inf, 0
    known, total = np.array(lines), np.array(sums)
    narrowest = np.inf
    for cell, parts in hidden:
        goal = np.zeros(known.shape[1])
        goal[[places[cell, month] for month in parts]] = 1
        low, high = (
            linprog(sign * goal, A_eq=known, b_eq=total, bounds=(0, None), method="highs").fun for sign in (1, -1)
        )
        narrowest = min(narrowest, -high - low)
    return narrowest, len(hidden)


@pytest.mark.parametrize(
    "reports",
    [[JANUARY, FEBRUARY, BOTH], [JANUARY, BOTH], [BOTH, JANUARY], [JANUARY, BOTH, FEBRUARY]],
    ids=["months then year", "month then year", "year then month", "month, year, month"],
)
def test_successive_reports_do_not_give_a_hidden_count_away(reports: list[tuple[int, int]]) -> None:
    """The attacker knows all totals and shown cells of all reports; what is asked holds as in a single table."""
    draw = np.random.default_rng(7)
    found = [successive(draw, reports, plain=False) for _ in range(25)]
    assert sum(count for _, count in found) > 10
    assert min(narrowest for narrowest, _ in found) >= LEAST - 1 - 1e-6


def test_plain_suppression_is_broken_by_successive_reports() -> None:
    """Why releases are remembered: report by report, subtraction gives hidden counts away."""
    draw = np.random.default_rng(7)
    assert min(successive(draw, [JANUARY, FEBRUARY, BOTH], plain=True)[0] for _ in range(25)) < 1e-6


def test_a_year_to_date_that_grew_by_few_is_not_shown() -> None:
    releases = Releases()
    assert releases.release({"a": 12, "b": 40, "c": 50}, JANUARY) == {"a": 12, "b": 40, "c": 50}
    second = releases.release({"a": 14, "b": 60, "c": 80}, BOTH)
    assert second["a"] is None and sum(value is None for value in second.values()) == 2
    assert releases.release({"a": 30, "b": 90, "c": 99}, (0, 90))["a"] == 30


def test_the_same_period_restated_keeps_what_was_hidden_and_shows_no_small_change() -> None:
    releases = Releases()
    first = releases.release({"a": 3, "b": 7, "c": 50, "d": 60}, JANUARY)
    assert [cell for cell, value in first.items() if value is None] == ["a", "b"]
    again = releases.release({"a": 6, "b": 7, "c": 52, "d": 70}, JANUARY)
    assert again["a"] is None and again["b"] is None and again["c"] is None and again["d"] == 70


def test_the_same_report_made_twice_is_the_same() -> None:
    draw = np.random.default_rng(3)
    for _ in range(20):
        counts = {f"c{n}": int(each) for n, each in enumerate(draw.poisson(draw.gamma(1, 9, size=6)))}
        releases = Releases()
        assert releases.release(counts, JANUARY) == releases.release(counts, JANUARY)


def stops_of(draw: np.random.Generator) -> pd.DataFrame:
    """Stops, searches and finds by district and race; some cells, and now and then a race's finds, are small."""
    rows = []
    for place in "abcdef":
        for group, size in {"Asian": 25, "Black": 90, "Hispanic": 45, "White": 160}.items():
            count = 1 + int(draw.poisson(size * draw.gamma(4, 0.25)))
            searches = int(draw.binomial(count, 0.35))
            rows.append((place, group, count, searches, int(draw.binomial(searches, 0.3))))
    table = pd.DataFrame(rows, columns=["place", "group", *COUNTED])
    return table.assign(search_rate=table["searches"] / table["stops"], hit_rate=table["hits"] / table["stops"])


def square(table: pd.DataFrame, count: str) -> np.ndarray:
    return table.pivot(index="place", columns="group", values=count).to_numpy(float)


def ends_of(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The intervals of the hidden small cells, for whoever knows all totals but the small ones and their cover."""
    places, held = np.argwhere(mask), np.where(mask, values, 0)
    lines = [(axis, line) for axis in (0, 1) for line in range(values.shape[axis]) if not whole(values, axis)[line]]
    known = [places[:, axis] == line for axis, line in lines] + [np.ones(len(places))]
    sums = [held.sum(axis=1 - axis)[line] for axis, line in lines] + [held.sum()]
    low = 0.0 if (values[mask] < 1).any() else 1.0
    small = (values > 0) & (values < LEAST)
    return intervals(np.array(known, float), np.array(sums), low)[small[mask]]


def test_stops_by_race_and_district_withstand_the_attack() -> None:
    """The table of the threshold test, 20 times: no small count of stops, searches or finds can be narrowed."""
    attacked = kept = 0
    for seed in range(20):
        table = stops_of(np.random.default_rng(seed))
        about = People("stops", LEAST, ("place", "group"), COUNTED, "group", RESTS, ("search_rate", "hit_rate"))
        left = gate(table, {}, about)
        found = left.table if left else table
        for count in COUNTED:
            few = (table[count] > 0) & (table[count] < LEAST)
            assert found.loc[few, [*COUNTED, "search_rate", "hit_rate"]].isna().all(axis=None)
            mask = np.isnan(square(found, count))
            if few.any() and not mask.all():
                assert protected(ends_of(square(table, count), mask))
                attacked, kept = attacked + int(few.sum()), kept + int((~mask).sum())
    assert attacked >= 40 and kept >= 100


def test_the_attack_breaks_the_same_table_with_small_cells_alone_hidden() -> None:
    broken = 0
    for seed in range(20):
        values = square(stops_of(np.random.default_rng(seed)), "hits")
        mask = (values > 0) & (values < LEAST)
        broken += bool(mask.any()) and not protected(ends_of(values, mask))
    assert broken >= 5
