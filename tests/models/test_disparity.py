"""Stops fairness: published numbers, identities, and data whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.models import disparity
from perflib.models.disparity.signals import frames_at, posteriors, search_and_hit_rate
from perflib.models.disparity.threshold import PRIORS

#: fig. 4b of Pierson et al. 2020, each place weighted by all its stops: White, Black, Hispanic.
PUBLISHED = {"RI": (0.2808, 0.2541, 0.2147), "CT": (0.2709, 0.1891, 0.2007), "IL": (0.2085, 0.1088, 0.0839)}


def test_kernel_goldens() -> None:
    search, hit = search_and_hit_rate([0.03, 0.05], [7.4, 5.0], [0.2, 0.3])
    assert search == pytest.approx([0.028141204, 0.030498716], abs=1e-9)
    assert hit == pytest.approx([0.282021540, 0.405899629], abs=1e-9)


def test_kernel_agrees_with_scipy() -> None:
    from scipy.stats import beta

    rng = np.random.default_rng(0)
    phi, lam, t = rng.uniform(0.005, 0.2, 50), rng.uniform(2, 30, 50), rng.uniform(0.03, 0.5, 50)
    search, hit = search_and_hit_rate(phi, lam, t)
    a, b = lam * phi, lam * (1 - phi)
    assert search == pytest.approx(beta.sf(t, a, b), rel=2e-5)
    assert hit == pytest.approx(beta.sf(t, a + 1, b) / beta.sf(t, a, b) * phi, rel=2e-5)


def test_gradient_of_the_threshold_posterior() -> None:
    rng = np.random.default_rng(0)
    ints = np.array([[i % 3, i // 3, 1000 + 10 * i, 50 + i, 20] for i in range(15)], dtype=np.int64)
    frames = frames_at(ints, np.full(15, -3.4), np.full(15, 2.1))
    q = np.concatenate(
        [
            np.full(3, -1.5),
            np.full(3, -2.0),
            rng.normal(0, 0.2, 15),
            np.full(3, -3.5),
            rng.normal(0, 0.2, 4),
            np.full(3, 2.0),
            rng.normal(0, 0.2, 4),
        ]
    )
    moves = 1e-5 * np.eye(len(q))
    rise = posteriors(q + moves, ints, frames, PRIORS)[0] - posteriors(q - moves, ints, frames, PRIORS)[0]
    assert posteriors(q[None], ints, frames, PRIORS)[1][0] == pytest.approx(rise / 2e-5, abs=1e-5)


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize("state", PUBLISHED)
def test_threshold_test_reproduces_the_published_thresholds(realdata: Path, state: str) -> None:
    rows = (
        pd.read_csv(realdata / "stops_threshold" / "fig4b_RI_CT_IL.csv")
        .query("state == @state")
        .rename(
            columns={
                "location_variable": "place",
                "driver_race": "group",
                "num_stops": "stops",
                "num_searches": "searches",
                "num_hits": "hits",
            }
        )
    )
    result = disparity.threshold_test(rows)
    assert np.abs(result.table["threshold"].to_numpy() - rows["inferred_threshold"].to_numpy()).max() < 0.003
    found = [result.facts["thresholds"][f"{group} drivers"]["mean"] for group in ("White", "Black", "Hispanic")]
    assert found == pytest.approx(PUBLISHED[state], abs=0.002)
    assert result.facts["rhat"] < 1.03


def test_too_few_places_are_not_assessable() -> None:
    rows = pd.DataFrame({"place": ["a", "a"], "group": ["x", "y"], "stops": 100, "searches": 9, "hits": 2})
    assert "at least" in disparity.threshold_test(rows).reason


def test_more_hits_than_searches_is_refused() -> None:
    rows = pd.DataFrame({"place": ["a", "a"], "group": ["x", "y"], "searches": [9, 9], "hits": [2, 10]})
    with pytest.raises(InputError, match="more hits than searches"):
        disparity.outcome_test(rows)


def test_outcome_test_says_when_places_reverse_the_pooled_figure() -> None:
    rows = pd.DataFrame(
        {"place": ["p", "p", "q", "q"], "group": ["x", "y"] * 2, "searches": [100, 10, 10, 100], "hits": [50, 6, 1, 20]}
    )
    result = disparity.outcome_test(rows)
    assert result.facts["hit_rates"] == pytest.approx({"x": 51 / 110, "y": 26 / 110})
    assert result.facts["within_places"] == pytest.approx({"x": 0.3, "y": 0.4})
    assert result.facts["reversed"] == [["x", "y"]]


@pytest.mark.realdata
def test_stop_and_frisk_reproduces_the_published_regressions(realdata: Path) -> None:
    raw = pd.read_csv(realdata / "gelman_stop_frisk" / "frisk_with_noise.dat", sep=r"\s+", skiprows=6)
    rows = (
        raw.rename(columns={"precinct": "place", "eth": "group", "past.arrests": "baseline"})
        .groupby(["place", "group"], as_index=False)[["stops", "baseline"]]
        .sum()
    )
    facts = disparity.multilevel_counts(rows).facts
    models = facts["models"]
    assert models["constant"]["constant"] == pytest.approx(-0.587715, abs=1e-6)
    assert [models[key]["deviance"] for key in ("constant", "group", "place")] == pytest.approx(
        [46120.2626, 45437.3532, 3427.1397], abs=1e-3
    )
    assert models["group"]["groups"] == pytest.approx([0.070208, -0.161581], abs=1e-6)
    assert models["place"]["groups"] == pytest.approx([0.010188, -0.419001], abs=1e-6)
    assert models["place"]["df"] == 148
    assert facts["dispersion"] == pytest.approx(21.8851, abs=1e-4)
