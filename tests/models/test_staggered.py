"""Staggered starts: the published estimates, a case by hand, a planted effect, coverage, and no credit for chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.models.staggered import effect

NAMED = {"unit": "officer", "period": "month", "first": "start", "outcome": "count"}


def long(counts: np.ndarray, start: np.ndarray) -> pd.DataFrame:
    """Officers x months of counts as a long frame; ``start`` is the month, from 1, or NaN."""
    officers, months = counts.shape
    return pd.DataFrame(
        {
            "officer": np.repeat(np.arange(officers), months),
            "month": np.tile(np.arange(1, months + 1), officers),
            "start": np.repeat(start, months),
            "count": counts.ravel(),
        }
    )


def drawn(rng: np.random.Generator, officers: int = 240, months: int = 18, multiple: float = 1.0) -> pd.DataFrame:
    """Poisson counts of officers who differ; starts at random in 4 months, one in five never."""
    rate = rng.gamma(2.0, 0.25, officers)[:, None] * (1 + 0.3 * np.sin(np.arange(months)))
    start = rng.permutation(np.resize([7.0, 9.0, 11.0, 13.0, np.nan], officers))
    after = np.arange(1, months + 1) >= np.nan_to_num(start, nan=10**6)[:, None]
    return long(rng.poisson(rate * np.where(after, multiple, 1.0)).astype(float), start)


def by_hand() -> pd.DataFrame:
    """Two months. Those who start in month 2 change by 4, 1, 1 (mean 2); the others by 1, 0, 2, 1 (mean 1)."""
    counts = np.array([[1, 5], [2, 3], [0, 1], [3, 4], [2, 2], [0, 2], [5, 6]], dtype=float)
    few = long(counts, np.array([2, 2, 2, np.nan, np.nan, np.nan, np.nan]))
    return pd.concat([few.assign(officer=few["officer"] + 7 * copy) for copy in range(5)], ignore_index=True)


def test_two_groups_and_two_months_by_hand() -> None:
    """Differences 2 - 1 = 1. Five copies of each officer: variances (of the changes) 6 x 5 / 14 and 2 x 5 / 19."""
    result = effect(by_hand(), method="callaway_santanna", **NAMED)
    assert result.facts["simple"]["estimate"] == pytest.approx(1.0, abs=1e-12)
    error = np.sqrt(6 * 5 / 14 / 15 + 2 * 5 / 19 / 20)
    assert result.facts["simple"]["se"] == pytest.approx(error, rel=1e-12)
    assert (result.facts["treated"], result.facts["controls"]) == (15, 20)
    for kind in ("cohort", "calendar"):
        assert result.facts[kind]["estimate"] == pytest.approx(1.0, abs=1e-12)


def test_three_cohorts_weigh_as_defined() -> None:
    """Cohorts of 20 and 10 start in months 2 and 3 with effects 3 and 6 over 20 who never do; nothing else varies.

    Cells (month 2: 20 x 3; month 3: 20 x 3 and 10 x 6): simple 180/50, cohort (20 x 3 + 10 x 6)/30, calendar
    (3 + 120/30)/2.
    """
    start = np.repeat([2.0, 3.0, np.nan], [20, 10, 20])
    counts = np.tile(np.arange(3.0), (50, 1)) + np.arange(50)[:, None]
    counts[:20, 1:] += 3
    counts[20:30, 2:] += 6
    facts = effect(long(counts, start), method="callaway_santanna", **NAMED).facts
    found = [facts[kind]["estimate"] for kind in ("simple", "cohort", "calendar")]
    assert found == pytest.approx([3.6, 4.0, 3.5], abs=1e-12)


@pytest.mark.realdata
def test_the_published_effects_of_the_chicago_training(realdata) -> None:
    """Roth and Sant'Anna's replication (METHODS 7; the authors' R package, `staggered` and `staggered_cs`)."""
    rows = pd.read_csv(
        realdata / "chicago_training" / "pj_officer_level_balanced.csv.gz",
        usecols=["uid", "period", "first_trained", "complaints"],
    )
    named = {"unit": "uid", "period": "period", "first": "first_trained", "outcome": "complaints"}
    facts = effect(rows, **named).facts
    assert facts["simple"]["estimate"] == pytest.approx(-0.001126981, abs=1e-9)
    assert facts["simple"]["se"] == pytest.approx(0.002115194, abs=1e-9)
    assert facts["cohort"]["estimate"] == pytest.approx(-0.001084689, abs=1e-9)
    assert facts["calendar"]["estimate"] == pytest.approx(-0.00187198, abs=1e-8)
    assert not facts["evidence"]
    usual = effect(rows, method="callaway_santanna", **named).facts
    assert usual["simple"]["estimate"] == pytest.approx(-0.005176818, abs=1e-9)


@pytest.mark.parametrize("method", ["efficient", "callaway_santanna"])
def test_order_inputs_and_what_is_common_do_not_matter(method: str) -> None:
    rows = drawn(np.random.default_rng(0))
    before = rows.copy()
    base = effect(rows, method=method, **NAMED)
    pd.testing.assert_frame_equal(rows, before)
    shuffled = effect(rows.sample(frac=1, random_state=1), method=method, **NAMED)
    pd.testing.assert_frame_equal(base.table, shuffled.table, rtol=1e-9)
    moved = effect(rows.assign(count=rows["count"] + rows["month"] ** 2), method=method, **NAMED)
    assert moved.facts["simple"]["estimate"] == pytest.approx(base.facts["simple"]["estimate"], abs=1e-9)
    tenfold = effect(rows.assign(count=10 * rows["count"]), method=method, **NAMED)
    assert tenfold.table["se"].to_numpy() == pytest.approx(10 * base.table["se"].to_numpy(), rel=1e-9)


def test_a_unit_s_own_level_does_not_matter_in_differences() -> None:
    rows = drawn(np.random.default_rng(0))
    lifted = rows.assign(count=rows["count"] + 7.0 * rows["officer"])
    one, other = (effect(each, method="callaway_santanna", **NAMED).facts["simple"] for each in (rows, lifted))
    assert one["estimate"] == pytest.approx(other["estimate"], abs=1e-9)
    assert one["se"] == pytest.approx(other["se"], rel=1e-9)


@pytest.mark.parametrize("seeds", [80, pytest.param(400, marks=pytest.mark.slow)])
def test_nothing_planted_is_covered_and_the_efficient_interval_is_shorter(seeds: int) -> None:
    """95 % intervals cover 0 in .95 of seeds, within 2.3 standard errors, and efficient ones are shorter."""
    inside, width = {"efficient": 0, "callaway_santanna": 0}, {"efficient": 0.0, "callaway_santanna": 0.0}
    for seed in range(seeds):
        rows = drawn(np.random.default_rng(seed))
        for method in inside:
            simple = effect(rows, method=method, window=1, **NAMED).facts["simple"]
            inside[method] += simple["low"] <= 0 <= simple["high"]
            width[method] += simple["high"] - simple["low"]
    off = 2.3 * np.sqrt(0.95 * 0.05 / seeds)
    assert all(abs(count / seeds - 0.95) <= off for count in inside.values()), inside
    assert width["efficient"] < 0.8 * width["callaway_santanna"]


@pytest.mark.parametrize("multiple", [0.6])
def test_a_planted_effect_is_found(multiple: float) -> None:
    """40 % fewer of about .5 a month: the mean of 20 seeds is within two standard errors of -.2, all are evidence."""
    found = [effect(drawn(np.random.default_rng(seed), 600, 18, multiple), **NAMED).facts for seed in range(20)]
    value = np.array([facts["simple"]["estimate"] for facts in found])
    assert abs(value.mean() + 0.2) < 2 * value.std(ddof=1) / np.sqrt(20)
    assert sum(facts["evidence"] for facts in found) >= 17  # the joint test before the start doubts 1 in 20


def chosen_by_a_bad_quarter(seed: int) -> pd.DataFrame:
    """Nothing works: every quarter from month 7 the tenth of officers with most events in the last quarter starts."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.gamma(4.0, 0.1, 1500)[:, None] * np.ones(24)).astype(float)
    start = np.full(1500, np.nan)
    for month in (7, 10, 13, 16):
        lately = counts[:, month - 4 : month - 1].sum(axis=1) + rng.uniform(0, 0.5, 1500)
        lately[~np.isnan(start)] = -1
        start[np.argsort(-lately)[:150]] = month
    return long(counts, start)


def test_regression_to_the_mean_is_not_called_an_effect() -> None:
    """A raw before and after falls by more than half; in 20 seeds no comparison is called evidence."""
    for seed in range(20):
        rows = chosen_by_a_bad_quarter(seed)
        gap = rows["month"] - rows["start"]
        raw = rows.loc[gap.between(0, 2), "count"].mean() / rows.loc[gap.between(-3, -1), "count"].mean()
        assert raw < 0.5
        for method in ("efficient", "callaway_santanna"):
            result = effect(rows, method=method, **NAMED)
            assert not result.facts["evidence"] and "no evidence yet" in result.answer.lower()
            assert any("not trusted" in caveat for caveat in result.caveats)


def test_districts_of_different_trends_are_compared_inside() -> None:
    """District b falls by itself and starts; only inside districts does the fall not look like an effect."""
    rng = np.random.default_rng(3)
    trend = np.repeat([1.0, 0.95], 200)[:, None] ** np.arange(18)
    start = np.where(rng.uniform(size=400) < np.repeat([0.2, 0.8], 200), 9.0, np.nan)
    rows = long(rng.poisson(4 * trend).astype(float), start)
    rows["district"] = np.where(rows["officer"] < 200, "a", "b")
    apart, inside = (effect(rows, within=each, **NAMED).facts["simple"] for each in (None, "district"))
    assert apart["high"] < 0
    assert inside["low"] < 0 < inside["high"]


def test_the_effect_stands_beside_what_would_have_been() -> None:
    """Ten of twenty start in month 3 and go from 2 to 1 while the others stay at 2: 2 expected, -1, so -50 %."""
    rows = pd.DataFrame(
        [
            (who, month, 3.0 if who < 10 else np.nan, 1.0 if who < 10 and month == 3 else 2.0)
            for who in range(20)
            for month in (1, 2, 3)
        ],
        columns=["officer", "month", "start", "count"],
    )
    result = effect(rows, method="callaway_santanna", who="officer", when="month", **NAMED)
    assert result.facts["baseline"] == pytest.approx(2.0) and result.facts["change"] == pytest.approx(-0.5)
    assert "-1.00 per officer and month" in result.answer and "2.00 would be expected without it" in result.answer
    none = effect(rows.assign(count=0.0), **NAMED)
    assert none.facts["change"] is None and "%)" not in none.answer.split("would be expected")[1]


def test_too_few_are_not_assessable() -> None:
    result = effect(drawn(np.random.default_rng(0), officers=10), **NAMED)
    assert "at least 10" in result.reason


def test_a_new_officer_and_a_lone_starter_are_left_out_and_counted() -> None:
    rows = drawn(np.random.default_rng(0))
    rows = rows[~((rows["officer"] == 0) & (rows["month"] < 5))]
    rows.loc[rows["officer"] == 1, "start"] = 15
    rows.loc[rows["officer"] == 2, "start"] = 1
    result = effect(rows, **NAMED)
    assert list(result.facts["left_out"].values()) == [1, 1, 1]
    assert sum("left out" in caveat for caveat in result.caveats) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"month": lambda rows: rows["month"] * 2}, "without a gap"),
        ({"count": lambda rows: rows["count"].map(str) + "x"}, "must hold numbers"),
        ({"count": lambda rows: np.inf}, "finite"),
        ({"start": lambda rows: rows["month"]}, "changes within a unit"),
        ({"officer": lambda rows: 1}, "two rows in one period"),
    ],
)
def test_bad_panels_are_refused(change, message: str) -> None:
    with pytest.raises(InputError, match=message):
        effect(drawn(np.random.default_rng(0), 20).assign(**change), **NAMED)


def test_unknown_choices_are_refused() -> None:
    rows = drawn(np.random.default_rng(0), 20)
    with pytest.raises(InputError, match="efficient"):
        effect(rows, method="efficent", **NAMED)
    with pytest.raises(InputError, match="count"):
        effect(rows, **{**NAMED, "outcome": "cout"})
