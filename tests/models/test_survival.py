"""Competing ends, hazards and Cox's model against published and independently computed numbers, and by simulation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perflib.errors import InputError
from perflib.models.survival import cox, cumulative_incidence, hazard_ratios

GOLDEN = Path(__file__).parents[1] / "golden"
TIME = [1, 2, 2.5, 3, 4, 5, 6, 7, 8, 9]
EVENT = [1, 2, 1, 0, 1, 2, 1, 0, 1, 0]
TERMS = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]


@pytest.fixture(scope="module")
def rossi() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "rossi_recidivism.csv")


def test_competing_ends_by_hand():
    found = cumulative_incidence(TIME, EVENT)
    assert found.facts["cif"]["1"] == pytest.approx(0.6083333333, abs=1e-9)
    assert found.facts["naive"]["1"] == pytest.approx(0.75390625, abs=1e-9)
    assert found.facts["cif"]["2"] == pytest.approx(0.2166666667, abs=1e-9)
    assert found.facts["open"] == 3 and found.facts["events"] == {"1": 5, "2": 2}
    curve = found.table[found.table["cause"] == "1"]
    steps = [0.1, 0.1, 0.2, 0.2, 0.2 + 0.7 / 6, 0.2 + 0.7 / 6, 0.2 + 0.7 / 6 + 0.7 * 4 / 6 / 4]
    assert curve["incidence"].to_numpy()[:7] == pytest.approx(steps, abs=1e-12)


def test_a_time_nobody_was_followed_to_has_a_reason():
    found = cumulative_incidence(TIME, EVENT, at=(0, 7, 30)).facts["at"]["1"]
    assert found["7"]["estimate"] == pytest.approx(0.4333333333) and found["7"]["at_risk"] == 2
    assert found["0"]["estimate"] == 0 and found["0"]["high"] == pytest.approx(1 - 0.025**0.1)
    assert found["30"]["estimate"] is None and "9" in found["30"]["reason"]


def test_when_everything_has_ended_later_times_are_known():
    found = cumulative_incidence([1, 2, 3, 4], [1, 2, 1, 1], at=(3, 99)).facts["at"]["1"]
    assert found["99"]["estimate"] == pytest.approx(0.75) and found["3"]["estimate"] == pytest.approx(0.5)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 3)), min_size=2, max_size=60))
def test_without_censoring_it_is_the_share_with_the_binomial_error(cases):
    time, event = zip(*cases, strict=True)
    table = cumulative_incidence(time, event).table
    for cause, rows in table.groupby("cause"):
        for row in rows.itertuples():
            share = np.mean([(t <= row.time) & (e == int(cause)) for t, e in cases])
            assert row.incidence == pytest.approx(share, abs=1e-12)
            assert row.se == pytest.approx(np.sqrt(share * (1 - share) / len(cases)), abs=1e-7)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 2)), min_size=2, max_size=60))
def test_incidences_rise_stay_below_one_and_below_the_naive_curve(cases):
    time, event = zip(*cases, strict=True)
    found = cumulative_incidence(time, event)
    if found.reason:
        assert not any(event)
        return
    wide = found.table.pivot(index="time", columns="cause", values="incidence")
    assert (wide.diff().dropna() >= -1e-12).all().all() and wide.sum(axis=1).max() <= 1 + 1e-12
    table = found.table
    assert (table["naive"] >= table["incidence"] - 1e-12).all()
    assert ((table["low"] <= table["incidence"] + 1e-12) & (table["high"] >= table["incidence"] - 1e-12)).all()


def test_weights_are_the_same_as_repeated_cases():
    repeated = cumulative_incidence(np.repeat(TIME, 3), np.repeat(EVENT, 3))
    weighted = cumulative_incidence(TIME, EVENT, weights=[3] * 10)
    pd.testing.assert_frame_equal(repeated.table, weighted.table)


def test_groups_have_their_own_curves_and_named_causes():
    found = cumulative_incidence(TIME * 2, EVENT * 2, ["a"] * 10 + ["b"] * 10, causes={1: "arrest", 2: "exceptional"})
    assert set(found.facts) == {"a", "b"} and found.facts["b"]["cif"]["arrest"] == pytest.approx(0.6083333333)
    assert set(found.table["cause"]) == {"arrest", "exceptional"}


@pytest.mark.slow
def test_intervals_cover_the_truth():
    rng = np.random.default_rng(5)
    hits, rounds = 0, 1500
    truth = 0.7 * (1 - np.exp(-10 / 8))
    for _ in range(rounds):
        ends, kind, limit = rng.exponential(8, 80), 1 + (rng.random(80) > 0.7), rng.uniform(2, 30, 80)
        at = cumulative_incidence(np.minimum(ends, limit), np.where(ends <= limit, kind, 0), at=(10,)).facts["at"]["1"]
        hits += at["10"]["low"] <= truth <= at["10"]["high"]
    assert 0.935 <= hits / rounds <= 0.965


@pytest.mark.parametrize(
    ("time", "event", "word"),
    [
        ([1, -2], [1, 0], "negative"),
        ([1, np.nan], [1, 0], "missing"),
        ([1, 2], [1, 0.5], "no such"),
        ([1, 2], [1], "length"),
        ([], [], "length"),
    ],
)
def test_bad_cases_are_named(time, event, word):
    with pytest.raises(InputError, match=word):
        cumulative_incidence(time, event)


def test_nothing_ended_is_not_assessable():
    assert "no case has ended" in cumulative_incidence([1, 2], [0, 0]).reason


def test_rossi_cox(rossi):
    found = cox(rossi, "week", "arrest", TERMS)
    assert found.facts["loglik"] == pytest.approx(-658.747659, abs=1e-5)
    expected = {"fin": (-0.37942, 0.19138), "age": (-0.05744, None), "prio": (0.09150, None)}
    for term, (coefficient, error) in expected.items():
        assert found.facts[term]["coefficient"] == pytest.approx(coefficient, abs=6e-6)
        assert error is None or found.facts[term]["se"] == pytest.approx(error, abs=6e-6)
    assert found.table.set_index("term")["p_proportional"]["age"] < 0.01 < found.table["p_proportional"].max()


def test_rossi_survival(rossi):
    shown = cumulative_incidence(rossi["week"], rossi["arrest"], at=(52,)).facts["at"]["1"]["52"]
    assert 1 - shown["estimate"] == pytest.approx(0.736111, abs=5e-7)


def test_grouped_times_give_the_ratios_of_cox(rossi):
    ours = hazard_ratios(rossi.assign(week=rossi["week"] - 1), "week", "arrest", TERMS, edges=range(53)).facts
    theirs = cox(rossi, "week", "arrest", TERMS).facts
    for term in TERMS:
        near = pytest.approx(theirs[term]["coefficient"], abs=0.15 * ours[term]["se"])
        assert ours[term]["coefficient"] == near


def test_a_planted_ratio_is_found_with_half_the_cases_on_day_zero():
    rng = np.random.default_rng(11)
    group = rng.integers(0, 2, 6000)
    days = np.floor(rng.exponential(1 / (0.5 * np.where(group == 1, 2.0, 1.0))))
    limit = rng.integers(1, 9, 6000)
    frame = pd.DataFrame(
        {"days": np.minimum(days, limit), "ended": (days <= limit).astype(int), "group": np.where(group == 1, "x", "y")}
    )
    found = hazard_ratios(frame, "days", "ended", ["group"], edges=range(9))
    row = found.table.iloc[0]
    ratio = row["ratio"] if row["value"] == "x" else 1 / row["ratio"]
    assert ratio == pytest.approx(2.0, rel=0.1) and row["se"] < 0.05


def test_too_few_events_for_a_comparison(rossi):
    assert "10 each" in hazard_ratios(rossi.head(20), "week", "arrest", TERMS).reason
    assert "10 each" in cox(rossi.head(20), "week", "arrest", TERMS).reason
