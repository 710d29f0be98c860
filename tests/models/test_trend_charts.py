"""Control charts against published numbers, properties, and false alarms on noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perflib.errors import InputError
from perflib.models.trend import control_chart
from perflib.words.counts import chart_caveats

#: Montgomery, Introduction to Statistical Quality Control: orange juice cans (n = 50), circuit boards.
JUICE = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
CIRCUIT = [21, 24, 16, 12, 15, 5, 28, 20, 31, 25, 20, 24, 16, 19, 10, 17, 13, 22, 18, 39, 30, 24, 16, 19, 17, 15]
DRIFT = [
    102.0,
    94.8,
    98.3,
    98.4,
    102.0,
    98.5,
    99.0,
    97.7,
    100.0,
    98.1,
    101.3,
    98.7,
    101.1,
    98.4,
    97.0,
    96.7,
    100.3,
    101.4,
    97.2,
    101.0,
]


def test_p_chart_orange_juice():
    facts = control_chart(JUICE, "p", [50] * 30, direction="down").facts
    assert facts["centre"] == pytest.approx(0.2313333, abs=5e-8)
    assert (facts["lower"], facts["upper"]) == (pytest.approx(0.05242755, abs=5e-9), pytest.approx(0.4102391, abs=5e-8))
    assert facts["signals"] == [15, 23] == facts["deteriorations"]


def test_c_chart_circuit():
    facts = control_chart(CIRCUIT, "c").facts
    assert facts["centre"] == pytest.approx(19.84615, abs=5e-6)
    assert (facts["lower"], facts["upper"]) == (pytest.approx(6.481447, abs=5e-7), pytest.approx(33.21086, abs=5e-6))
    assert facts["signals"] == [6, 20]


def test_cusum_sums_of_the_twenty_points():
    facts = control_chart(DRIFT, "cusum", target=99, k=1, h=10).facts
    upper = [2, 0, 0, 0, 2, 0.5, 0, 0, 0, 0, 1.3, 0, 1.1, 0, 0, 0, 0.3, 1.7, 0, 1.0]
    lower = [0, 3.2, 2.9, 2.5, 0, 0, 0, 0.3, 0, 0, 0, 0, 0, 0, 1.0, 2.3, 0, 0, 0.8, 0]
    np.testing.assert_allclose(facts["upper_sums"], upper, atol=1e-9)
    np.testing.assert_allclose(facts["lower_sums"], lower, atol=1e-9)
    assert facts["upper"] == facts["upper_sums"] and facts["lower"] == facts["lower_sums"]
    assert facts["signals"] == []


def test_individuals_chart_flow_rates():
    """NIST/SEMATECH e-Handbook 6.3.2.2: mean 50.81, limits 45.8159 and 55.8041 with d2 rounded to 1.128."""
    facts = control_chart([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1], "i").facts
    assert facts["centre"] == pytest.approx(50.81, abs=1e-9)
    assert facts["upper"] == pytest.approx(50.81 + (55.8041 - 50.81) * 1.128 * np.sqrt(np.pi) / 2, abs=1e-4)
    assert facts["lower"] == pytest.approx(50.81 - (50.81 - 45.8159) * 1.128 * np.sqrt(np.pi) / 2, abs=1e-4)


def test_ewma_of_the_handbook():
    """NIST/SEMATECH e-Handbook 6.3.2.4: target 50, sd 2.0539, weight .3; limits 47.4115 and 52.5884 in the long run."""
    values = [
        52.0,
        47.0,
        53.0,
        49.3,
        50.1,
        47.0,
        51.0,
        50.1,
        51.2,
        50.5,
        49.6,
        47.6,
        49.9,
        51.3,
        47.8,
        51.2,
        52.6,
        52.4,
        53.6,
        52.1,
    ]
    shown = [
        50.60,
        49.52,
        50.56,
        50.18,
        50.16,
        49.21,
        49.75,
        49.85,
        50.26,
        50.33,
        50.11,
        49.36,
        49.52,
        50.05,
        49.38,
        49.92,
        50.73,
        51.23,
        51.94,
        51.99,
    ]
    chart = control_chart(values, "ewma", target=50, sd=2.0539, weight=0.3)
    np.testing.assert_allclose(chart.table["statistic"], shown, atol=0.0051)
    assert chart.table["lower"].iloc[-1] == pytest.approx(47.4115, abs=2e-4)
    assert chart.table["upper"].iloc[-1] == pytest.approx(52.5884, abs=2e-4)
    assert chart.facts["signals"] == []


def test_u_and_g_limits_by_hand():
    u = control_chart([4, 6, 2], "u", [2.0, 2.0, 2.0]).facts  # u = 12/6 = 2, 2 +- 3 sqrt(2/2)
    assert (u["centre"], u["lower"], u["upper"]) == (2.0, 0.0, 5.0)
    g = control_chart([2, 4, 6], "g").facts  # g = 4, 4 + 3 sqrt(20)
    assert (g["centre"], g["lower"]) == (4.0, 0.0)
    assert g["upper"] == pytest.approx(4 + 3 * np.sqrt(20))


def test_laney_by_hand_and_alias():
    """p = .5, se = .05 each, z = -2, 2, 0: moving ranges 4, 2, mean 3, sigma_z = 3 sqrt(pi) / 2."""
    facts = control_chart([40, 60, 50], "laney", [100] * 3, sigma=1.0).facts
    assert facts["inflation"] == pytest.approx(1.5 * np.sqrt(np.pi))
    assert facts["upper"] == pytest.approx(0.5 + 0.05 * 1.5 * np.sqrt(np.pi))
    assert control_chart([40, 60, 50], "p_prime", [100] * 3, sigma=1.0).facts == facts


def test_large_samples_flag_everything_on_p_and_little_on_laney():
    generator = np.random.default_rng(3)
    truth = 0.3 + generator.normal(0, 0.01, 40)
    counts = generator.binomial(100_000, truth)
    plain = control_chart(counts, "p", [100_000] * 40)
    assert len(plain.facts["signals"]) > 15
    assert plain.facts["inflation"] > 5
    assert len(control_chart(counts, "p_prime", [100_000] * 40).facts["signals"]) <= 1


def test_medians_with_known_errors_have_their_own_limits():
    values, errors = [7.0, 7.2, 6.9, 7.1, 7.0, 9.0], [0.1, 0.2, 0.1, 0.2, 0.1, 0.4]
    chart = control_chart(values, "i", errors=errors, baseline=5, direction="down")
    weights = np.array(errors[:5]) ** -2.0
    centre = np.average(values[:5], weights=weights)
    assert chart.facts["centre"] == pytest.approx(centre)
    width = (chart.table["upper"] - chart.table["centre"]) / np.array(errors)
    np.testing.assert_allclose(width, 3 * chart.facts["inflation"])
    assert chart.facts["signals"] == [6] == chart.facts["deteriorations"]


def test_rebase_by_date_and_signal_dates():
    dates = pd.date_range("2024-01-01", periods=24, freq="MS")
    values = [10.0, 10.4] * 6 + [20.0, 20.4] * 6
    kept = control_chart(values, "i", dates=dates, rebase=["2025-01-01"])
    assert kept.facts["centre"] == [pytest.approx(10.2)] * 12 + [pytest.approx(20.2)] * 12
    assert kept.facts["signals"] == []
    plain = control_chart([10.0, 10.4] * 11 + [10.0, 30.0], "i", dates=dates)
    assert plain.facts["signals"] == [24] and plain.facts["signal_dates"] == ["2025-12-01"]


def test_gaps_are_kept_and_not_judged():
    chart = control_chart([5.0, np.nan, 6.0, 5.5, 6.1], "i")
    assert chart.table["signal"].tolist() == [False] * 5 and np.isnan(chart.table["statistic"][1])
    assert chart.facts["n"] == 4
    assert chart.facts["centre"] == pytest.approx(22.6 / 4)


def test_runs_are_named_with_their_meaning():
    chart = control_chart(
        [1.0, 0.9, 1.1, 1.0, 0.8, 1.2, 0.9, 1.0, 1.45, 1.4, 1.5, 1.44, 1.46, 1.4, 1.5, 1.45],
        "i",
        direction="down",
        sigma=10,
    )
    assert chart.facts["run_points"] == list(range(1, 17))
    assert chart.table["rule"].iloc[-1] == "8 or more in a row above the centre: deterioration"
    assert chart.facts["signals"] == []


@pytest.mark.parametrize(("n", "word"), [(11, "provisional"), (15, "uncertain"), (30, "")])
def test_short_series_warn(n, word):
    caveats = chart_caveats(control_chart(np.tile([3.0, 4.0, 2.0], 10)[:n], "i").facts)
    assert [word in caveat for caveat in caveats if "points are few" in caveat] == ([True] if word else [])


def test_season_is_noticed():
    wave = 10 + 3 * np.sin(np.arange(60) * np.pi / 6) + np.random.default_rng(0).normal(0, 0.5, 60)
    assert control_chart(wave, "i").facts["related"] > 0.5
    assert control_chart(np.random.default_rng(0).normal(0, 1, 60), "i").facts["related"] is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"kind": "q"}, "kind"),
        ({"kind": "p"}, "sizes"),
        ({"kind": "i", "direction": "left"}, "direction"),
        ({"kind": "p", "sizes": [1, 1, 1]}, "exceeds"),
        ({"kind": "i", "sizes": [1, 1, 1]}, "sizes"),
        ({"kind": "i", "rebase": [9]}, "rebase"),
        ({"kind": "c", "errors": [1, 1, 1]}, "errors"),
        ({"kind": "i", "dates": ["2024-01-01"]}, "dates"),
        ({"kind": "ewma", "weight": 0}, "weight"),
    ],
)
def test_wrong_arguments_are_named(arguments, word):
    with pytest.raises(InputError, match=word):
        control_chart([5, 6, 7], **arguments)


def test_two_points_are_not_assessable():
    assert "at least 3" in control_chart([1, 2], "c").reason


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 50), min_size=3, max_size=40),
    st.sampled_from(["p", "p_prime", "c", "u", "g", "i", "ewma", "cusum"]),
)
def test_signals_are_exactly_the_points_outside(values, kind):
    sizes = [50] * len(values) if kind in ("p", "p_prime", "u") else None
    before = list(values)
    chart = control_chart(values, kind, sizes)
    table = chart.table
    outside = (table["statistic"] > table["upper"] + 1e-6) | (table["statistic"] < table["lower"] - 1e-6)
    assert table["point"][outside].tolist() == chart.facts["signals"]
    assert (table["lower"] <= table["centre"] + 1e-12).all() and (table["centre"] <= table["upper"] + 1e-12).all()
    assert values == before


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=5, max_size=30), st.floats(0.1, 10), st.floats(-50, 50))
def test_individuals_chart_moves_with_its_unit(values, scale, shift):
    one, two = (control_chart(np.array(values) * s + t, "i").table for s, t in ((1, 0), (scale, shift)))
    np.testing.assert_allclose(two["upper"], one["upper"] * scale + shift, atol=1e-6)


def test_false_alarms_on_noise():
    """About .27 % of points of a 3-sigma chart signal on noise; 200 series of 40 points."""
    generator = np.random.default_rng(11)
    shares = {
        "p": np.mean(
            [
                len(control_chart(generator.binomial(200, 0.3, 40), "p", [200] * 40).facts["signals"]) / 40
                for _ in range(200)
            ]
        ),
        "i": np.mean([len(control_chart(generator.normal(0, 1, 40), "i").facts["signals"]) / 40 for _ in range(200)]),
        "errors": np.mean(
            [
                len(control_chart(generator.normal(0, 1, 40), "i", errors=[1.0] * 40).facts["signals"]) / 40
                for _ in range(200)
            ]
        ),
    }
    assert max(shares.values()) < 0.006, shares
