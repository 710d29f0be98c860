"""Forecasts: what is planted is recovered, the future is never used, intervals hold what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perflib.errors import InputError
from perflib.models import forecast as room
from perflib.models.forecast import forecast, panel
from perflib.models.forecast.backtest import origins_of
from perflib.models.forecast.candidates import FAST, seasonal_slope
from perflib.models.forecast.hierarchy import reconcile
from perflib.models.forecast.panel import too_short
from perflib.models.forecast.smoothing import damped, seasonal_index

WEEK = np.array([0.9, 0.85, 0.9, 0.95, 1.1, 1.25, 1.05])


def city(series=8, days=900, mean=6.0, size=12.0, seed=0, season=0.2, start="2022-01-03"):
    """Negative-binomial counts with a planted week and year, common to all series; returns the frame and the means."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range(start, periods=days)
    year = 1 + season * np.sin(2 * np.pi * dates.day_of_year.to_numpy() / 365.25)
    level = mean * np.exp(rng.normal(0, 0.4, series))
    means = level[:, None] * year * WEEK[dates.day_of_week.to_numpy()] / WEEK.mean()
    counts = rng.negative_binomial(size, size / (size + means))
    wide = pd.DataFrame(counts.T, index=dates.rename("date"), columns=[f"d{at:02d}" for at in range(series)])
    return long(wide), pd.DataFrame(means.T, index=dates, columns=wide.columns)


def long(wide):
    return wide.rename_axis("date").reset_index().melt("date", var_name="series", value_name="count")


def before(frame, days):
    return frame[frame["date"] < frame["date"].max() - pd.Timedelta(days=days - 1)]


def months(series=6, length=84, seed=0, mean=80.0):
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2015-01-01", periods=length, freq="MS")
    level = mean * np.exp(rng.normal(0, 0.5, series))
    shape = 1 + 0.25 * np.cos(2 * np.pi * (dates.month.to_numpy() - 7) / 12)
    means = level[:, None] * shape * dates.days_in_month.to_numpy() / 30.4
    counts = rng.negative_binomial(40, 40 / (40 + means))
    return long(pd.DataFrame(counts.T, index=dates, columns=[f"m{at}" for at in range(series)])), means


@pytest.fixture(scope="module")
def made():
    frame, means = city()
    return forecast(before(frame, 28), 28), means.iloc[-28:], frame


def test_the_table_has_the_columns_that_are_promised(made):
    result, _, _ = made
    assert list(result.table) == ["series", "date", "mean", "median", "low_80", "high_80", "low_95", "high_95"]
    assert len(result.table) == 8 * 28
    assert result.table["date"].min() == result.table["date"].max() - pd.Timedelta(days=27)
    ends = result.table[["low_95", "low_80", "median", "high_80", "high_95"]].to_numpy()
    assert (np.diff(ends, axis=1) >= 0).all() and (ends >= 0).all() and (ends == np.floor(ends)).all()


def test_the_planted_week_and_year_are_recovered(made):
    result, means, _ = made
    found = result.table.pivot(index="date", columns="series", values="mean")
    assert found.to_numpy() == pytest.approx(means.to_numpy(), rel=0.2)
    total = found.sum(axis=1).to_numpy() / means.sum(axis=1).to_numpy()
    assert np.abs(total - 1).max() < 0.10
    week = found.sum(axis=1).groupby(found.index.day_of_week).mean()
    assert (week / week.mean()).to_numpy() == pytest.approx(WEEK / WEEK.mean(), abs=0.05)


def test_the_back_test_weighs_the_candidates(made):
    result, means, frame = made
    assert {"regression", "smoothing", "seasonal naive"} == set(result.weights)
    assert sum(result.weights.values()) == pytest.approx(1) and result.weights["seasonal naive"] == 0
    found = result.table.pivot(index="date", columns="series", values="mean").to_numpy()
    naive = FAST["seasonal naive"](panel(before(frame, 28)), 28).T
    assert np.abs(found - means.to_numpy()).mean() < 0.5 * np.abs(naive - means.to_numpy()).mean()


def test_nothing_after_an_origin_is_used():
    frame, _ = city(series=3, days=200)
    held = panel(frame)
    early = frame["date"] < frame["date"].max() - pd.Timedelta(days=29)
    other = panel(frame.assign(count=frame["count"].where(early, 999)))
    for name in ("regression", "smoothing", "theta", "seasonal naive"):
        first, second = (FAST[name](each.until(150), 14) for each in (held, other))
        assert np.array_equal(first, second), name


def test_order_of_rows_and_series_is_irrelevant():
    frame, _ = city(series=4, days=150)
    shuffled = frame.sample(frac=1, random_state=1)
    one, two = (forecast(each, 7).table for each in (frame, shuffled))
    pd.testing.assert_frame_equal(one, two)


def test_the_input_is_not_changed():
    frame, _ = city(series=2, days=120)
    kept = frame.copy(deep=True)
    forecast(frame, 7)
    pd.testing.assert_frame_equal(frame, kept)


@settings(max_examples=12)
@given(st.floats(0.05, 3), st.integers(30, 120), st.integers(1, 3), st.integers(1, 20), st.integers(0, 10_000))
def test_no_quantile_is_ever_negative(mean, days, series, horizon, seed):
    frame, _ = city(series=series, days=days, mean=mean, size=2, seed=seed)
    for each in forecast(frame, horizon).forecasts.values():
        assert (each.quantile([0.001, 0.025, 0.5]) >= 0).all() and np.isfinite(each.mean).all()
        assert (each.cdf(-1) == 0).all()


def test_rare_counts_are_calibrated_in_what_follows():
    frame, _ = city(series=30, days=500, mean=0.3, size=5, seed=3, season=0)
    known, coming = before(frame, 28), frame[frame["date"] >= frame["date"].max() - pd.Timedelta(days=27)]
    made = forecast(known, 28).forecasts
    total = sum(each.mean.sum() for each in made.values())
    assert total == pytest.approx(coming["count"].sum(), rel=0.15)
    none = np.mean([each.cdf(0).mean() for each in made.values()])
    assert none == pytest.approx((coming["count"] == 0).mean(), abs=0.03)


@pytest.mark.slow
def test_intervals_hold_what_they_say():
    pits, rng = [], np.random.default_rng(1)
    for seed in range(6):
        frame, _ = city(series=12, days=800, mean=3.0, size=4, seed=seed)
        actual = frame.pivot(index="date", columns="series", values="count").iloc[-28:]
        for name, each in forecast(before(frame, 28), 28).forecasts.items():
            below, upto = each.cdf(actual[name] - 1), each.cdf(actual[name])
            pits.append(room.randomised_pit(below, upto, rng))
    pit = np.concatenate(pits)
    assert np.mean((pit > 0.1) & (pit < 0.9)) == pytest.approx(0.80, abs=0.03)
    assert np.mean((pit > 0.025) & (pit < 0.975)) == pytest.approx(0.95, abs=0.03)


def test_absent_is_unknown_and_not_zero():
    frame, _ = city(series=3, days=200, mean=1.0, season=0)
    events = frame[frame["count"] > 0]
    unknown, full = forecast(events, 7), forecast(frame, 7)
    assert unknown.table["mean"].sum() > 1.2 * full.table["mean"].sum()
    assert unknown.panel.gaps == len(frame) - len(events)


def test_negative_corrections_are_unknown():
    frame, _ = months()
    first = frame.assign(count=frame["count"].where(frame.index != 40, -7))
    gone = frame.drop(index=40)
    one, two = forecast(first, 6), forecast(gone, 6)
    assert one.table["mean"].to_numpy() == pytest.approx(two.table["mean"].to_numpy())
    assert (one.panel.negative, two.panel.negative, two.panel.gaps) == (1, 0, 1)


def test_months_recover_their_season():
    frame, means = months(length=96)
    known = frame[frame["date"] < "2022-01-01"]
    found = forecast(known, 12).table.pivot(index="series", columns="date", values="mean").to_numpy()
    assert np.median(np.abs(found / means[:, -12:] - 1)) < 0.08
    shape = (found / found.mean(1, keepdims=True)).mean(0)
    assert shape == pytest.approx((means[:, -12:] / means[:, -12:].mean(1, keepdims=True)).mean(0), abs=0.1)


def test_a_season_is_modelled_only_where_the_data_can_show_it():
    frame, _ = city(series=2, days=240)
    assert panel(frame).seasons == ("week",) and panel(city(series=1, days=740)[0]).seasons == ("week", "year")
    assert too_short("year", "D", 240) == "240 days cannot show a season of the year: two whole cycles are 730"


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda f: f.drop(columns="count"), "no column count"),
        (lambda f: pd.concat([f, f.head(1)]), "twice"),
        (lambda f: f.assign(count=f["count"].astype(object).where(f.index != 3, "many")), "no count"),
        (lambda f: f.head(0), "no row"),
        (lambda f: f.head(9), "too few"),
    ],
)
def test_frames_that_cannot_be_used_are_refused(change, words):
    frame, _ = city(series=1, days=60)
    with pytest.raises(InputError, match=words):
        forecast(change(frame), 7)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"horizon": 0}, "steps"),
        ({"horizon": 2.5}, "steps"),
        ({"candidates": ["regresion"]}, "did you mean 'regression'"),
        ({"freq": "Q"}, "freq"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(options, words):
    frame, _ = city(series=1, days=60)
    with pytest.raises(InputError, match=words):
        forecast(frame, **({"horizon": 7} | options))


def test_means_add_up_over_districts_and_categories():
    frame, _ = city(series=6, days=160)
    at = frame["series"].str[1:].astype(int)
    cells = frame.assign(district=at % 3, category=np.where(at < 3, "theft", "assault")).drop(columns="series")
    result = forecast(cells, 7, by=["district", "category"])
    sums = result.table.groupby(["level", "date"])["mean"].sum().unstack("level")
    assert list(sums) == ["category", "district", "district / category", "total"]
    for level in sums:
        assert sums[level].to_numpy() == pytest.approx(sums["total"].to_numpy(), rel=1e-9)
    part = result.table[result.table["series"].isin(["0 / theft", "0 / assault"])].groupby("date")["mean"].sum()
    assert part.to_numpy() == pytest.approx(result.forecasts["district 0"].mean, rel=1e-9)
    alone = forecast(cells.groupby(["district", "date"], as_index=False)["count"].sum(), 7, by="district")
    assert list(alone.forecasts) == ["0", "1", "2", "total"]


def test_reconciliation_by_hand():
    # Cells 2 and 3, total 8, equal variances: the gap of 3 is shared in thirds.
    members = np.array([[1.0, 0], [0, 1], [1, 1]])
    shared = reconcile(np.array([[2.0], [3.0], [8.0]]), members, np.ones(3))
    assert shared[:, 0] == pytest.approx([3, 4, 7])
    exact = reconcile(np.array([[2.0], [3.0], [8.0]]), members, np.array([1, 1, 1e-12]))
    assert exact[:, 0] == pytest.approx([3.5, 4.5, 8], abs=1e-6)


def test_a_campaign_is_neither_a_season_nor_a_trend():
    counts = np.full((1, 60), 100.0)
    counts[0, 43] = 1500.0
    assert seasonal_index(counts, 12) == pytest.approx(1.0, abs=0.02)
    assert seasonal_slope(np.sqrt(counts), 12) == pytest.approx(0.0, abs=1e-9)
    assert damped(counts, 12, 12)[0] == pytest.approx(100, rel=0.1)


@pytest.mark.parametrize("since", [1, 2, 3, 6])
def test_a_burst_that_is_over_is_not_forecast(since):
    # Half a year at up to thirty times the usual, then one month or more as before: it once foretold 14 times.
    rng, burst = np.random.default_rng(1), np.array([3, 8, 17, 30, 16, 6])
    base = rng.uniform(200, 2000, 20)[:, None] * np.exp(0.15 * np.sin(2 * np.pi * np.arange(252) / 12))
    counts = rng.negative_binomial(50, 50 / (50 + base[:, :240])).astype(float)
    counts[0, 240 - since - 6 : 240 - since] *= burst
    assert damped(counts, 12, 12)[0] / base[0, 240:] == pytest.approx(1, abs=0.15)


def test_a_new_level_is_followed():
    counts = np.full((1, 72), 20.0)
    counts[0, 48:] = 60.0
    assert damped(counts, 12, 6)[0] == pytest.approx(60, rel=0.15)


def test_origins_leave_a_history_and_a_future():
    assert origins_of(3540, 28, "D") == (3372, 3400, 3428, 3456, 3484, 3512)
    short = origins_of(31, 12, "M")
    assert len(short) >= 3 and min(short) >= 18 and max(short) < 31


def test_a_thousand_series_in_one_call():
    frame, _ = city(series=1000, days=120, mean=0.5)
    result = forecast(frame, 7)
    assert result.table["series"].nunique() == 1000 and np.isfinite(result.table["mean"]).all()


@pytest.mark.slow
def test_prophet_is_opted_into():
    frame, _ = months(series=2, length=60)
    assert set(forecast(frame, 6, candidates=["prophet", "smoothing"]).weights) == {
        "prophet",
        "smoothing",
        "seasonal naive",
    }
