"""Expected demand: shares by hand, totals that add up, and intervals that hold what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom

from perflib.errors import InputError
from perflib.models.seasonality import demand
from perflib.models.seasonality.demand import DRAWN, shares, total_interval

SHAPE = 1 + 0.6 * np.sin(2 * np.pi * (np.arange(24) - 9) / 24)


def hours(days=420, mean=8.0, shock=0.15, related=0.4, seed=0, start="2024-01-01"):
    """Hourly counts with a shape of the day, busier weekends, and day shocks that are related from day to day."""
    rng = np.random.default_rng(seed)
    noise = np.zeros(days)
    for day in range(1, days):
        noise[day] = related * noise[day - 1] + rng.normal(0, shock * np.sqrt(1 - related**2))
    dates = pd.date_range(start, periods=days)
    daily = mean * np.where(dates.day_of_week >= 5, 1.2, 0.92) * np.exp(noise - shock**2 / 2)
    counts = rng.poisson(daily[:, None] * SHAPE)
    index = pd.date_range(start, periods=24 * days, freq="h")
    return pd.Series(counts.ravel().astype(float), index=index)


def coverage(weights, days=28):
    """What came inside the intervals given before the last ``days``, and what they say they hold: (single hours, means
    of the period) x (came, said). Counts being discrete, an 80 % interval says it holds somewhat more than 80 %."""
    known, came = weights.iloc[: -24 * days], weights.iloc[-24 * days :]
    found = demand(known, days=days)
    cells = pd.DataFrame({"weekday": came.index.day_name(), "hour": came.index.hour, "came": came.to_numpy()})
    held = cells.merge(found.table, on=["weekday", "hour"])
    single = ((held["low"] <= held["came"]) & (held["came"] <= held["high"])).mean()
    mean = held.groupby(["weekday", "hour"])[["came", "mean_low", "mean_high"]].mean()
    month = ((mean["mean_low"] <= mean["came"] + 1e-9) & (mean["came"] <= mean["mean_high"] + 1e-9)).mean()
    table = found.table
    said = [
        said_to_hold(table["expected"], table["low"], table["high"], found.single),
        said_to_hold(*(table[name] * table["hours"] for name in ("expected", "mean_low", "mean_high")), found.summed),
    ]
    return np.array([[single, said[0]], [month, said[1]]])


def said_to_hold(mean, low, high, dispersion):
    size = 1 / dispersion
    chance = size / (size + mean)
    return (nbinom.cdf(np.round(high), size, chance) - nbinom.cdf(np.round(low) - 1, size, chance)).mean()


def test_shares_by_hand():
    # One week: Monday has 10 events, all at 8; the other working days none; the weekend none.
    counts = np.zeros((7, 24))
    counts[0, 8] = 10
    made = shares(counts, np.arange(7))
    together = (10 + 0.5) / (10 + 12)
    near = (10 + 5 * DRAWN * together) / (10 + 5 * DRAWN)
    assert made[0, 8] == pytest.approx((10 + DRAWN * near) / (10 + DRAWN))
    assert made[1, 8] == pytest.approx(near) and made[6, 8] == pytest.approx(together)
    assert made.sum(axis=1) == pytest.approx(1)


def test_the_table_has_every_hour_of_the_week_and_adds_up_to_the_forecast():
    made = demand(hours(), days=31)
    table = made.table
    assert list(table) == ["weekday", "hour", "hours", "expected", "low", "high", "mean_low", "mean_high"]
    assert len(table) == 168 and table["hours"].sum() == 31 * 24
    assert (table["expected"] * table["hours"]).sum() == pytest.approx(made.total)
    assert made.total == pytest.approx(8 * 24 * 31, rel=0.08)
    assert (table["low"] >= 0).all() and (table["mean_low"] <= table["expected"]).mean() > 0.99
    assert (table["mean_high"] - table["mean_low"] <= table["high"] - table["low"] + 1e-9).all()
    assert table.loc[table["expected"].idxmax(), "weekday"] in ("Saturday", "Sunday")


def test_the_planted_shape_is_recovered():
    made = demand(hours(shock=0.02), days=28).table
    shape = made.groupby("hour")["expected"].mean()
    assert (shape / shape.mean()).to_numpy() == pytest.approx(SHAPE, abs=0.06)
    week = made.groupby("weekday")["expected"].mean()
    assert week["Sunday"] / week["Tuesday"] == pytest.approx(1.2 / 0.92, rel=0.06)


def test_a_later_month_may_be_asked_for():
    made = demand(hours(), start="2025-03-01", days=31)
    assert (f"{made.first:%Y-%m-%d}", f"{made.last:%Y-%m-%d}") == ("2025-03-01", "2025-03-31")


def test_the_intervals_hold_what_they_say():
    """24 departments, hidden 28 days each, against the content that the intervals claim (80 % and discreteness)."""
    found = np.mean([coverage(hours(days=300, seed=seed)) for seed in range(24)], axis=0)
    assert (found[:, 1] >= 0.80).all() and found[:, 1].max() < 0.86
    assert found[:, 0] == pytest.approx(found[:, 1], abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("mean, related", [(8.0, 0.4), (8.0, 0.8), (0.5, 0.4)])
def test_the_intervals_hold_over_many_departments(mean, related):
    found = np.mean([coverage(hours(days=420, mean=mean, related=related, seed=seed)) for seed in range(100)], axis=0)
    print(f"single hours {found[0]}, means {found[1]}")
    assert found[:, 0] == pytest.approx(found[:, 1], abs=0.03)


def test_the_interval_of_a_total_by_hand():
    # errors of +10 % and -10 %: mean square .01, so a variance of .01 * 1000^2 = 10,000 against 1,000 of a Poisson
    # count; two periods: t(.9, 2) = 1.885618, z = 1.281552, so 10,000 * 2.164853 = 21,648.5
    low, high = total_interval(np.array([110.0, 90.0]), np.array([100.0, 100.0]), 1000.0, 0.80)
    size = 1000**2 / (21648.53 - 1000)
    assert (low, high) == tuple(nbinom.ppf([0.1, 0.9], size, size / (size + 1000)))
    assert high - low == pytest.approx(2 * 1.281552 * np.sqrt(21648.53), rel=0.01)
    assert np.isnan(total_interval(np.array([]), np.array([]), 10.0)).all()


def test_a_total_is_never_surer_than_a_poisson_count():
    # no error at all in 400 periods: the variance is that of a Poisson count, 100, and t is z
    low, high = total_interval(np.full(400, 50.0), np.full(400, 50.0), 100.0, 0.80)
    assert (low, high) == pytest.approx((87, 113), abs=1)
    none = total_interval(np.zeros(6), np.full(6, 0.2), 0.2)
    assert none[0] == 0 and none[1] >= 1


def totals(seeds, **how):
    """Share of departments whose last 31 days come to a total inside the interval given nine days before them."""
    inside = []
    for seed in seeds:
        weights = hours(seed=seed, **how)
        known, came = weights.iloc[: -24 * 40], weights.iloc[-24 * 31 :].sum()
        made = demand(known, came_first := weights.index[-24 * 31], 31)
        assert made.first == came_first
        inside.append(made.low <= came <= made.high)
    return float(np.mean(inside))


def test_the_interval_of_the_total_holds_what_it_says():
    """40 departments; 80 % said, whose share among 40 has a deviation of 6.3 points."""
    assert 0.67 <= totals(range(40), days=340) <= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("mean, related", [(8.0, 0.4), (8.0, 0.8), (0.5, 0.4)])
def test_the_interval_of_the_total_holds_over_many_departments(mean, related):
    """200 departments each: 2.8 points of deviation."""
    found = totals(range(200), days=420, mean=mean, related=related)
    print(f"total {found}")
    assert 0.74 <= found <= 0.90


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda w: w.iloc[5:], "not every hour"),
        (lambda w: w.iloc[: 24 * 30], "30 days are too few"),
        (lambda w: w.drop(w.index[100]), "not every hour"),
    ],
)
def test_hours_that_cannot_be_used_are_refused(change, words):
    with pytest.raises(InputError, match=words):
        demand(change(hours(days=120)))


@pytest.mark.parametrize(
    "options, words",
    [
        ({"days": 0}, "do not lie within"),
        ({"days": 400}, "do not lie within"),
        ({"start": "2020-01-01"}, "do not lie"),
        ({"level": 2}, "must lie between 0 and 1"),
    ],
)
def test_periods_that_cannot_be_forecast_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        demand(hours(days=120), **options)
