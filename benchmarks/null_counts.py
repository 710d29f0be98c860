"""How often is anything flagged when nothing changed? ``python -m benchmarks.null_counts [repeats]``.

200 beat x offence cells, negative binomial with variance/mean 1, 2 and 3 and means from 5 to 50 (even on the
logarithm). Three ways to flag: the negative-binomial test with Benjamini-Hochberg at q = 0.10, the plain E-test with
the same, and "25 % up or down". Power: 20 of the 200 cells have mean 20 and rise by half.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.models.counts import adjusted, dispersion, e_test_p, nb_p

CELLS, RISEN, MEAN, RISE, Q = 200, 20, 20.0, 1.5, 0.10
#: what is compared with what: name, earlier periods known, periods compared with.
DESIGNS = (("mean of 3 years", 3, 3), ("mean of 5 years", 5, 5), ("previous week, 8 known", 8, 1))


@dataclass(frozen=True)
class Draw:
    """One department: counts now, counts of the periods compared with, all earlier periods."""

    now: np.ndarray
    history: np.ndarray
    periods: int

    @property
    def before(self) -> np.ndarray:
        return self.history[:, -self.periods :].sum(axis=1)


def counts(rng: np.random.Generator, mean: np.ndarray, ratio: float) -> np.ndarray:
    """Counts of these means whose variance is ``ratio`` times the mean."""
    return rng.poisson(mean) if ratio == 1 else rng.negative_binomial(mean / (ratio - 1), 1 / ratio)


def draw(rng: np.random.Generator, ratio: float, known: int, periods: int, rise: float = 1.0) -> Draw:
    """A department in which nothing changed, or in which the first cells rose."""
    mean = np.exp(rng.uniform(np.log(5), np.log(50), CELLS))
    multiple = np.ones(CELLS)
    if rise != 1:
        mean[:RISEN], multiple[:RISEN] = MEAN, rise
    history = counts(rng, np.repeat(mean[:, None], known, axis=1), ratio)
    return Draw(counts(rng, mean * multiple, ratio), history, periods)


def tested(found: Draw) -> np.ndarray:
    """p-values of the negative-binomial test."""
    return nb_p(found.now, found.before, (1, found.periods), dispersion(found.history))


def once(rng: np.random.Generator, ratio: float, known: int, periods: int) -> dict[str, float]:
    """Any flag under each rule when nothing changed; the share of risen cells found."""
    null, risen = draw(rng, ratio, known, periods), draw(rng, ratio, known, periods, RISE)
    p, power = tested(null), tested(risen)
    found = {
        "nb": float((adjusted(p) <= Q).any()),
        "power_fdr": float((adjusted(power)[:RISEN] <= Q).mean()),
        "power_alone": float((power[:RISEN] <= 0.05).mean()),
        "false_alone": float((p <= 0.05).mean()),
    }
    e = e_test_p(null.now, null.before, (1, periods))
    change = null.now / np.maximum(null.before / periods, 1e-9) - 1
    return found | {
        "e_test": float((adjusted(e) <= Q).any()),
        "rule_25": float((np.abs(change) >= 0.25).any()),
        "rule_25_cells": float((np.abs(change) >= 0.25).mean()),
    }


def bound(repeats: int) -> float:
    """q and two Monte-Carlo standard errors."""
    return float(Q + 2 * np.sqrt(Q * (1 - Q) / repeats))


def row(design: tuple[str, int, int], ratio: float, repeats: int, seed: int = 1) -> dict[str, Any]:
    """One line of the table: means over the repeats."""
    name, known, periods = design
    rng = np.random.default_rng([seed, known, periods, int(ratio)])
    mean = pd.DataFrame([once(rng, ratio, known, periods) for _ in range(repeats)]).mean()
    return {"against": name, "variance_mean": ratio, **mean.to_dict()}


def main(repeats: int = 500) -> None:
    """Print the table, a line as soon as it is known."""
    print(f"{repeats} repeats, {CELLS} cells, q = {Q}: P(any flag) when nothing changed, then power for +50 % at 20")
    names = {
        "nb": "NB+FDR",
        "e_test": "E-test+FDR",
        "rule_25": "25% rule",
        "rule_25_cells": "25% cells",
        "false_alone": "NB one cell",
        "power_fdr": "power FDR",
        "power_alone": "power one",
    }
    print(f"{'against':<24}{'var/mean':>10}" + "".join(f"{words:>13}" for words in names.values()))
    held = True
    for design in DESIGNS:
        for ratio in (1.0, 2.0, 3.0):
            found = row(design, ratio, repeats)
            held &= found["nb"] <= bound(repeats)
            print(f"{design[0]:<24}{ratio:>10g}" + "".join(f"{found[name]:>13.3f}" for name in names), flush=True)
    print(f"bound {bound(repeats):.3f} held: {'yes' if held else 'NO'}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
