"""Nobody is flagged when nobody differs; most who differ are found. The full table: ``benchmarks.peers_null``."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from benchmarks.peers_null import ODD_SHARE, Case, Q, bound, run


def most(repeats: int) -> int:
    """Any-flag repeats that chance exceeds once in a thousand if the true share is .10."""
    return int(binom.ppf(0.999, repeats, Q))


@pytest.mark.parametrize("case", [Case(15, 0.0), Case(15, 0.2), Case(15, 0.4), Case(120, 0.2)])
def test_no_flags_when_nobody_differs(case: Case) -> None:
    repeats = 40 if case.n == 15 else 15
    found = run(case, repeats, seed=3).set_index("rule")
    assert found.loc["perflib", "any_flag"] * repeats <= most(repeats)
    assert found.loc["raw count", "any_flag"] == 1
    assert found.loc["fixed z", "any_flag"] > 0.2 and found.loc["3 in 180 days", "flagged"] > 0.5


def test_officers_at_three_times_the_rate_are_found() -> None:
    found = run(Case(120, 0.2, ODD_SHARE), 15, seed=4).set_index("rule")
    assert found.loc["perflib", "power"] > 0.7
    assert found.loc["perflib", "fdr"] <= Q + 3 * found.loc["perflib", "fdr_se"]
    assert found.loc["perflib", "power"] > found.loc["oracle", "power"] - 0.1
    assert found.loc["fixed z", "fdr"] > 0.4


@pytest.mark.slow
@pytest.mark.parametrize("n", [15, 200, 1000])
@pytest.mark.parametrize("cv", [0.0, 0.2])
def test_null_at_full_size(n: int, cv: float) -> None:
    assert run(Case(n, cv), 500).set_index("rule").loc["perflib", "any_flag"] <= bound(500)


@pytest.mark.slow
@pytest.mark.parametrize("n", [200, 1000])
def test_power_at_full_size(n: int) -> None:
    ours = run(Case(n, 0.2, ODD_SHARE), 500).set_index("rule").loc["perflib"]
    assert ours["fdr"] <= Q + 2 * ours["fdr_se"]
    assert ours["power"] >= 0.5
