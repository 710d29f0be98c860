"""Who is flagged when nobody differs, and who when some do? ``python -m benchmarks.peers_null [repeats] [officers]``.

Officers with unequal exposure, about 15 expected events each (lognormal, sd of the logarithm .5). Null: their rates are
gamma with a coefficient of variation of 0, .2 or .4, and nobody differs beyond that. Power: 5 % of officers have three
times the rate, the rest a coefficient of variation of .2. The flag rule of ``perflib.models.peers`` at q = .10 stands
beside an oracle that knows the centre, the spread and who is ordinary on average, and beside three usual rules: the
5 % with the highest raw counts, a fixed |z| > 1.96 of observed against expected, and "3 events in 180 days" (three
years of records). The bound of the issue is .10 + 2 standard errors.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from perflib.models.counts import adjusted
from perflib.models.peers import flag_rule

Q, MEAN, LEAST, TIMES, ODD_SHARE = 0.10, 15.0, 5.0, 3.0, 0.05
DAYS, WINDOW, MANY = 3 * 365, 180, 3
RULES = ("perflib", "oracle", "raw count", "fixed z", "3 in 180 days")


@dataclass(frozen=True)
class Case:
    """``n`` officers, ordinary ones with this coefficient of variation, a share who have ``TIMES`` the rate."""

    n: int
    cv: float
    odd: float = 0.0


SIZES = (15, 200, 1000)
CASES = tuple(case for n in SIZES for case in (Case(n, 0.0), Case(n, 0.2), Case(n, 0.2, ODD_SHARE), Case(n, 0.4)))


def draw(rng: np.random.Generator, case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Events, expected events, and who truly differs."""
    expected = MEAN * np.exp(rng.normal(0, 0.5, case.n) - 0.125)
    rate = rng.gamma(case.cv**-2, case.cv**2, case.n) if case.cv else np.ones(case.n)
    odd = np.zeros(case.n, bool)
    odd[: max(1, round(case.odd * case.n)) if case.odd else 0] = True
    rate[odd] = TIMES
    return rng.poisson(expected * rate).astype(float), expected, odd


def flags(rng: np.random.Generator, case: Case, events: np.ndarray, expected: np.ndarray) -> dict[str, np.ndarray]:
    """Who is flagged under each rule, among officers who can be assessed."""
    found = flag_rule.judge(events, expected)
    open_to = expected * found.centre >= LEAST
    with np.errstate(invalid="ignore"):
        ours = adjusted(np.where(open_to, found.p, np.nan)) <= Q
        oracle = adjusted(np.where(open_to, _known(events, expected, case.cv), np.nan)) <= Q
    z = (events - expected * events.sum() / expected.sum()) / np.sqrt(expected * events.sum() / expected.sum())
    ranked = np.argsort(-events, kind="stable")[: max(1, round(0.05 * case.n))]
    return {
        "perflib": ours,
        "oracle": oracle,
        "raw count": np.isin(np.arange(case.n), ranked),
        "fixed z": np.abs(z) > 1.96,
        "3 in 180 days": _within(rng, events),
    }


def _known(events: np.ndarray, expected: np.ndarray, cv: float) -> np.ndarray:
    """Two-sided p-values of somebody who knows how ordinary officers vary."""
    from scipy.stats import nbinom, poisson

    law = nbinom(cv**-2, cv**-2 / (cv**-2 + expected)) if cv else poisson(expected)
    return np.minimum(1.0, 2 * np.minimum(law.sf(events - 1), law.cdf(events)))


def _within(rng: np.random.Generator, events: np.ndarray) -> np.ndarray:
    """Whether any 180 days hold three events, the events falling evenly over three years."""
    who = np.repeat(np.arange(len(events)), events.astype(int))
    day = rng.uniform(0, DAYS, len(who))
    order = np.lexsort((day, who))
    who, day = who[order], day[order]
    near = (who[MANY - 1 :] == who[: 1 - MANY]) & (day[MANY - 1 :] - day[: 1 - MANY] <= WINDOW)
    return np.isin(np.arange(len(events)), who[MANY - 1 :][near])


def run(case: Case, repeats: int, seed: int = 20) -> pd.DataFrame:
    """Per rule: share of repeats with any flag, mean false share of flags with its error, power, share flagged."""
    rng = np.random.default_rng([seed, case.n, round(100 * case.cv), round(100 * case.odd)])
    seen: dict[str, list[tuple[float, ...]]] = {name: [] for name in RULES}
    for _ in range(repeats):
        events, expected, odd = draw(rng, case)
        for name, flag in flags(rng, case, events, expected).items():
            false = (flag & ~odd).sum() / max(flag.sum(), 1)
            power = flag[odd].mean() if odd.any() else np.nan
            seen[name].append((float(flag.any()), false, power, flag.mean()))
    rows = []
    for name, found in seen.items():
        any_, false, power, share = np.array(found).T
        rows.append(
            {
                "officers": case.n,
                "cv": case.cv,
                "odd": case.odd,
                "rule": name,
                "any_flag": any_.mean(),
                "fdr": false.mean(),
                "fdr_se": false.std(ddof=1) / len(false) ** 0.5,
                "power": power.mean(),
                "flagged": share.mean(),
            }
        )
    return pd.DataFrame(rows)


def bound(repeats: int) -> float:
    """.10 and two standard errors of a share of .10 over the repeats."""
    return Q + 2 * float(np.sqrt(Q * (1 - Q) / repeats))


def main(repeats: int, sizes: tuple[int, ...] = SIZES) -> None:
    """Print the table, and whether each case keeps its bound."""
    begun = time.perf_counter()
    print(f"{repeats} repeats; q = {Q}; bound on P(any flag) {bound(repeats):.3f}; power and FDR: 5 % at {TIMES:g} x")
    for case in (one for one in CASES if one.n in sizes):
        found = run(case, repeats)
        ours = found.set_index("rule").loc["perflib"]
        kept = (
            ours["fdr"] <= Q + 2 * ours["fdr_se"] and ours["power"] >= 0.5
            if case.odd
            else (ours["any_flag"] <= bound(repeats))
        )
        head = f"{case.n:5d} officers, CV {case.cv:.1f}, {case.odd:.0%} odd: {'kept' if kept else 'NOT KEPT'}"
        print(f"{head}  ({time.perf_counter() - begun:.0f} s)")
        for row in found.to_dict("records"):
            more = f"  FDR {row['fdr']:.3f} (se {row['fdr_se']:.3f})  power {row['power']:.2f}" if case.odd else ""
            print(
                f"      {row['rule']:<14} any flag {row['any_flag']:.3f}  flagged {row['flagged']:.3f}{more}",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500, (int(sys.argv[2]),) if len(sys.argv) > 2 else SIZES)
