"""The internal benchmark: its fits against single events elsewhere, planted officers, balance, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.models import peers
from perflib.models.peers import design as designs
from perflib.models.peers.table import COLUMNS

FEATURES = ["place", "shift", "kind"]


def events(n: int = 60, per: int = 300, cv: float = 0.0, planted: int = 0, seed: int = 1) -> pd.DataFrame:
    """Officers work mostly at a place and shift of their own; outcomes depend on place, shift and kind."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(n), rng.poisson(per * np.exp(rng.normal(0, 0.3, n))))
    home, size = rng.integers(0, 6, n), len(who)
    place = np.where(rng.random(size) < 0.6, home[who], rng.integers(0, 6, size))
    shift = np.where(rng.random(size) < 0.7, home[who] % 3, rng.integers(0, 3, size))
    kind = rng.integers(0, 5, size)
    rate = rng.gamma(cv**-2, cv**2, n) if cv else np.ones(n)
    rate[:planted] = 2.5
    chance = 0.12 * np.exp(0.2 * (place - 2.5) + 0.3 * (shift - 1) + 0.1 * (kind - 2)) * rate[who]
    return pd.DataFrame(
        {
            "officer": [f"P{k:03d}" for k in who],
            "outcome": rng.random(size) < np.minimum(chance, 0.9),
            "place": place.astype(str),
            "shift": shift,
            "kind": kind,
        }
    )


def test_the_fit_is_that_of_single_events() -> None:
    """Propensity odds and the weighted logistic regression with a robust error, by statsmodels on single events."""
    import statsmodels.api as sm

    frame = events(n=8, per=400)
    row = peers.internal_benchmark(frame, "officer", "outcome", FEATURES, ridge=1e-9).table.set_index("officer")
    design = pd.get_dummies(frame[FEATURES].astype(str), drop_first=True).to_numpy(float)
    for name in ("P000", "P005"):
        mine = (frame["officer"] == name).to_numpy()
        propensity = sm.GLM(mine.astype(float), sm.add_constant(design), family=sm.families.Binomial()).fit()
        odds = np.exp(sm.add_constant(design) @ propensity.params)
        weight = np.where(mine, 1.0, odds * mine.sum() / odds[~mine].sum())
        x = np.column_stack([np.ones(len(mine)), mine, design])
        model = sm.GLM(frame["outcome"].astype(float), x, family=sm.families.Binomial(), var_weights=weight)
        found = model.fit(cov_type="HC0")
        assert row.loc[name, "log_odds"] == pytest.approx(found.params.iloc[1], abs=1e-5)
        assert row.loc[name, "error"] == pytest.approx(found.bse.iloc[1], rel=1e-4)
        others = weight[~mine]
        assert row.loc[name, "effective"] == pytest.approx(others.sum() ** 2 / (others**2).sum(), rel=1e-4)


def test_cells_lose_nothing_and_order_does_not_matter() -> None:
    frame = events(n=12)
    turned = frame.sample(frac=1, random_state=3)
    once = peers.internal_benchmark(frame, "officer", "outcome", FEATURES, ridge=1e-9).table
    again = peers.internal_benchmark(turned, "officer", "outcome", FEATURES[::-1], ridge=1e-9).table
    for column in ("estimate", "z", "effective", "imbalance"):
        assert again[column].to_numpy() == pytest.approx(once[column].to_numpy(), rel=1e-5, abs=1e-6)


def test_confounding_is_removed_and_planted_officers_found() -> None:
    frame = events(planted=3, cv=0.1)
    result = peers.internal_benchmark(frame, "officer", "outcome", FEATURES)
    table = result.table.set_index("officer")
    assert list(result.table.columns[:10]) == list(COLUMNS)
    assert {"P000", "P001", "P002"} == set(table.index[table["verdict"] == "higher"])
    crude = table["rate"] / frame["outcome"].mean()
    assert table["estimate"][3:].std() < 0.75 * crude[3:].std()
    assert table["estimate"][3:].mean() == pytest.approx(1.0, abs=0.08)
    assert result.facts["worst_imbalance"] < 0.01


def test_nobody_differs_beyond_the_heterogeneity() -> None:
    """The theoretical null calls many ordinary officers different; the rule of all comparisons does not."""
    frames = (events(n=80, cv=0.25, seed=k) for k in range(5))
    results = [peers.internal_benchmark(frame, "officer", "outcome", FEATURES) for frame in frames]
    assert sum(result.facts["flags"] > 0 for result in results) <= 2
    assert min(result.facts["flags_theoretical"] for result in results) >= 5
    assert np.mean([result.facts["cv"] for result in results]) == pytest.approx(0.25, abs=0.05)


@pytest.mark.slow
def test_z_is_standard_normal_when_nobody_differs() -> None:
    z = np.concatenate(
        [peers.internal_benchmark(events(n=100, seed=k), "officer", "outcome", FEATURES).table["z"] for k in range(10)]
    )
    assert z.mean() == pytest.approx(0, abs=0.1)
    assert z.std() == pytest.approx(1, abs=0.07)
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.05, abs=0.02)


def test_bad_balance_and_small_samples_are_refused() -> None:
    frame = events(n=30)
    alone = frame["officer"] == "P004"
    frame.loc[alone, "place"] = np.where(np.arange(alone.sum()) % 2 == 0, "only here", "3")
    few = frame[(frame["officer"] != "P005") | (frame.groupby("officer").cumcount() < 20)]
    table = peers.internal_benchmark(few, "officer", "outcome", FEATURES).table.set_index("officer")
    assert "cannot be made alike" in table.loc["P004", "reason"]
    assert table.loc["P005", "reason"] == "fewer than 50 events"
    strict = peers.internal_benchmark(frame, "officer", "outcome", FEATURES, minimum_effective=1e6)
    assert set(strict.table["verdict"]) == {"not assessable"} and strict.facts["assessed"] == 0


def test_no_outcome_at_all_is_no_accident_of_the_fit() -> None:
    frame = events(n=30)
    frame.loc[frame["officer"] == "P006", "outcome"] = False
    row = peers.internal_benchmark(frame, "officer", "outcome", FEATURES).table.set_index("officer").loc["P006"]
    assert row["estimate"] == row["low"] == 0 and 0 < row["high"] < 0.5
    assert row["verdict"] == "lower" and row["z"] < -4


def test_numbers_are_cut_into_classes_and_it_says_so() -> None:
    frame = events(n=20).assign(hour=lambda rows: np.random.default_rng(0).uniform(0, 24, len(rows)))
    result = peers.internal_benchmark(frame, "officer", "outcome", [*FEATURES, "hour"])
    assert result.facts["binned"] == ["hour"]
    assert designs.build(frame, "officer", "outcome", ["hour"], 10).levels == 10


def test_bad_input_is_named() -> None:
    frame = events(n=6, per=60)
    with pytest.raises(InputError, match="no column"):
        peers.internal_benchmark(frame, "officer", "outcome", ["plce"])
    with pytest.raises(InputError, match="true or false"):
        peers.internal_benchmark(frame.assign(outcome=2), "officer", "outcome", FEATURES)
    with pytest.raises(InputError, match="without an officer"):
        peers.internal_benchmark(
            frame.assign(officer=frame["officer"].where(frame.index > 3)), "officer", "outcome", FEATURES
        )
    with pytest.raises(InputError, match="no feature"):
        peers.internal_benchmark(frame, "officer", "outcome", [])
