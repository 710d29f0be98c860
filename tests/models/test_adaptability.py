"""Slopes on demand: a case by hand, exact likelihoods, nobody flagged when nobody differs, planted slopes found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError, PrivacyError
from perflib.models.adaptability import slopes
from perflib.models.adaptability.posterior import Differences, quantiles

NAMED = {"officer": "officer", "demand": "busy", "value": "count", "exposure": "hours"}


def drawn(seed: int, slope: np.ndarray, months: int = 24, mean: float = 3.0, size: float = np.inf) -> pd.DataFrame:
    """Officers whose level and exposure differ; ``slope`` is log rate per unit of a standard normal index."""
    rng = np.random.default_rng(seed)
    officers = len(slope)
    busy = rng.normal(size=(officers // 10 + 1, months))[np.arange(officers) // 10]  # ten officers share a district
    hours = rng.uniform(0.5, 1.5, (officers, months))
    rate = mean * rng.gamma(4, 0.25, (officers, 1)) * hours * np.exp(slope[:, None] * busy)
    if np.isfinite(size):
        rate = rate * rng.gamma(size, 1 / size, rate.shape)
    names = np.array([f"P{number:03d}" for number in range(officers)])
    return pd.DataFrame(
        {
            "officer": np.repeat(names, months),
            "busy": busy.ravel(),
            "hours": hours.ravel(),
            "count": rng.poisson(rate).ravel(),
        }
    )


def test_counts_against_quadrature() -> None:
    """Three officers, two months; given the total the second month is binomial. Integrated by scipy, spread .3."""
    from scipy.integrate import quad
    from scipy.stats import binom, norm

    seen = {"a": (8, 12), "b": (10, 9), "c": (15, 15)}
    rows = pd.DataFrame(
        [(name, at, count) for name, both in seen.items() for at, count in zip((-1, 1), both, strict=True)],
        columns=["officer", "busy", "count"],
    )
    result = slopes(
        rows, officer="officer", demand="busy", value="count", spread=0.3, minimum_periods=2, minimum_peers=1
    )
    assert result.facts["dispersion"] == 1.0
    chances = {}

    def one(name, centre, above=False):
        low, high = seen[name]
        return quad(
            lambda s: binom.pmf(high, low + high, 1 / (1 + np.exp(-2 * s))) * norm.pdf(s, centre, 0.3),
            centre if above else centre - 3,
            centre + 3,
        )[0]

    centres = np.linspace(-1.2, 1.4, 53)
    each = {name: np.array([one(name, c) for c in centres]) for name in seen}
    whole = np.prod(list(each.values()), axis=0)
    for name in seen:
        above = np.array([one(name, c, True) for c in centres])
        chances[name] = (whole * above / each[name]).sum() / whole.sum()
    found = result.table.set_index("officer")["posterior"]
    assert found.to_dict() == pytest.approx(chances, abs=2e-3)


def test_the_chance_of_no_difference_stands_at_none() -> None:
    """.6 at 0, .2 spread evenly on either side to 1: median 0, and 80 % limits half way out (.1 of .2), by hand."""
    at = np.linspace(-1.0, 1.0, 301)
    cdf = np.where(at < 0, 0.2 * (at + 1), 0.8 + 0.2 * at)[None, :]
    same = np.array([0.6])
    found = Differences(at, cdf, np.array([0.2]), np.array([0.2]), same, 0.0, 0.0, 0.0)
    middle, low, high = quantiles(found, 0.8)
    assert (middle[0], low[0], high[0]) == pytest.approx((0.0, -0.5, 0.5), abs=1e-8)


def test_officers_who_do_not_differ_stand_on_the_line_of_the_peers() -> None:
    result = slopes(drawn(3, np.zeros(60)), **NAMED)
    assert result.table["estimate"].median() == pytest.approx(1.0, abs=1e-12)


def test_order_units_of_demand_and_inputs() -> None:
    rows = drawn(0, np.zeros(30))
    before = rows.copy()
    base = slopes(rows, **NAMED)
    pd.testing.assert_frame_equal(rows, before)
    other = slopes(rows.sample(frac=1, random_state=0).assign(busy=lambda held: 100 + 7 * held["busy"]), **NAMED)
    pd.testing.assert_frame_equal(base.table, other.table, rtol=1e-6)


def test_an_officer_s_level_does_not_matter() -> None:
    rows = drawn(1, np.linspace(-0.3, 0.3, 30))
    first = rows["officer"] == "P000"
    lifted = rows.assign(hours=rows["hours"].where(~first, 50 * rows["hours"]))
    one, other = (slopes(each, **NAMED).table["estimate"].to_numpy() for each in (rows, lifted))
    assert one == pytest.approx(other, rel=1e-9)


@pytest.mark.parametrize(("size", "seeds"), [(np.inf, 40), (4.0, 40), pytest.param(4.0, 400, marks=pytest.mark.slow)])
def test_nobody_is_flagged_when_nobody_differs(size: float, seeds: int) -> None:
    """q = .10: any flag in at most .10 + 2 standard errors of seeds, counts over-dispersed or not; all rise alike."""
    flagged = sum(slopes(drawn(seed, np.full(60, 0.2), size=size), **NAMED).facts["flags"] > 0 for seed in range(seeds))
    assert flagged / seeds <= 0.10 + 2 * np.sqrt(0.09 / seeds)


def test_planted_slopes_are_covered() -> None:
    """Slopes N(.2, .15): 95 % intervals of the difference from peers cover .93 to .97 over 20 seeds of 100 officers."""
    inside = total = 0
    for seed in range(20):
        slope = np.random.default_rng(1000 + seed).normal(0.2, 0.15, 100)
        rows = drawn(seed, slope)
        result = slopes(rows, **NAMED)
        truth = np.exp((slope - 0.2) * rows["busy"].std(ddof=0))
        inside += int(((result.table["low"] <= truth) & (truth <= result.table["high"])).sum())
        total += len(slope)
    assert 0.93 <= inside / total <= 0.97


def test_a_few_far_slopes_are_found_and_the_others_left_alone() -> None:
    """5 of 100 officers at -.6, 25 seeds: false share of flags at most .10 + 2 standard errors, power at least .8.

    Five tests at a known peers' slope and the Poisson's exact information find .92 of them: little is left to gain.
    """
    false, power = [], []
    slope = np.where(np.arange(100) % 20 == 0, -0.6, 0.0)
    for seed in range(25):
        verdict = slopes(drawn(seed, slope), **NAMED).table["verdict"]
        flagged = verdict.isin(["higher", "lower"]).to_numpy()
        false.append((flagged & (slope == 0)).sum() / max(flagged.sum(), 1))
        power.append((verdict[slope != 0] == "lower").mean())
    assert np.mean(false) <= 0.10 + 2 * np.std(false) / 5
    assert np.mean(power) >= 0.8


def test_regression_to_the_mean_is_no_finding() -> None:
    """Officers picked for their worst month, the index being 'after it': raw rates halve, no slope is flagged."""
    rng = np.random.default_rng(5)
    counts = rng.poisson(2.0, (300, 24))
    before = counts[:, :12].sum(axis=1)
    worst = np.argsort(-before)[:60]
    rows = pd.DataFrame(
        {
            "officer": np.repeat(worst, 24),
            "busy": np.tile((np.arange(24) >= 12) * 1.0, 60),
            "count": counts[worst].ravel(),
        }
    )
    raw = counts[worst, 12:].sum() / counts[worst, :12].sum()
    assert raw < 0.85
    result = slopes(rows, officer="officer", demand="busy", value="count")
    assert result.facts["flags"] == 0


def test_not_assessable_with_reasons() -> None:
    rows = drawn(0, np.zeros(12))
    rows.loc[rows["officer"] == "P000", "hours"] = 0
    rows.loc[rows["officer"] == "P001", "count"] = 0
    rows.loc[rows["officer"] == "P002", "busy"] = 0.0
    rows = rows.drop(rows.index[rows["officer"] == "P003"][5:])
    table = slopes(rows, **NAMED).table.set_index("officer")
    assert table["reason"].head(4).tolist() == [
        "no exposure recorded",
        "fewer than 10 events",
        "demand hardly changed for them",
        "fewer than 8 periods",
    ]
    assert table["estimate"].head(4).isna().all() and table["estimate"].iloc[4:].notna().all()
    few = slopes(rows[rows["officer"] >= "P008"], **NAMED)
    assert set(few.table["verdict"]) == {"not assessable"} and few.facts["reasons"] == {"fewer than 5 peers": 4}
    assert slopes(rows.assign(busy=1.0), **NAMED).reason == "demand does not vary"


def test_bad_input_is_refused() -> None:
    rows = drawn(0, np.zeros(6))
    with pytest.raises(InputError, match="whole numbers"):
        slopes(rows.assign(count=rows["count"] + 0.5), **NAMED)
    with pytest.raises(InputError, match="busy"):
        slopes(rows, **{**NAMED, "demand": "bsy"})
    with pytest.raises(PrivacyError, match="age"):
        slopes(rows.assign(age=rows["busy"]), **{**NAMED, "demand": "age"})


@pytest.mark.realdata
def test_on_chicago_s_officers(realdata) -> None:
    """Complaints by month against the city's use of force, 2011-16; who is assessed is as the file's counts say."""
    rows = pd.read_csv(
        realdata / "chicago_training" / "pj_officer_level_balanced.csv.gz",
        usecols=["uid", "period", "force", "complaints"],
    )
    rows["city"] = np.log(rows.groupby("period")["force"].transform("mean"))
    result = slopes(rows, officer="uid", demand="city", value="complaints")
    assert result.facts["officers"] == 7785
    assert result.facts["assessed"] == int((rows.groupby("uid")["complaints"].sum() >= 10).sum())
    assert 0.9 < result.facts["dispersion"] < 1.5
