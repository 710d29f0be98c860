"""Officers at the same scenes: exact likelihood, published posterior, planted truth, and what must not matter."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.models import sampler
from perflib.models.same_scene import likelihood, same_scene
from perflib.models.same_scene.compare import _rows, _scenes
from perflib.models.same_scene.fitting import density


def one(lam: np.ndarray, y: np.ndarray, s: np.ndarray) -> tuple[float, np.ndarray]:
    share, count, stride = np.empty((len(y), len(s))), np.empty(len(s), np.int64), np.empty(len(s), np.int64)
    return likelihood.incident(lam, y, s, share, np.empty((2, len(y) + 1, 300)), count, stride), share


def test_likelihood_golden() -> None:
    starts = np.array([0, 2, 4, 7, 9, 12])
    officer = np.array([1, 2, 2, 3, 1, 3, 4, 2, 4, 1, 2, 4]) - 1
    level = np.array([1, 3, 2, 1, 1, 2, 3, 2, 2, 3, 1, 2]) - 1
    lam, scores = np.array([-0.8, -0.1, 0.5, 1.2]), np.array([0.0, 1.0, 1.6])
    found = likelihood.likelihood(
        lam, scores, starts, officer, level, np.array([3, 8]), np.zeros(4), np.zeros(3), np.zeros(12)
    )
    assert found == pytest.approx(-4.773098622770, abs=1e-11)


@pytest.mark.parametrize("y", [[0, 0, 1, 2, 3, 1, 3], [1, 1, 0, 1, 1], [2, 0, 2, 2, 0, 0], [0, 1]])
def test_recursion_equals_enumeration(y: list[int]) -> None:
    levels, s = np.array(y), np.array([0.0, 1.0, 1.7, 4.0])
    lam = np.random.default_rng(1).normal(0, 2, len(y))
    ways = np.array(sorted(set(permutations(y))))
    weight = np.exp((lam * s[ways]).sum(axis=1))
    log, share = one(lam, levels, s)
    assert log == pytest.approx((lam * s[levels]).sum() - np.log(weight.sum()), abs=1e-12)
    dealt = [[weight[ways[:, r] == j].sum() / weight.sum() for j in set(y)] for r in range(len(y))]
    assert share[:, sorted(set(y))] == pytest.approx(np.array(dealt), abs=1e-12)
    assert one(lam + 3.7, levels, s)[0] == pytest.approx(log, abs=1e-11)


def scenes(seed: int = 0, planted: float = 4.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    lam = rng.normal(0, 0.3, 40)
    lam[7] += planted
    rows = []
    for i in range(400):
        shared = rng.normal(0, 2)
        for k in rng.choice(40, rng.integers(2, 6), replace=False):
            rows.append((i, f"o{k:02d}", 1 + int(lam[k] + shared + rng.logistic() > 1)))
    return pd.DataFrame(rows, columns=["scene", "officer", "level"])


def test_a_planted_officer_is_found_and_the_order_of_rows_does_not_matter() -> None:
    rows = scenes()
    asked = {"draws": 150, "warmup": 80, "chains": 4}
    result = same_scene(rows, "scene", "officer", "level", **asked)
    assert result.table.set_index("officer")["verdict"].drop("o07").isin(["as peers"]).all()
    assert result.table.set_index("officer").loc["o07", "verdict"] == "higher"
    shuffled = same_scene(rows.sample(frac=1, random_state=1), "scene", "officer", "level", **asked)
    pd.testing.assert_frame_equal(result.table, shuffled.table)


def test_nobody_is_flagged_where_nobody_differs() -> None:
    rows = scenes(3, planted=0.0)
    rng = np.random.default_rng(5)
    rows["level"] = rows.groupby("scene")["level"].transform(lambda y: rng.permutation(y.to_numpy()))
    result = same_scene(rows, "scene", "officer", "level", draws=150, warmup=80, chains=4)
    assert result.facts["higher"] + result.facts["lower"] == 0


def test_three_officers_have_no_tail_and_a_repeated_officer_is_refused() -> None:
    rows = scenes()
    few = rows[rows["officer"].isin(["o01", "o02", "o03"])]
    table = same_scene(few, "scene", "officer", "level", draws=50, warmup=50, chains=2).table
    assert set(table["verdict"]) == {"not assessable"}
    assert (table["reason"] != "").all()
    with pytest.raises(InputError, match="more than once"):
        same_scene(pd.concat([rows, rows.head(1)]), "scene", "officer", "level")


@pytest.mark.realdata
def test_two_level_mode_reproduces_conditional_logit(realdata: Path) -> None:
    raw = pd.read_csv(realdata / "seattle_force" / "spd_force_levels.csv.gz")
    rows = _rows(raw.assign(y=raw["y"].clip(upper=2)), "id", "idOff", "y")
    made, ids = _scenes(rows[rows.groupby("incident")["level"].transform("nunique") > 1], 2.0)
    with density(made) as both:
        at = sampler.mode(both, np.zeros(made.parameters))
    with density(made) as both:
        assert np.abs(both(at[None])[1]).max() < 1e-3
    assert at[ids.get_indexer([28, 836, 182])] == pytest.approx([2.922, 2.556, 2.392], abs=0.01)
    assert at.mean() == pytest.approx(0, abs=1e-6)


@pytest.mark.slow
@pytest.mark.realdata
def test_the_published_posterior_is_reproduced(realdata: Path) -> None:
    raw = pd.read_csv(realdata / "seattle_force" / "spd_force_levels.csv.gz")
    known = pd.read_csv(realdata / "seattle_force" / "published_posterior_even_ids.csv").set_index("idOff")
    result = same_scene(raw, "id", "idOff", "y")
    found = result.table.set_index("officer").loc[known.index]
    both = found["estimate"].notna() & known["lamMean"].notna()
    often = both & (known["nInc"] >= 30)
    assert np.corrcoef(found.loc[often, "estimate"], known.loc[often, "lamMean"])[0, 1] > 0.99
    gap = np.maximum((found["low"] - known["lam025"]).abs(), (found["high"] - known["lam975"]).abs())
    assert (gap / (known["lam975"] - known["lam025"]))[both].lt(0.15).mean() > 0.95
    assert result.facts["no_peers"] == pytest.approx(313, rel=0.05)
    assert found.loc[28, ["estimate", "low", "high"]].tolist() == pytest.approx([3.001081, 2.278690, 3.753581], abs=0.1)
    assert result.facts["higher"] == pytest.approx(6, abs=1)
    assert result.facts["lower"] == pytest.approx(58, abs=8)
