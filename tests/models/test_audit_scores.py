"""The audit of scores: an analysis of variance by hand, no finding where there is none, planted ones found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f as f_distribution
from scipy.stats import ncf

from perflib.errors import InputError, PrivacyError
from perflib.models.audit_scores import explained, reweighted


def by_hand() -> pd.DataFrame:
    """Three groups (1 2 3), (2 3 4), (5 6 7), four times over: between 4 x 26, within 4 x 6."""
    return pd.DataFrame({"score": [1, 2, 3, 2, 3, 4, 5, 6, 7] * 4, "unit": list("aaabbbccc") * 4})


def test_an_analysis_of_variance_by_hand() -> None:
    """R squared 104/128; F = (104/2)/(24/33) = 71.5; epsilon squared 1 - (24/128)(35/33)."""
    row = explained(by_hand(), "score", {"assignment": ["unit"]}).table.iloc[0]
    assert (row["share"], row["alone"]) == pytest.approx((1 - 24 / 128 * 35 / 33,) * 2, abs=1e-12)
    assert row["columns"] == 2 and row["p"] == pytest.approx(1 / 2000)
    for limit, chance in ((row["low"], 0.975), (row["high"], 0.025)):
        assert ncf.cdf(71.5, 2, 33, 36 * limit / (1 - limit)) == pytest.approx(chance, abs=1e-6)


def drawn(seed: int, effect: float = 0.0, officers: int = 150) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    race = rng.choice(["a", "b", "c"], officers, p=[0.6, 0.25, 0.15])
    unit = rng.choice(list("ABCDEF"), officers)
    score = rng.gamma(2, 1, officers) + 0.8 * (unit == "A") + effect * (race == "b")
    return pd.DataFrame(
        {
            "score": score,
            "race": race,
            "sex": rng.choice(["m", "f"], officers),
            "unit": unit,
            "boss": np.char.add("s", unit),
            "birth_year": rng.integers(1965, 2000, officers),
        }
    )


BLOCKS = {"assignment": ["unit"], "demographics": ["race", "sex", "birth_year"]}


def test_the_permutation_agrees_with_the_f_test_on_normal_scores() -> None:
    rows = drawn(3)
    rows["score"] = np.random.default_rng(9).normal(size=len(rows)) + 0.25 * (rows["race"] == "b")
    result = explained(rows, "score", BLOCKS, draws=9999)
    for row in result.table.to_dict("records"):
        residual = len(rows) - 1 - 5 - 4
        share = 1 - (1 - row["share"]) * residual / (residual + row["columns"])
        value = share / row["columns"] / ((1 - share) / residual)
        if row["share"] > 0:
            assert row["p"] == pytest.approx(f_distribution.sf(value, row["columns"], residual), abs=0.02)


def test_nothing_is_found_where_nothing_is() -> None:
    """300 seeds of skewed scores that differ by unit: demographics reach p < .05 in at most .05 + 2 standard errors."""
    p = [
        explained(drawn(seed), "score", BLOCKS, draws=199, seed=seed).facts["demographics"]["p"] for seed in range(300)
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


def test_a_planted_difference_is_found_and_covered() -> None:
    """Race b gets .9 more: found in at least 45 of 50 seeds; its own share of the variance is inside the limits."""
    inside = found = 0
    for seed in range(50):
        rows = drawn(seed, 0.9, 300)
        facts = explained(rows, "score", {"assignment": ["unit"], "demographics": ["race"]}, draws=199).facts
        share = rows["race"].eq("b").mean()
        truth = 0.81 * share * (1 - share)
        inside += facts["demographics"]["low"] <= truth / (truth + 2) <= facts["demographics"]["high"]
        found += facts["demographics"]["p_adjusted"] < 0.05
    assert found >= 45 and inside >= 44


def test_what_cannot_be_told_apart_says_so() -> None:
    """One supervisor per unit: whose doing it is cannot be seen."""
    result = explained(drawn(0), "score", {"assignment": ["unit"], "supervisor": ["boss"]}, draws=99)
    assert result.table["reason"].tolist() == ["cannot be told from the other blocks"] * 2
    assert result.table["alone"].notna().all()


def test_order_scale_and_missing_rows() -> None:
    rows = drawn(1)
    before = rows.copy()
    one = explained(rows, "score", BLOCKS, draws=99).table
    pd.testing.assert_frame_equal(rows, before)
    other = explained(rows.assign(score=5 - 3 * rows["score"]), "score", BLOCKS, draws=99).table
    assert one[["alone", "share", "low", "high"]].to_numpy() == pytest.approx(
        other[["alone", "share", "low", "high"]].to_numpy(), abs=1e-9
    )
    rows.loc[:9, "race"] = None
    assert "too few" in explained(rows.head(25), "score", BLOCKS).reason
    with pytest.raises(InputError, match="race"):
        explained(rows, "score", {"who": ["rase"]})


def test_places_by_hand() -> None:
    """Ten officers: the first is best in a and worst in b. Leaving a out makes them last, doubling it first."""
    rows = pd.DataFrame(
        {"officer": [f"o{k}" for k in range(10)], "a": np.linspace(1, 0, 10), "b": np.linspace(0, 0.9, 10)}
    )
    table = reweighted(rows, "officer", {"a": 1.0, "b": 1.0}).table.set_index("officer")
    assert table.loc["o0", "place"] == 1 and table.loc["o9", "place"] == 10
    assert (table.loc["o0", "most_lost"], table.loc["o0", "lost_by"]) == (9, "a left out")
    assert table.loc["o0", "place_low"] == 1 and table.loc["o0", "place_high"] == 10
    same = reweighted(rows.assign(b=rows["a"]), "officer", {"a": 1.0, "b": 3.0})
    assert (same.table["place_low"] == same.table["place_high"]).all() and same.facts["kept_top"] == 1.0
    assert (same.table["most_lost"] == 0).all() and (same.table["lost_by"] == "").all()


def test_weights_are_checked() -> None:
    rows = pd.DataFrame({"officer": range(12), "a": np.arange(12.0), "age": np.arange(12.0)})
    with pytest.raises(PrivacyError, match="age"):
        reweighted(rows, "officer", {"a": 1.0, "age": 1.0})
    with pytest.raises(InputError, match="at least 0"):
        reweighted(rows, "officer", {"a": -1.0})
    assert "1 areas" in reweighted(rows, "officer", {"a": 1.0}).reason


@pytest.mark.realdata
def test_on_chicago_s_officers(realdata) -> None:
    """Complaints per officer, 2011-16, against year of birth: assessed on every officer with a year in the file."""
    rows = pd.read_csv(
        realdata / "chicago_training" / "pj_officer_level_balanced.csv.gz",
        usecols=["uid", "complaints", "birth_year", "appointed"],
    )
    each = rows.groupby("uid").agg(
        complaints=("complaints", "sum"), birth_year=("birth_year", "first"), appointed=("appointed", "first")
    )
    each["year"] = each["appointed"].str[:4]
    result = explained(each, "complaints", {"age": ["birth_year"], "service": ["year"]}, draws=99)
    assert not result.reason
    assert 0 <= result.facts["age"]["low"] <= result.facts["age"]["high"] < 0.2
