"""Seasons: hand-worked spans and heaps, golden strengths of noise, the size and power of the test, planted truths."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, norm

from perflib.errors import InputError
from perflib.models.seasonality import hourly, noise, profile, rate_interval, seasonality, stabilised, stable, strength
from perflib.models.seasonality.profile import leading

DATES = pd.date_range("2021-01-01", periods=1096)


def daily(count, dates=DATES, **more):
    return pd.DataFrame({"date": dates, "count": count, **more})


def times(columns):
    return pd.DataFrame(columns).apply(pd.to_datetime)


def verdicts(made):
    return made.tests.set_index("season")["verdict"].to_dict()


def counts(rng, series, mean=10.0, ratio=1.0, related=0.0, season=0.0, days=1096):
    """Negative-binomial counts whose ranks follow an AR(1), with a season of the year of this amplitude."""
    shock = rng.normal(size=(series, days)) * np.sqrt(1 - related**2)
    shock[:, 0] /= np.sqrt(1 - related**2)
    for day in range(1, days):
        shock[:, day] += related * shock[:, day - 1]
    mu = mean * (1 + season * np.cos(2 * np.pi * (np.arange(days) - 199) / 365.2425))
    if ratio == 1 and not related:
        return rng.poisson(np.broadcast_to(mu, (series, days)))
    size = mean / (ratio - 1)
    return nbinom.ppf(norm.cdf(shock), size, size / (size + mu))


def holm(series):
    """p of week and year of each series, as ``seasonality`` adjusts them; True where either is called."""
    weeks = [row[len(row) % 7 :].reshape(-1, 7).sum(axis=1) for row in series]
    year = np.array([stable(stabilised(row), 52.1775, 3).p for row in weeks])
    week = np.array([stable(stabilised(row), 7.0, 3, 7.0).p for row in series])
    return 2 * np.minimum(year, week) < 0.05, year


# goldens ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("months, median", [(120, 0.39), (36, 0.73)])
def test_the_strength_of_white_noise_is_the_published_one(months, median):
    """METHODS 5 (computed independently): median of monthly white noise over 10 years .39, over 3 years .73."""
    assert noise(months, 12)[0] == pytest.approx(median, abs=0.015)


def test_strength_is_one_where_there_is_nothing_but_a_season_and_none_without_one():
    wave = np.tile([0, 1, 2, 1, 0, -1, -3, 0, 2, 4, -2, -4.0], 8)
    assert strength(wave, 12) == pytest.approx(1.0, abs=1e-6)
    assert strength(np.zeros(60), 12) == 0.0


def test_a_span_is_spread_over_its_hours():
    # 22:30 to 01:30 is three hours: half of 22, all of 23 and 0, half of 1; the point at 05:15 is one whole event.
    found = hourly(times({"from": ["2024-03-01 22:30", "2024-03-01 05:15"], "to": ["2024-03-02 01:30", None]}))
    made = found.weights
    assert made["2024-03-01 22:00"] == pytest.approx(1 / 6) and made["2024-03-01 23:00"] == pytest.approx(1 / 3)
    assert made["2024-03-02 00:00"] == pytest.approx(1 / 3) and made["2024-03-02 01:00"] == pytest.approx(1 / 6)
    assert made["2024-03-01 05:00"] == 1 and made.sum() == pytest.approx(2)
    assert found.spans == 1 and len(made) == 48


def test_within_one_hour_a_span_is_one_event_there():
    made = hourly(times({"from": ["2024-03-01 07:10"], "to": ["2024-03-01 07:40"]})).weights
    assert made["2024-03-01 07:00"] == pytest.approx(1)


def test_rates_have_the_interval_of_the_handbook():
    # 10 events in 20 hours: the exact 95 % interval of a count of 10 is 4.795 to 18.390 (Garwood 1936).
    made = rate_interval(np.array([10.0, 0.0, 3.0]), np.array([20.0, 20.0, 0.0]), 1.0)
    assert made.iloc[0].to_list() == pytest.approx([0.5, 4.795 / 20, 18.390 / 20], abs=1e-4)
    assert made.iloc[1].to_list() == pytest.approx([0, 0, 3.6889 / 20], abs=1e-4)
    assert made.iloc[2].isna().all()


def test_exposure_is_the_hours_of_each_kind():
    hours = pd.date_range("2024-01-01", "2024-01-31 23:00", freq="h")  # January 2024 has five Mondays, four Thursdays
    made = profile(pd.Series(1.0, index=hours)).set_index(["weekday", "hour"])
    assert made.loc[("Monday", 7), "hours"] == 5 and made.loc[("Thursday", 7), "hours"] == 4
    assert (made["rate"] == 1).all() and made["hours"].sum() == len(hours)


# properties ---------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 9000)), min_size=1, max_size=30))
def test_every_event_weighs_one(spans):
    start = pd.Timestamp("2024-02-27") + pd.to_timedelta([low for low, _ in spans], unit="min")
    end = start + pd.to_timedelta([long for _, long in spans], unit="min")
    made = hourly(pd.DataFrame({"from": start, "to": end}))
    assert made.weights.to_numpy().sum() == pytest.approx(len(spans)) and (made.weights.to_numpy() >= 0).all()


def test_the_mix_of_weekdays_does_not_pass_for_a_month():
    rate = np.array([10, 10, 10, 10, 10, 30, 60.0])[DATES.day_of_week]
    made = seasonality(daily(rate)).table
    assert made.loc[made["season"] == "year", "ratio"].to_numpy() == pytest.approx(1, abs=0.003)
    assert made.loc[made["season"] == "week", "ratio"].to_numpy() == pytest.approx(
        np.array([10, 10, 10, 10, 10, 30, 60]) / 20, rel=0.003
    )


def test_order_of_rows_and_unit_do_not_matter_and_the_frame_is_kept():
    frame = daily(counts(np.random.default_rng(4), 1, season=0.2)[0])
    kept = frame.copy(deep=True)
    one, two = seasonality(frame), seasonality(frame.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(frame, kept)
    many = seasonality(frame.assign(count=frame["count"] * 10)).table
    assert many["ratio"].to_numpy() == pytest.approx(one.table["ratio"].to_numpy(), abs=1e-3)


def test_the_seasons_have_their_table_and_tests():
    made = seasonality(daily(counts(np.random.default_rng(4), 1, season=0.2)[0]))
    assert list(made.table) == ["series", "season", "position", "ratio", "low", "high", "count", "days"]
    assert verdicts(made) == {"week": "not shown", "year": "seasonal"}
    assert made.tests[["strength", "noise_median", "noise_95"]].notna().all().all() and made.heaps == {}


# refusals -----------------------------------------------------------------------------------------------------------


def test_a_season_the_series_cannot_show_is_refused_with_the_reason():
    made = seasonality(daily(counts(np.random.default_rng(1), 1)[0])[:240])
    reason = made.tests.set_index("season").loc["year", "reason"]
    assert reason.startswith("240 days cannot show a season of the year")
    assert verdicts(made)["year"] == "not assessable" and set(made.table["season"]) == {"week", "heap"}


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda f: f.drop(columns="count"), "no column count"),
        (lambda f: f.drop(columns="date"), "no column date"),
        (lambda f: pd.concat([f, f.head(1)]), "twice"),
    ],
)
def test_frames_that_cannot_be_used_are_refused(change, words):
    with pytest.raises(InputError, match=words):
        seasonality(change(daily(1.0)))


def test_spans_that_end_before_they_begin_are_refused():
    with pytest.raises(InputError, match="end before they begin"):
        hourly(times({"from": ["2024-03-02"], "to": ["2024-03-01"]}))


def test_unknown_counts_are_not_taken_for_none():
    frame = daily(counts(np.random.default_rng(1), 1)[0].astype(float))
    gaps = frame.assign(count=frame["count"].where(frame.index % 5 > 0))
    assert seasonality(gaps.dropna()).tests["reason"].eq("20% of the counts are unknown").all()


# heaps and days -----------------------------------------------------------------------------------------------------


def test_a_heap_at_midnight_is_reported_and_spread_over_its_day():
    rng = np.random.default_rng(2)
    day = rng.integers(0, 365, 20_000) * 24.0
    hour = np.floor(rng.uniform(0, 24, 20_000) * 4) / 4  # quarters of an hour: some full ones everywhere
    heaped = rng.random(20_000) < 0.15
    at = pd.Timestamp("2023-01-01") + pd.to_timedelta(day + np.where(heaped, 0, hour), unit="h")
    made = hourly(pd.DataFrame({"from": at}))
    assert made.midnight.heaped and made.weights.to_numpy().sum() == pytest.approx(20_000)
    assert made.weights.resample("D").sum().to_numpy() == pytest.approx(np.bincount((day / 24).astype(int)))
    shape = made.weights.groupby(made.weights.index.hour).sum() / 20_000 * 24
    assert shape[0] == pytest.approx(1, abs=0.12)


def test_days_without_times_have_no_hours():
    assert not hourly(pd.DataFrame({"from": DATES.repeat(3)})).timed


def test_holidays_paydays_and_firsts_are_found_beside_each_other():
    rng = np.random.default_rng(3)
    rate = np.full(1096, 40.0)
    rate[(DATES.day == 15)] *= 1.5
    rate[(DATES.day == 1)] *= 2.0
    feast = (DATES.month == 7) & (DATES.day == 4)
    rate[feast] *= 2.5
    made = seasonality(daily(rng.poisson(rate)), holidays=dict.fromkeys(DATES[feast], "4 July"), paydays=[1, 15])
    found = made.table.set_index("position")
    for name, truth in (("payday", 1.5), ("first of the month", 2.0), ("4 July", 2.5)):
        assert found.loc[name, "low"] < truth < found.loc[name, "high"], name
    months = made.table[made.table["season"] == "year"]
    assert ((months["low"] < 1) & (months["high"] > 1)).all()
    assert made.heaps["all"].heaped and made.first_paydays


# simulations --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio, related", [(1.0, 0.0), (3.0, 0.0), (3.0, 0.4)])
def test_a_series_without_season_is_rarely_called_seasonal(ratio, related):
    """Seeds 0 to 199 of 10 a day over 3 years: at most 17 called, over the seasons of week and year together."""
    series = np.vstack([counts(np.random.default_rng(seed), 1, 10, ratio, related) for seed in range(200)])
    called, _ = holm(series)
    assert called.sum() <= 17


@pytest.mark.parametrize("ratio, related, least", [(1.0, 0.0, 180), (3.0, 0.0, 180)])
def test_a_season_of_15_per_cent_is_found(ratio, related, least):
    """Seeds 0 to 199 of 10 a day over 3 years with +-15 %: found in at least 90 %."""
    series = np.vstack([counts(np.random.default_rng(seed), 1, 10, ratio, related, 0.15) for seed in range(200)])
    assert (holm(series)[1] < 0.025).sum() >= least


@pytest.mark.slow
@pytest.mark.parametrize("ratio, related", [(1.0, 0.0), (3.0, 0.4)])
def test_the_whole_function_keeps_the_size_and_finds_the_season(ratio, related):
    held = [np.random.default_rng(seed) for seed in range(200)]
    none = [verdicts(seasonality(daily(counts(rng, 1, 10, ratio, related)[0]))) for rng in held]
    assert sum("seasonal" in each.values() for each in none) <= 17
    if not related:
        some = [verdicts(seasonality(daily(counts(rng, 1, 10, ratio, related, 0.15)[0]))) for rng in held]
        assert sum(each["year"] == "seasonal" for each in some) >= 180


@pytest.mark.slow
@pytest.mark.parametrize("ratio, related", [(1.0, 0.0), (3.0, 0.4)])
def test_intervals_hold_for_all_months_together(ratio, related):
    truth = pd.Series(1 + 0.15 * np.cos(2 * np.pi * (np.arange(1096) - 199) / 365.2425)).groupby(DATES.month).mean()
    inside = []
    for seed in range(200):
        made = seasonality(daily(counts(np.random.default_rng(seed), 1, 10, ratio, related, 0.15)[0])).table
        months = made[made["season"] == "year"]
        inside.append(((months["low"] <= truth.to_numpy()) & (truth.to_numpy() <= months["high"])).all())
    assert np.mean(inside) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200)


def test_the_planted_season_and_weekdays_of_the_sample_are_recovered():
    from perflib.synthetic import plan as plans
    from perflib.synthetic.calls import arrivals
    from perflib.synthetic.clock import hours
    from perflib.synthetic.truth import monthly

    plan = plans.make("sample")
    calls = arrivals(plan, hours(plan))
    made = seasonality(daily(np.bincount(calls.day - plan.first_day), pd.date_range(plan.first, plan.last)))
    planted = {"week": plan.weekday, "year": monthly(plan)}
    for season, values in planted.items():
        found = made.table[made.table["season"] == season]
        sizes = np.array(list(values.values()))
        assert ((found["low"] <= sizes) & (sizes <= found["high"])).all(), found
        assert (found["high"] - found["low"]).max() < 0.08
    assert verdicts(made) == {"week": "seasonal", "year": "seasonal"}


# real records -------------------------------------------------------------------------------------------------------


@pytest.mark.realdata
def test_houston_has_no_year(realdata):
    raw = pd.read_csv(realdata / "crime_series" / "houston_2010.csv.gz", usecols=["time"])
    local = pd.to_datetime(raw["time"], utc=True).dt.tz_convert("America/Chicago").dt.tz_localize(None)
    made = seasonality(local.dt.normalize().value_counts().rename_axis("date").reset_index(name="count"))
    reason = made.tests.set_index("season").loc["year", "reason"]
    assert reason.startswith("243 days cannot show a season of the year") and verdicts(made)["week"] == "seasonal"
    assert hourly(pd.DataFrame({"from": local})).midnight.heaped


@pytest.mark.realdata
def test_chicago_weekends_are_those_of_the_data_notes(realdata):
    """The notes of the data: Saturday 44.6, Sunday 46.6 a day; 40.7 a day in all."""
    raw = pd.read_csv(realdata / "crime_series" / "chicago_aggravated_assaults.csv.gz", usecols=["date"])
    dates = pd.to_datetime(raw["date"]).dt.normalize().value_counts().sort_index().asfreq("D", fill_value=0)
    made = seasonality(dates.rename_axis("date").reset_index(name="count"))
    week = made.table[made.table["season"] == "week"].set_index("position")
    rate = week["count"] / week["days"]
    assert rate["Saturday"] == pytest.approx(44.6, abs=0.05) and rate["Sunday"] == pytest.approx(46.6, abs=0.05)
    assert week["count"].sum() / week["days"].sum() == pytest.approx(40.7, abs=0.05)
    assert verdicts(made) == {"week": "seasonal", "year": "seasonal"}


def test_the_leading_kind_of_hour_is_nearly_always_among_those_named():
    """400 weeks' profiles in which one hour leads by little; 95 % said, whose deviation is 1.1 points."""
    rng = np.random.default_rng(3)
    mean = np.full(168, 100.0)
    mean[40], mean[41] = 112.0, 110.0
    inside = []
    for _ in range(400):
        count = rng.poisson(mean)
        found = rate_interval(count, np.full(168, 50.0), 1.0)
        inside.append(leading(found)[40])
    assert np.mean(inside) >= 0.93
    plain = rate_interval(np.r_[np.full(167, 100), 400], np.full(168, 50.0), 1.0)
    assert leading(plain).tolist() == [False] * 167 + [True] and leading(plain, highest=False).sum() == 167
