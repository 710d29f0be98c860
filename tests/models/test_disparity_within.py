"""Differences within places and bounds averaged over them: worked by hand, published, and covered as often as said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.models import disparity
from perflib.rates import newcombe

PAIR = {"focus": "x", "reference": "y", "of": "n", "count": "k"}


def rows(*cells: tuple[str, str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(cells, columns=["place", "group", "n", "k"])


TWO = rows(("p", "x", 50, 20), ("p", "y", 150, 30), ("q", "x", 100, 30), ("q", "y", 100, 25))


def test_one_place_is_newcombes_interval() -> None:
    """Newcombe 1998, table II (a), method 10: 56/70 less 48/80 is .2, with the interval .0524 to .3339."""
    found = disparity.within_places(rows(("p", "x", 70, 56), ("p", "y", 80, 48)), **PAIR)
    assert [found.value, found.low, found.high] == pytest.approx([0.2, 0.0524, 0.3339], abs=1e-4)


def test_differences_within_places_by_hand() -> None:
    """p: .4 - .2 = .2 at 50 x 150 / 200 = 37.5; q: .3 - .25 = .05 at 100 x 100 / 200 = 50; or at 200 and 200 stops."""
    overlap = disparity.within_places(TWO, **PAIR)
    assert overlap.value == pytest.approx((37.5 * 0.2 + 50 * 0.05) / 87.5)
    assert disparity.within_places(TWO, **PAIR, weights="all").value == pytest.approx((0.2 + 0.05) / 2)
    assert disparity.pooled(TWO, **PAIR).value == pytest.approx(50 / 150 - 55 / 250)
    assert (overlap.places, overlap.group, overlap.reference) == (2, 150, 250)


def test_places_without_one_of_the_groups_are_left_out_and_order_does_not_matter() -> None:
    more = pd.concat([TWO, rows(("r", "x", 40, 40), ("s", "y", 0, 0), ("s", "x", 9, 1))])
    found = disparity.within_places(more.sample(frac=1, random_state=0), **PAIR)
    assert found.facts() == pytest.approx(disparity.within_places(TWO, **PAIR).facts())
    apart = disparity.within_places(rows(("p", "x", 5, 1), ("q", "y", 5, 1)), **PAIR)
    assert apart.places == 0 and np.isnan(apart.value)
    with pytest.raises(InputError, match="x, y"):
        disparity.within_places(TWO, **{**PAIR, "focus": "z"})
    with pytest.raises(InputError, match="itself"):
        disparity.within_places(TWO, **{**PAIR, "focus": "y"})
    with pytest.raises(InputError, match="overlap"):
        disparity.within_places(TWO, **PAIR, weights="none")


@pytest.mark.parametrize("sizes", [(12, 100), (60, 200)])
def test_the_interval_covers(sizes: tuple[int, int]) -> None:
    """Six places of differing rates, 2,000 times: at least 93.5 % of the 95 % intervals hold the truth."""
    rng = np.random.default_rng(0)
    n = np.repeat(sizes, 6).astype(float)
    share = np.append(np.linspace(0.15, 0.5, 6), np.linspace(0.1, 0.45, 6))
    c = np.append(np.full(6, 1 / 6), np.full(6, -1 / 6))
    ends = np.array([newcombe(c, rng.binomial(n.astype(int), share), n) for _ in range(2000)])
    held = (ends[:, 1] <= c @ share) & (c @ share <= ends[:, 2])
    assert 0.935 <= held.mean() <= 0.985


@pytest.mark.parametrize(
    ("hits", "undue", "expected"),
    [
        (20, 0.0, (0.2, 0.2, 0.2, 0.2)),  # nothing undue: all are equal
        (20, 0.2, (0.2, 0.24, 0.21, 0.21 + 0.25 * 0.4 * 0.75)),
        (45, 0.2, (0.7, 0.74, 0.71, 0.71 + 0.25 * (0.9 - 0.5) * 0.75)),  # at least half of the undue had the outcome
        (50, 0.3, (0.8, 0.86, 0.815, 0.815)),  # all of the undue had it
    ],
)
def test_bounds_in_one_place_by_hand(hits: int, undue: float, expected: tuple[float, ...]) -> None:
    """Knox, Lowe and Mummolo 2020, propositions 1 and 2, with 50 and 150 stops and an outcome in .2 of the reference's.

    Own: observed + undue x .2; lowest: observed + undue x .2 x .25; highest: lowest + undue / (1 - undue) x (rate -
    least rate among the undue) x .75.
    """
    found = disparity.bounds_within(rows(("p", "x", 50, hits), ("p", "y", 150, 30)), **PAIR, undue=undue)
    assert [found.observed[0], found.own[0], found.lower[0], found.upper[0]] == pytest.approx(expected)


def test_bounds_over_two_places_by_hand() -> None:
    """With 20 % undue, each place weighs half (200 stops each); the group's own stops weigh 50 and 100.

    p: among the group's .4 - .8 x .2 = .24; lowest .2 + .2 x .2 x .25 = .21; highest .21 + .25 x .4 x .75 = .285.
    q: among the group's .3 - .8 x .25 = .1; lowest .05 + .2 x .25 x .5 = .075; highest .075 + .25 x .3 x .5 = .1125.
    """
    found = disparity.bounds_within(TWO, **PAIR, undue=0.2)
    assert found.observed[0] == pytest.approx(0.125)
    assert found.own[0] == pytest.approx((50 * 0.24 + 100 * 0.1) / 150)
    assert found.lower[0] == pytest.approx((0.21 + 0.075) / 2)
    assert found.upper[0] == pytest.approx((0.285 + 0.1125) / 2)
    for value, low, high in (found.observed, found.own, found.lower, found.upper):
        assert low < value < high
    with pytest.raises(InputError, match="below 1"):
        disparity.bounds_within(TWO, **PAIR, undue=1.0)
    with pytest.raises(InputError, match="no place"):
        disparity.bounds_within(rows(("p", "x", 5, 1), ("q", "y", 5, 1)), **PAIR, undue=0.1)


def test_ratios_by_place_by_hand() -> None:
    """(60/20) / (100/50) = 1.5; its logarithm has the variance 1/60 + 1/20 + 1/100 + 1/50 = .096667."""
    frame = pd.DataFrame(
        {"place": ["p", "p", "q", "q"], "group": ["x", "y"] * 2, "stops": [60, 100, 5, 0], "baseline": [20, 50, 5, 5]}
    )
    table = disparity.ratios_by_place(frame, reference="y").set_index(["place", "group"])
    reach = np.exp(1.959964 * np.sqrt(0.096667))
    assert table.loc[("p", "x"), ["ratio", "low", "high"]].tolist() == pytest.approx(
        [1.5, 1.5 / reach, 1.5 * reach], rel=1e-4
    )
    assert table.loc[[("p", "y"), ("q", "x"), ("q", "y")], "ratio"].isna().all()
    swapped = disparity.ratios_by_place(frame, reference="x").set_index(["place", "group"])
    assert swapped.at[("p", "y"), "ratio"] == pytest.approx(1 / 1.5)


def test_a_reversal_is_said_only_when_it_is_clear() -> None:
    """Pooled y finds less (26/110 against 51/110); within places more, clearly so only with 100 times the searches."""
    few = pd.DataFrame(
        {"place": ["p", "p", "q", "q"], "group": ["x", "y"] * 2, "searches": [100, 10, 10, 100], "hits": [50, 6, 1, 20]}
    )
    many = few.assign(searches=few["searches"] * 100, hits=few["hits"] * 100)
    clear = [disparity.outcome_test(each).facts["clearly_reversed"] for each in (few, many)]
    assert clear == [[], [["x", "y"]]]
