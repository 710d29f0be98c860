"""Tests of counts against published and independently computed numbers, and their properties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perflib.errors import InputError
from perflib.models import counts as room
from perflib.models.counts import adjusted, e_test, e_test_p, scan, wdd, wdd_harm

TREATED, CONTROL, NEAR, NEAR_CONTROL = (207, 110), (308, 318), (178, 157), (150, 140)


@pytest.mark.parametrize(
    ("a", "b", "exposure", "d", "p", "off"),
    [
        (0, 3, (1, 1), 0, 0.08837900945483519, 1e-12),
        (6, 2, (1, 1), 0, 0.1748748, 5e-8),
        (10, 5, (1, 1), 0, 0.2061644140757639, 1e-12),
        (6, 3, (2, 1), 0, 0.9998765901959134, 1e-12),
        (15, 5, (1, 1), 5, 0.2018456684107425, 1e-12),
        (1, 0, (1, 1), 0, 0.486, 5e-4),
    ],
)
def test_e_test_published(a, b, exposure, d, p, off):
    """Krishnamoorthy and Thomson 2004 and the R package ptools; murder 1 against 0 computed independently."""
    assert e_test(a, b, exposure, d).facts["p_value"] == pytest.approx(p, abs=off)


@pytest.mark.parametrize("pair", [(0, 4), (7, 19), (35, 50), (120, 90), (2, 2), (1, 60)])
def test_e_test_of_equal_periods_agrees_with_scipy(pair):
    """With equal exposures the pooled variance and scipy's unpooled one are the same."""
    from scipy.stats import poisson_means_test

    assert e_test_p(*pair) == pytest.approx(poisson_means_test(pair[0], 1, pair[1], 1).pvalue, abs=1e-9)


def test_e_test_by_the_papers_formula_when_a_difference_is_tested():
    """scipy.stats.poisson_means_test(15, 1, 5, 1, diff=5)."""
    assert e_test(15, 5, d=5).facts["p_value_paper"] == pytest.approx(0.2726782502127343, abs=1e-12)


def test_e_test_of_nothing_and_of_bad_counts():
    assert e_test(0, 0).facts["p_value"] == 1
    for bad in (-1, 1.5, float("nan"), float("inf"), "many"):
        with pytest.raises(InputError, match="a:"):
            e_test(bad, 1)
    for bad in ((0, 1), (1, -1), (1,), 1, (1, float("nan"))):
        with pytest.raises(InputError, match="exposure"):
            e_test(1, 1, bad)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=20))
@settings(max_examples=40)
def test_e_test_of_many_is_that_of_each_in_any_order_and_symmetric(pairs):
    a, b = np.array(pairs).T
    found = e_test_p(a, b)
    assert found == pytest.approx([e_test_p(x, y) for x, y in pairs], abs=1e-12)
    assert found[::-1] == pytest.approx(e_test_p(a[::-1], b[::-1]), abs=1e-12)
    assert found == pytest.approx(e_test_p(b, a), abs=1e-9)
    assert ((found >= 0) & (found <= 1)).all()


@given(st.integers(0, 60), st.integers(1, 60), st.integers(1, 5))
@settings(max_examples=60)
def test_e_test_falls_as_the_difference_grows(low, gap, more):
    assert e_test_p(low + gap + more, low) <= e_test_p(low + gap, low) + 1e-9


def test_e_test_size_and_power_by_enumeration():
    """At equal means of 10 the test rejects at most 5 % of pairs; the percentage rule of 25 % rejects most of them."""
    from scipy.stats import poisson

    grid = np.arange(60)
    x, y = (part.ravel() for part in np.meshgrid(grid, grid))
    p = e_test_p(x, y)
    chance = poisson.pmf(x, 10) * poisson.pmf(y, 10)
    assert 0.04 < chance[p <= 0.05].sum() <= 0.05
    assert chance[np.abs(x - y) >= 0.25 * y].sum() > 0.5
    double = poisson.pmf(x, 20) * poisson.pmf(y, 10)
    assert double[p <= 0.05].sum() == pytest.approx(0.46, abs=0.03)


def test_wdd_published():
    """Wheeler and Ratcliffe 2018, Crime Science 7: the worked example."""
    facts = wdd(TREATED, CONTROL, NEAR, NEAR_CONTROL).facts
    assert (facts["local"], facts["displacement"], facts["estimate"], facts["variance"]) == (-107, -11, -118, 1568)
    assert facts["z"] == pytest.approx(-2.97995, abs=5e-6)
    assert (round(facts["low"]), round(facts["high"])) == (-196, -40)
    weighted = wdd(TREATED, CONTROL, NEAR, NEAR_CONTROL, area_weights=(1.2, 0.9, 1.5, 1.6)).facts
    assert weighted["estimate"] == pytest.approx(-99.69444444, abs=5e-9)
    assert weighted["se"] == pytest.approx(35.4280755, abs=5e-8)
    assert weighted["z"] == pytest.approx(-2.813995483, abs=5e-10)


def test_wdd_without_displacement_and_with_time_weights():
    facts = wdd((20, 10), (20, 20), level=0.90).facts
    assert facts["estimate"] == -10 and facts["displacement"] == 0
    assert facts["se"] == pytest.approx(8.366600, abs=5e-7)
    assert facts["z"] == pytest.approx(-1.195229, abs=5e-7)
    assert (facts["low"], facts["high"]) == (pytest.approx(-23.761833, abs=5e-7), pytest.approx(3.761833, abs=5e-7))
    timed = wdd((80, 20), (100, 50), time_weights=(2, 1)).facts
    assert timed["estimate"] == -20 and timed["se"] == pytest.approx(np.sqrt(115))


def test_wdd_harm_is_the_weighted_sum():
    one, two = wdd(TREATED, CONTROL, NEAR, NEAR_CONTROL), wdd((20, 10), (20, 20))
    facts = wdd_harm([one, two], [2, 5], level=0.9).facts
    assert facts["estimate"] == 2 * -118 + 5 * -10
    assert facts["variance"] == 4 * 1568 + 25 * 70
    assert facts["high"] - facts["estimate"] == pytest.approx(1.6448536269514722 * np.sqrt(8022))
    with pytest.raises(InputError, match="weights"):
        wdd_harm([one, two], [1])
    with pytest.raises(InputError, match="results"):
        wdd_harm([scan(208, 2, 0.6, 6)], [1])


def test_wdd_refuses_half_a_displacement_and_counts_that_are_none():
    with pytest.raises(InputError, match="control_displacement"):
        wdd(TREATED, CONTROL, NEAR)
    with pytest.raises(InputError, match="treated: holds the negative count"):
        wdd((5, -1), CONTROL)
    with pytest.raises(InputError, match="control: is not a pair"):
        wdd((5, 1), (1, 2, 3))
    with pytest.raises(InputError, match="area_weights"):
        wdd(TREATED, CONTROL, area_weights=(1, 0))
    assert wdd((0, 0), (0, 0)).facts["z"] is None


def test_scan_published():
    """Aberdein and Spiegelhalter 2013, Significance 10; R: ptools::scanw(208, 2, 0.6, 6)."""
    assert scan(208, 2, 0.6, 6).facts["p_value"] == pytest.approx(0.03902237548862886, abs=1e-15)
    with pytest.raises(InputError, match="n:"):
        scan(208, 2, 0.6, 2)


def test_scan_agrees_with_simulation():
    """Mean 1 in a window, 10 windows: the share of 40,000 series with 6 or more events in some window."""
    rng = np.random.default_rng(11)
    hits = 0
    for size in rng.poisson(10, 40_000):
        at = np.sort(rng.random(size) * 10)
        hits += size >= 6 and (at[5:] - at[:-5]).min() <= 1
    facts = scan(10, 2, 1.0, 6).facts
    assert facts["p_value_all_terms"] == pytest.approx(hits / 40_000, abs=3.5 * np.sqrt(0.025 / 40_000))
    assert facts["p_value"] == pytest.approx(facts["p_value_all_terms"], rel=1e-3)


def test_adjusted_worked_example():
    """Benjamini and Hochberg 1995, section 3.2: four of fifteen are rejected at q = 0.05 (three by Bonferroni)."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    found = adjusted(p)
    assert (found <= 0.05).tolist() == [True] * 4 + [False] * 11
    assert found[0] == pytest.approx(0.0015)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.randoms())
def test_adjusted_p_values_keep_order_and_do_not_depend_on_it(values, shuffle):
    p = np.array(values)
    found = adjusted(p)
    assert (np.diff(found[np.argsort(p)]) >= 0).all() and (found >= p).all()
    places = list(range(len(p)))
    shuffle.shuffle(places)
    assert adjusted(p[places]) == pytest.approx(found[places])


def test_a_missing_p_is_no_test():
    assert adjusted([0.01, float("nan"), 0.04]) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    with pytest.raises(InputError, match="between 0 and 1"):
        adjusted([1.2])


def test_every_name_of_the_room_exists():
    assert all(hasattr(room, name) for name in room.__all__)


def test_inputs_are_not_changed():
    a, b = np.array([5.0, 6.0]), pd.Series([1, 2])
    e_test_p(a, b)
    adjusted(a / 10)
    assert list(a) == [5, 6] and list(b) == [1, 2]
