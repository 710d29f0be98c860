"""Over-dispersed counts: what is flagged when nothing changed, and what is found when something did."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perflib.errors import InputError
from perflib.models.counts import Dispersion, adjusted, dispersion, e_test_p, nb_p, ratio_interval

CELLS, Q = 200, 0.10


def draw(rng: np.random.Generator, mean: np.ndarray, ratio: float) -> np.ndarray:
    """Counts whose variance is ``ratio`` times their mean."""
    return rng.poisson(mean) if ratio == 1 else rng.negative_binomial(mean / (ratio - 1), 1 / ratio)


def any_flag(repeats: int, ratio: float, periods: int, seed: int, plain: bool = False) -> float:
    """Share of departments without any change in which some cell is flagged at q = 0.10."""
    rng, hits = np.random.default_rng(seed), 0
    for _ in range(repeats):
        mean = np.exp(rng.uniform(np.log(5), np.log(50), CELLS))
        history, now = draw(rng, np.repeat(mean[:, None], periods, axis=1), ratio), draw(rng, mean, ratio)
        before = history.sum(axis=1)
        p = e_test_p(now, before, (1, periods)) if plain else nb_p(now, before, (1, periods), dispersion(history))
        hits += int((adjusted(p) <= Q).any())
    return hits / repeats


def bound(repeats: int) -> float:
    """q and two Monte-Carlo standard errors."""
    return Q + 2 * np.sqrt(Q * (1 - Q) / repeats)


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_nothing_is_flagged_when_nothing_changed_in_brief(ratio):
    assert any_flag(40, ratio, 4, seed=100 + ratio) <= bound(40)


@pytest.mark.slow
@pytest.mark.parametrize("periods", [3, 5])
@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_nothing_is_flagged_when_nothing_changed(ratio, periods):
    """500 departments of 200 cells, means 5 to 50, against the mean of 3 or 5 years."""
    assert any_flag(500, ratio, periods, seed=10 * periods + ratio) <= bound(500)


def test_the_plain_e_test_and_the_percentage_rule_flag_over_dispersed_cells():
    assert any_flag(10, 3, 3, seed=1, plain=True) == 1
    rng = np.random.default_rng(2)
    now, before = draw(rng, np.full(CELLS, 20.0), 3), draw(rng, np.full(CELLS, 20.0), 3)
    assert (np.abs(now / np.maximum(before, 1) - 1) >= 0.25).mean() > 0.5


def test_a_strong_change_is_found():
    """Means of 50 that double, among 200 cells, variance/mean 2, five earlier years: about 84 % are found."""
    rng, found = np.random.default_rng(6), []
    for _ in range(10):
        mean = np.full(CELLS, 50.0)
        history = draw(rng, np.repeat(mean[:, None], 5, axis=1), 2)
        mean[:10] *= 2
        p = nb_p(draw(rng, mean, 2), history.sum(axis=1), (1, 5), dispersion(history))
        found.append((adjusted(p)[:10] <= Q).mean())
    assert 0.75 < np.mean(found) < 0.95


@pytest.mark.parametrize("ratio", [1, 1.5, 3])
def test_dispersion_is_estimated_without_bias(ratio):
    rng = np.random.default_rng(3)
    found = [dispersion(draw(rng, np.full((CELLS, 4), 8.0), ratio)).pooled for _ in range(40)]
    # the slope on the mean cannot be negative, so that Poisson cells are found slightly above 1
    assert np.mean(found) == pytest.approx(ratio, rel=0.06)


def test_dispersion_that_differs_between_cells_is_not_averaged_away():
    """Half the cells are Poisson, half vary with ratio 6: the prior is loose and the two kinds are told apart."""
    rng = np.random.default_rng(4)
    mean = np.full((100, 20), 15.0)
    history = np.vstack([draw(rng, mean, 1), draw(rng, mean, 6)])
    found = dispersion(history)
    assert np.median(found.cell[:100]) < 1.6 and np.median(found.cell[100:]) > 4
    assert found.df.max() < 60


def test_dispersion_that_grows_with_the_mean_is_followed():
    """Negative binomial of size 20: variance/mean 1.25 at a mean of 5 and 6 at a mean of 100."""
    rng = np.random.default_rng(5)
    mean = np.repeat([5.0, 100.0], 100)
    history = rng.negative_binomial(20, 20 / (20 + np.repeat(mean[:, None], 4, axis=1)))
    found = dispersion(history)
    assert found.cell[:100].mean() == pytest.approx(1.25, abs=0.25)
    assert found.cell[100:].mean() == pytest.approx(6, rel=0.2)


def test_without_over_dispersion_the_test_is_the_exact_conditional_one():
    """Twice the smaller binomial tail of the count given the total (Przyborowski and Wilenski 1940)."""
    from scipy.stats import binom

    poisson = Dispersion(np.ones(1), np.full(1, np.inf), 1.0, 0)
    for now, before, years in [(12, 4, 2), (0, 7, 1), (3, 3, 3), (40, 90, 3)]:
        tails = binom.cdf(now, now + before, 1 / (1 + years)), binom.sf(now - 1, now + before, 1 / (1 + years))
        assert nb_p(now, before, (1, years), poisson)[0] == pytest.approx(min(2 * min(tails), 1), rel=1e-6)


def test_known_over_dispersion_gives_the_beta_binomial_tail():
    from scipy.stats import betabinom

    found = Dispersion(np.array([2.5]), np.array([np.inf]), 2.5, 10)
    size = 60 / 1.5
    law = betabinom(60, size / 4, size * 3 / 4)
    assert nb_p(24, 36, (1, 3), found)[0] == pytest.approx(2 * law.sf(23), rel=1e-9)


def test_few_degrees_of_freedom_give_a_t_test_for_large_counts():
    """10,600 against 40,000 / 4, dispersion 4 on 6 degrees of freedom: t = difference / sqrt(4 x 10120 (1 + 1/4))."""
    from scipy.stats import t

    found = Dispersion(np.array([4.0]), np.array([6.0]), 4.0, 100)
    value = (10_600 - 10_000) / np.sqrt(4 * (10_120 * 1.25))
    assert nb_p(10_600, 40_000, (1, 4), found)[0] == pytest.approx(2 * t.sf(value, 6), rel=0.03)


def test_listed_and_smooth_tails_meet(monkeypatch):
    from perflib.models.counts import negbin

    found = Dispersion(np.full(3, 2.0), np.full(3, 50.0), 2.0, 100)
    cells = ([900, 1000, 1080], [2900, 2900, 2900])
    listed = nb_p(*cells, (1, 3), found)
    monkeypatch.setattr(negbin, "LISTED", 10)
    assert nb_p(*cells, (1, 3), found) == pytest.approx(listed, rel=0.06)


def test_the_interval_of_a_ratio_covers_the_true_one():
    rng = np.random.default_rng(9)
    mean = np.full((2000, 4), 20.0)
    history = draw(rng, mean, 2)
    now, before = draw(rng, mean[:, 0] * 1.5, 2), history.sum(axis=1)
    low, high = ratio_interval(now, before, (1, 4), dispersion(history))
    assert 0.94 <= ((low <= 1.5) & (high >= 1.5)).mean() <= 0.985
    low, high = ratio_interval([0, 5], [5, 0], (1, 1), Dispersion(np.ones(1), np.full(1, np.inf), 1.0, 0))
    assert low[0] == 0 and np.isinf(high[1])


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), min_size=1, max_size=12), st.floats(1, 6))
@settings(max_examples=40)
def test_p_values_are_symmetric_and_do_not_depend_on_order(pairs, ratio):
    now, before = np.array(pairs).T
    found = Dispersion(np.full(len(now), ratio), np.full(len(now), 30.0), ratio, 100)
    p = nb_p(now, before, (1, 1), found)
    assert ((p >= 0) & (p <= 1)).all()
    assert p == pytest.approx(nb_p(before, now, (1, 1), found), abs=1e-9)
    assert p[::-1] == pytest.approx(nb_p(now[::-1], before[::-1], (1, 1), found), abs=1e-12)


@given(st.integers(1, 50), st.integers(1, 30), st.integers(1, 10))
@settings(max_examples=40)
def test_more_difference_is_more_evidence_and_more_dispersion_is_less(low, gap, more):
    def p(now: int, ratio: float) -> float:
        return float(nb_p(now, low, (1, 1), Dispersion(np.array([ratio]), np.array([50.0]), ratio, 100))[0])

    assert p(low + gap + more, 2) <= p(low + gap, 2) + 1e-9
    assert p(low + gap, 4) >= p(low + gap, 2) - 1e-9


def test_the_cell_that_changed_has_the_smallest_p():
    rng = np.random.default_rng(1)
    history = rng.poisson(20, (30, 4))
    now = rng.poisson(20, 30)
    now[7] = 70
    p = nb_p(now, history.sum(axis=1), (1, 4), dispersion(history))
    assert p.argmin() == 7 and 1 <= (adjusted(p) <= 0.1).sum() <= 2
    poisson = Dispersion(np.ones(1), np.full(1, np.inf), 1.0, 0)
    assert nb_p(12, 4, (1, 1), poisson)[0] == pytest.approx(0.0768, abs=5e-5)


def test_histories_that_cannot_tell_are_refused():
    for bad, message in (([[3]], "no cell has two"), ([[0, 0]], "no cell has two"), ([[1, -2]], "negative")):
        with pytest.raises(InputError, match=message):
            dispersion(bad)
    with pytest.raises(InputError, match="3 cells now, 2 before"):
        nb_p([1, 2, 3], [1, 2], (1, 1), dispersion([[3, 4]]))


def test_a_missing_period_of_the_history_is_left_out():
    table = np.array([[10, 12, np.nan, 8.0]] * 3)
    assert dispersion(table).pooled == pytest.approx(dispersion(table[:, [0, 1, 3]]).pooled)
