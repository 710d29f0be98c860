"""Quantile regression: published fits, the linear programme solved twice, statsmodels' covariance, and its speed."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from perflib.models.quantiles import quantile_regression
from perflib.models.quantiles.interior import fit, loss
from perflib.models.quantiles.sandwich import covariance

TAUS = (0.1, 0.5, 0.9)


@pytest.fixture(scope="module")
def engel() -> pd.DataFrame:
    from statsmodels.datasets import engel

    return engel.load_pandas().data


@pytest.mark.parametrize(
    ("tau", "const", "slope"), [(0.1, 110.141575, 0.401766), (0.5, 81.482256, 0.560181), (0.9, 67.350851, 0.686299)]
)
def test_engel_as_published(engel, tau, const, slope):
    """statsmodels' fit (iterated to a tolerance) in all its digits."""
    terms = quantile_regression(engel, "foodexp", ["income"], tau).facts[f"{tau:g}"]
    assert terms["const"]["estimate"] == pytest.approx(const, rel=1e-6)
    assert terms["income"]["estimate"] == pytest.approx(slope, abs=1e-6)
    assert terms["income"]["low"] < slope < terms["income"]["high"]


@pytest.mark.parametrize(
    ("tau", "const", "slope"), [(0.1, 110.14157, 0.40177), (0.5, 81.48225, 0.56018), (0.9, 67.35087, 0.68630)]
)
def test_engel_as_the_exact_programme_has_it(engel, tau, const, slope):
    """R: quantreg::rq(foodexp ~ income, tau, data = engel), exact by the simplex method."""
    terms = quantile_regression(engel, "foodexp", ["income"], tau).facts[f"{tau:g}"]
    assert terms["const"]["estimate"] == pytest.approx(const, abs=5.01e-6)
    assert terms["income"]["estimate"] == pytest.approx(slope, abs=5.01e-6)


def designs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    generator = np.random.default_rng(11)
    n = 900
    normal = np.column_stack([np.ones(n), generator.normal(size=(n, 4))])
    codes = [generator.integers(0, k, n) for k in (6, 9, 8)]
    dummies = np.column_stack([np.ones(n), *(code == level for code in codes for level in range(1, code.max() + 1))])
    close = np.column_stack([normal, normal[:, 1] + 1e-5 * generator.normal(size=n)])
    noise = np.exp(generator.normal(1, 0.7, n))
    skewed = normal @ np.array([2, 1, -1, 0.5, 0]) + noise * (1 + np.abs(normal[:, 1]))
    return {
        "random": (normal, skewed),
        "tied outcome": (normal, np.round(skewed)),
        "dummies": (dummies, np.log(noise) + dummies @ generator.normal(size=dummies.shape[1])),
        "dummies, tied": (dummies, np.round(noise)),
        "nearly collinear": (close, skewed),
        "rare level": (np.column_stack([normal, np.arange(n) < 3]), skewed),
        "large numbers": (normal * np.array([1, 1e6, 1e-4, 1, 1]), 1e7 + 1e3 * skewed),
    }


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("case", designs())
def test_the_loss_is_the_least_there_is(case, tau):
    """The dual, solved by another solver, has the same value: no coefficients can do better."""
    design, outcome = designs()[case]
    design = design.astype(float)
    found, closed = fit(design, outcome, tau)
    scale = np.abs(design).max(axis=0)
    middle = np.median(outcome)  # a constant is in every design: shifting by it changes no residual
    other = linprog(
        middle - outcome,
        A_eq=(design / scale).T,
        b_eq=(1 - tau) * (design / scale).sum(axis=0),
        bounds=(0, 1),
        method="highs",
    )
    least = -other.fun - (1 - tau) * (outcome - middle).sum()
    assert closed
    assert loss(outcome - design @ found, tau) == pytest.approx(least, rel=1e-9)


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("case", ["random", "dummies", "tied outcome"])
def test_the_same_as_statsmodels(case, tau):
    from statsmodels.regression.quantile_regression import QuantReg

    design, outcome = designs()[case]
    design = design.astype(float)
    peer = QuantReg(outcome, design).fit(q=tau, vcov="robust", kernel="epa", bandwidth="hsheather", max_iter=5000)
    exact = fit(design, outcome, tau)[0]
    assert loss(outcome - design @ exact, tau) <= loss(outcome - design @ peer.params, tau)
    ours, theirs = covariance(design, outcome, exact, tau), peer.cov_params()
    # where the fit passes through a row, theirs takes the sign of rounding: rows / columns bounds the difference
    slack = 5e-3 if tau == 0.5 else 0.25
    assert np.abs(design @ (exact - peer.params)).max() < 1e-2 * outcome.std()
    np.testing.assert_allclose(np.sqrt(np.diag(ours)), np.sqrt(np.diag(theirs)), rtol=slack)


@pytest.mark.parametrize("tau", TAUS)
def test_covariance_is_statsmodels_to_the_last_digits(engel, tau, monkeypatch):
    """Given the same coefficients, and its signs of residuals that are zero but for rounding, the same numbers."""
    from statsmodels.regression.quantile_regression import QuantReg

    from perflib.models.quantiles import sandwich

    design, outcome = np.column_stack([np.ones(len(engel)), engel["income"]]), engel["foodexp"].to_numpy()
    peer = QuantReg(outcome, design).fit(q=tau, vcov="robust", kernel="epa", bandwidth="hsheather", max_iter=5000)
    interval = quantile_regression(engel, "foodexp", ["income"], tau).table
    np.testing.assert_allclose(interval[["low", "high"]].to_numpy(float), peer.conf_int(), rtol=3e-2)
    monkeypatch.setattr(sandwich, "_ZERO", 0.0)
    np.testing.assert_allclose(covariance(design, outcome, peer.params, tau), peer.cov_params(), rtol=1e-9)


def test_a_median_of_an_even_number_lies_in_the_middle_and_row_order_is_irrelevant():
    values = np.array([1.0, 2.0, 4.0, 9.0])
    assert 2 < fit(np.ones((4, 1)), values, 0.5)[0][0] < 4
    design, outcome = designs()["dummies, tied"]
    order = np.random.default_rng(1).permutation(len(outcome))
    one, two = fit(design.astype(float), outcome, 0.5)[0], fit(design[order].astype(float), outcome[order], 0.5)[0]
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_the_first_category_is_the_reference_whatever_its_name():
    generator = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "y": generator.normal(size=300),
            "busy": generator.random(300) < 0.5,
            "group": pd.Categorical(["b", "a", "c"] * 100, ["c", "a", "b", "never"]),
        }
    )
    result = quantile_regression(frame, "y", ["group", "busy"])
    assert list(result.table["term"]) == ["const", "group: a", "group: b", "busy: True"]
    texts = quantile_regression(frame.assign(group=frame["group"].astype(str)), "y", ["group", "busy"])
    assert list(texts.table["term"]) == ["const", "group: b", "group: c", "busy: True"]


def test_repeated_terms_and_equal_values_are_said():
    generator = np.random.default_rng(3)
    frame = pd.DataFrame({"y": generator.normal(size=300), "x": generator.normal(size=300)})
    twice = quantile_regression(frame.assign(z=frame["x"]), "y", ["x", "z"])
    once = quantile_regression(frame, "y", ["x"]).facts["0.5"]["x"]["estimate"]
    assert "repeat one another" in " ".join(twice.caveats)
    assert twice.facts["0.5"]["x"]["estimate"] == pytest.approx(once / 2, abs=1e-6)
    assert "equal" in quantile_regression(frame.assign(y=1.0 * (frame["x"] > 2)), "y", ["x"]).reason


def test_ten_thousand_rows_of_forty_columns_take_half_a_second():
    generator = np.random.default_rng(1)
    codes = [generator.integers(0, 10, 10_000) for _ in range(4)]
    design = np.column_stack(
        [
            np.ones(10_000),
            *(code == level for code in codes for level in range(1, 10)),
            generator.normal(size=(10_000, 3)),
        ]
    ).astype(float)
    outcome = design @ generator.normal(size=40) + generator.normal(size=10_000)
    spent = []
    for tau in TAUS:
        start = time.process_time()
        assert fit(design, outcome, tau)[1]
        spent.append(time.process_time() - start)
    assert np.median(spent) < 0.5
