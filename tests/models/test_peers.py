"""Officer comparison: goldens, the flag rule, shrinkage, peer groups, and what must be refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perflib.errors import InputError, PrivacyError
from perflib.models import peers
from perflib.models.peers import flag_rule, renamed
from perflib.models.peers.funnel import overdispersion, prediction_limits
from perflib.models.peers.table import COLUMNS

NAMES = ["officer", "exposure", "peers", "estimate", "low", "high", "posterior", "fdr", "verdict"]


def officers(
    n: int = 60, cv: float = 0.2, odd: int = 3, seed: int = 4, times: float = 3.0
) -> tuple[pd.Series, pd.Series]:
    rng = np.random.default_rng(seed)
    expected = 15 * np.exp(rng.normal(0, 0.4, n))
    rate = rng.gamma(cv**-2, cv**2, n)
    rate[:odd] = times
    names = [f"P{k:03d}" for k in range(n)]
    return pd.Series(rng.poisson(expected * rate), names), pd.Series(expected, names)


def test_funnel_golden_overdispersion() -> None:
    """Spiegelhalter's z = log(O/E) sqrt(E), 10 % at each end pulled in: METHODS 6."""
    found = peers.funnel([100, 150, 180, 80, 120, 225], [108, 112, 165, 95, 100, 220])
    assert found.facts["phi"] == pytest.approx(2.948033, abs=1e-6)
    assert found.table["estimate"].iloc[1] == pytest.approx(150 / 112)


def test_winsorising_pulls_in_a_tenth_at_each_end() -> None:
    z = np.array([-9.0, -1, 0, 0, 0, 0, 0, 0, 1, 9])
    assert overdispersion(z) == pytest.approx(0.4)  # both nines become ones: four ones in ten
    assert overdispersion(z, 0.0) == pytest.approx(16.4)


def test_prediction_limits_are_those_published() -> None:
    limits = prediction_limits(np.array([15.0]))
    found = [limits[name][0] for name in ("limit_low", "limit_high", "limit_low_998", "limit_high_998")]
    assert found == pytest.approx([0.490659, 1.505544, 0.271604, 1.855808], abs=1e-6)


def test_prediction_limits_hold_the_share_they_say() -> None:
    rng = np.random.default_rng(0)
    ratio = rng.poisson(40 * rng.gamma(25, 1 / 25, 200_000)) / 40
    limits = prediction_limits(np.array([40.0]), 0.04)
    assert (ratio <= limits["limit_high"]).mean() == pytest.approx(0.975, abs=0.01)
    assert (ratio < limits["limit_low"]).mean() == pytest.approx(0.025, abs=0.01)


def test_one_table_one_row_per_officer() -> None:
    events, expected = officers()
    result = peers.funnel(events, expected)
    assert list(result.table.columns[:9]) == NAMES == list(COLUMNS[:9])
    assert result.table["officer"].tolist() == list(events.index)
    assert set(result.table["verdict"]) <= {"higher", "lower", "as peers", "not assessable"}
    facts = result.facts
    assert facts["assessed"] + facts["not_assessable"] == facts["officers"] == len(events)
    assert facts["flags"] == facts["higher"] + facts["lower"] and 0 <= facts["expected_false_flags"] <= facts["flags"]
    assert {"P000", "P001", "P002"} <= set(result.table["officer"][result.table["verdict"] == "higher"])


def test_order_and_scale_do_not_matter() -> None:
    events, expected = officers(seed=2)
    turned = peers.funnel(events.iloc[::-1], expected.iloc[::-1]).table.set_index("officer").loc[events.index]
    scaled = peers.funnel(events, expected * 250).table
    plain = peers.funnel(events, expected).table
    assert turned["fdr"].to_numpy() == pytest.approx(plain["fdr"].to_numpy(), rel=1e-6, nan_ok=True)
    assert scaled["fdr"].to_numpy() == pytest.approx(plain["fdr"].to_numpy(), rel=1e-3, nan_ok=True)


def test_the_few_do_not_widen_the_spread_of_the_many() -> None:
    """A plain moment fit takes six officers at 4 x for heterogeneity; the mixture does not."""
    events, expected = officers(150, cv=0.15, odd=6, times=4.0)
    found = flag_rule.judge(events.to_numpy(float), expected.to_numpy())
    ratio = (events / expected).to_numpy()
    moment = np.sqrt(max(np.var(ratio) - np.mean(1 / expected), 0)) / ratio.mean()
    assert moment > 0.45
    assert found.spread[0] == pytest.approx(0.15, abs=0.07)
    assert found.odd[:6].min() > 0.9 and np.median(found.odd) < 0.02


def test_the_spread_is_recovered_without_outliers() -> None:
    for cv in (0.1, 0.3, 0.6):
        events, expected = officers(400, cv=cv, odd=0, seed=int(cv * 10))
        mean, low, high = flag_rule.judge(events.to_numpy(float), expected.to_numpy()).spread
        assert low <= cv <= high and high - low < 0.25
        assert mean == pytest.approx(cv, abs=0.1)


def test_tails_against_brute_force() -> None:
    """With the spread known to be 0 and many others, the p-value is the Poisson's."""
    from scipy.stats import poisson

    rng = np.random.default_rng(3)
    expected = np.full(4000, 10.0)
    events = rng.poisson(expected).astype(float)
    found = flag_rule.judge(events, expected, cv_scale=1e-3)
    assert found.upper == pytest.approx(poisson.sf(events - 1, 10), abs=0.01)
    assert found.lower == pytest.approx(poisson.cdf(events, 10), abs=0.01)


def test_p_values_are_never_smaller_than_their_chance() -> None:
    """Nobody differs: P(p <= a) is at most a, two binomial standard errors aside, for small a."""
    rng = np.random.default_rng(11)
    p = np.concatenate(
        [
            flag_rule.judge(rng.poisson(e * rng.gamma(25, 1 / 25, 100)).astype(float), e).p
            for e in (15 * np.exp(rng.normal(0, 0.5, 100)) for _ in range(20))
        ]
    )
    for a in (0.005, 0.01, 0.05):
        assert (p <= a).mean() <= a + 2 * np.sqrt(a * (1 - a) / len(p)) + 0.002


@settings(max_examples=15)
@given(st.lists(st.integers(0, 60), min_size=8, max_size=30), st.floats(1.0, 40.0))
def test_any_counts_give_a_verdict_for_each(events: list[int], mean: float) -> None:
    result = peers.funnel(events, np.full(len(events), mean))
    if result.reason:
        return
    table = result.table
    assert len(table) == len(events) and table["verdict"].notna().all()
    assert table["fdr"].dropna().between(0, 1).all() and (table["low"] <= table["high"]).all()
    assert ((table["reason"] != "") == (table["verdict"] == "not assessable")).all()


def test_not_assessable_with_the_reason() -> None:
    events, expected = officers()
    expected.iloc[10], events.iloc[10] = 0.0, 0
    expected.iloc[11], events.iloc[11] = 2.0, 9
    expected.iloc[12] = np.nan
    table = peers.funnel(events, expected).table.set_index("officer")
    assert table.loc["P010", "reason"] == table.loc["P012", "reason"] == "no exposure recorded"
    assert table.loc["P011", "verdict"] == "not assessable" and "fewer than 5 events" in table.loc["P011", "reason"]
    small = peers.funnel(events[:4], expected[:4])
    assert set(small.table["verdict"]) == {"not assessable"} and small.facts["reasons"] == {"fewer than 5 peers": 4}


def test_bad_input_is_named() -> None:
    with pytest.raises(InputError, match="whole number"):
        peers.funnel([1.5, 2], [1, 2])
    with pytest.raises(InputError, match="negative count"):
        peers.funnel([-1, 2], [1, 2])
    with pytest.raises(InputError, match="negative or infinite"):
        peers.funnel([1, 2], [-1, 2])
    with pytest.raises(InputError, match="one per officer"):
        peers.funnel([1, 2, 3], [1, 2])
    with pytest.raises(InputError, match="more than one row"):
        peers.funnel(pd.Series([1, 2], ["a", "a"]), pd.Series([1.0, 2], ["a", "a"]))


def work(seed: int = 0, rename: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(120):
        unit, rate = k // 20, 3.0 if k in (7, 90) else rng.gamma(25, 1 / 25)
        for month in range(12):
            name = "Renamed" if rename and unit == 3 and month >= 6 else f"Unit {unit}"
            hours = rng.gamma(4, 25)
            rows.append((f"P{k}", month, name, hours, rng.poisson(hours * 0.015 * (1 + unit / 4) * rate)))
    rows += [(f"S{k}", month, "Small", 100.0, 3) for k in range(3) for month in range(12)]
    rows += [("Idle", month, "Unit 1", 0.0, 0) for month in range(12)]
    return pd.DataFrame(rows, columns=["officer", "month", "unit", "exposure", "events"])


def test_expected_events_hand_worked() -> None:
    """One cell of three officers with exposures 10, 20, 30 and events 1, 4, 9."""
    frame = pd.DataFrame({"officer": list("abc"), "unit": "x", "exposure": [10.0, 20, 30], "events": [1, 4, 9]})
    table = peers.same_work(frame, assignment=["unit"], month=None, minimum=2).table.set_index("officer")
    assert table["expected"].tolist() == pytest.approx([10 * 13 / 50, 20 * 10 / 40, 30 * 5 / 30])
    assert table["peers"].tolist() == [2, 2, 2]


def test_a_flagged_officer_leaves_the_standard_of_the_others() -> None:
    """Twelve with exposure 100; eleven have 10 events, one 100: beside the others each is expected to have 10."""
    frame = pd.DataFrame(
        {"officer": [f"P{k:02d}" for k in range(12)], "unit": "x", "exposure": 100.0, "events": [100, *[10] * 11]}
    )
    table = peers.same_work(frame, assignment=["unit"], month=None).table.set_index("officer")
    assert table.loc["P00", "verdict"] == "higher"
    assert table["expected"].tolist() == pytest.approx([10.0] * 12)


def test_same_work_finds_the_planted_and_refuses_what_it_must() -> None:
    result = peers.same_work(work())
    table = result.table.set_index("officer")
    assert list(result.table.columns[:9]) == NAMES
    flagged = set(table.index[table["verdict"].isin(["higher", "lower"])])
    assert {"P7", "P90"} <= flagged and len(flagged) <= 3
    assert (table.loc[["S0", "S1", "S2"], "reason"] == "fewer than 5 peers").all()
    assert table.loc["Idle", "reason"] == "no exposure recorded"
    assert table.loc["P65", "comparable"] == 1.0
    assert result.facts["renamed"] == [{"column": "unit", "before": "Unit 3", "after": "Renamed", "when": 6}]


def test_unit_differences_are_not_officer_differences() -> None:
    """The busiest unit has 2.25 x the rate of the calmest: its members lie at 1 beside each other, not beside all."""
    frame = work(rename=False)
    unit = frame.groupby("officer")["unit"].first()
    beside, crude = peers.same_work(frame), peers.same_work(frame, assignment=[], month=None)
    within, across = (found.table.set_index("officer")["estimate"].groupby(unit).median() for found in (beside, crude))
    assert across["Unit 5"] > 1.35 and within["Unit 5"] == pytest.approx(1.0, abs=0.12)
    assert crude.facts["cv"] > beside.facts["cv"] + 0.05


def test_a_move_is_not_a_renaming() -> None:
    rows = pd.DataFrame(
        {
            "officer": list("abcabdabd"),
            "month": [1] * 3 + [2] * 3 + [3] * 3,
            "unit": ["old"] * 3 + ["new", "old", "new"] + ["new"] * 3,
        }
    )
    assert renamed.merged(rows, "unit", "month")[1] == []
    all_at_once = rows.assign(unit=["old"] * 3 + ["new"] * 6)
    assert len(renamed.merged(all_at_once, "unit", "month")[1]) == 1


@pytest.mark.parametrize("column", ["race", "sex", "age", "officer_race", "birth_year", "Ethnicity"])
def test_protected_columns_are_refused(column: str) -> None:
    frame = work().assign(**{column: "x", "outcome": 0})
    with pytest.raises(PrivacyError, match="cannot be an input"):
        peers.same_work(frame, assignment=["unit", column])
    with pytest.raises(PrivacyError, match="cannot be an input"):
        peers.internal_benchmark(frame, "officer", "outcome", ["unit", column])


def test_fifteen_officers_get_an_honest_answer() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "officer": [f"P{k}" for k in range(15)],
            "unit": np.arange(15) % 6,
            "exposure": rng.gamma(9, 20, 15),
            "events": rng.poisson(3, 15),
        }
    )
    within = peers.same_work(frame, assignment=["unit"], month=None)
    assert set(within.table["verdict"]) == {"not assessable"} and within.reason == "fewer than 5 peers"
    whole = peers.funnel(frame.set_index("officer")["events"], frame.set_index("officer")["exposure"] * 3 / 180)
    assert whole.facts["not_assessable"] >= 13


def years(seed: int, n: int = 15) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rate = np.repeat(rng.gamma(25, 1 / 25, n), 4) * rng.gamma(100, 0.01, 4 * n)
    return pd.DataFrame(
        {
            "officer": np.repeat(np.arange(n), 4),
            "period": np.tile(range(2021, 2025), n),
            "exposure": 1.0,
            "events": rng.poisson(12 * rate),
        }
    )


def test_own_history_finds_a_change_and_seldom_anything_else() -> None:
    plain = [peers.own_history(years(seed)) for seed in range(60)]
    assert sum(found.facts["flags"] > 0 for found in plain) <= 12  # .10 of 60, and about two and a half errors
    found = 0
    for seed in range(30):
        rows = years(seed)
        rows.loc[(rows["officer"] == 3) & (rows["period"] == 2024), "events"] += 30
        found += peers.own_history(rows).table["verdict"].iloc[3] == "higher"
    assert found >= 27


def test_own_history_refuses_what_it_cannot_know() -> None:
    rows = years(1)
    rows = rows[(rows["officer"] != 2) | (rows["period"] >= 2023)]
    rows.loc[rows["officer"] == 4, "events"] = 0
    table = peers.own_history(rows).table.set_index("officer")
    assert list(peers.own_history(rows).table.columns[:9]) == NAMES
    assert table.loc[2, "reason"] == "fewer than 2 earlier periods"
    assert table.loc[4, "reason"].startswith("fewer than 5 events expected")
    with pytest.raises(InputError, match="one period only"):
        peers.own_history(rows[rows["period"] == 2024])


def test_officers_in_another_order_are_the_same_officers_and_words_are_no_numbers() -> None:
    names = [f"O{k}" for k in range(12)]
    events, expected = pd.Series(np.arange(12.0), names), pd.Series(np.linspace(5, 16, 12), names)
    pd.testing.assert_frame_equal(peers.funnel(events, expected).table, peers.funnel(events, expected[::-1]).table)
    with pytest.raises(InputError, match="different officers in their index"):
        peers.funnel(events, expected.drop("O3"))
    for wrong in (["a"] * 12, [None, "b", *range(10)]):
        with pytest.raises(InputError, match="events: is not a number"):
            peers.funnel(wrong, expected.to_numpy())


def test_shrink_golden_conjugate() -> None:
    row = peers.shrink([7], [2.5], prior=(2, 1), threshold=3).table.iloc[0]
    assert [row["estimate"], row["low"], row["high"]] == pytest.approx([2.571429, 1.175821, 4.503768], abs=1e-6)
    assert row["posterior"] == pytest.approx(0.279413, abs=1e-6)


def test_verdicts_of_funnel_and_shrink_are_the_same_rule() -> None:
    events, expected = officers(seed=8)
    one, two = peers.funnel(events, expected), peers.shrink(events, expected)
    assert one.table["verdict"].tolist() == two.table["verdict"].tolist()
    assert one.table["fdr"].to_numpy() == pytest.approx(two.table["fdr"].to_numpy(), abs=1e-9, nan_ok=True)


def test_a_group_of_three_is_not_assessable_and_groups_have_their_own_centre() -> None:
    rng = np.random.default_rng(7)
    group = np.repeat(["calm", "busy", "tiny"], [40, 40, 3])
    rate = np.where(group == "busy", 3.0, 1.0) * rng.gamma(25, 1 / 25, 83)
    events = rng.poisson(20 * rate)
    table = peers.shrink(events, np.full(83, 20.0), group=group).table
    assert (table["verdict"][80:] == "not assessable").all() and (table["reason"][80:] == "fewer than 5 peers").all()
    assert (table["verdict"][:80] != "higher").sum() >= 79
    assert table["estimate"][40:80].mean() == pytest.approx(3.0, rel=0.1)


def test_shrunken_rates_lie_between_raw_and_peers_and_cover() -> None:
    rng = np.random.default_rng(6)
    expected = np.exp(rng.normal(1.5, 0.8, 300))
    rate = rng.gamma(1 / 0.09, 0.09, 300)
    events = rng.poisson(expected * rate)
    result = peers.shrink(events, expected)
    table, centre = result.table, result.facts["centre"]
    low, high = np.minimum(table["rate"], centre), np.maximum(table["rate"], centre)
    assert (table["estimate"].between(low - 0.06, high + 0.06)).mean() > 0.97
    assert ((table["low"] <= rate) & (rate <= table["high"])).mean() == pytest.approx(0.95, abs=0.035)
    assert np.mean((table["estimate"] - rate) ** 2) < 0.5 * np.mean((table["rate"] - rate) ** 2)
    assert (table["rank_low"] <= table["rank"]).all() and (table["rank"] <= table["rank_high"]).all()


def test_shrunken_rates_do_not_depend_on_the_order_of_rows() -> None:
    events, expected = officers(seed=3)
    plain = peers.shrink(events, expected).table.set_index("officer")
    turned = peers.shrink(events.sample(frac=1, random_state=1), expected).table.set_index("officer").loc[plain.index]
    for column in ("estimate", "low", "high", "posterior", "fdr", "rank", "rank_low", "rank_high"):
        assert turned[column].to_numpy() == pytest.approx(plain[column].to_numpy(), rel=1e-6, nan_ok=True)
