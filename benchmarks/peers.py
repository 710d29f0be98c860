"""How long the officer comparisons take. ``python -m benchmarks.peers [subset] [data folder]``.

1. The doubly robust benchmark for 1,000 officers and 500,000 events with five features (12 places, 3 shifts, 8 kinds,
   7 weekdays, 6 parts of the day): bar 5 minutes on 2 processors. Rule: events of one officer with the same features
   are added up to cells before either regression. The effect on the estimate is printed: the largest difference from
   fits on single events, for a subset of officers.
2. The peer: the same two regressions per officer on single events with scikit-learn (propensity) and statsmodels
   (weighted outcome regression with a robust error), for a subset of officers, scaled to all.
3. The same-scene fit on the Seattle force data, compilation included: bar 60 s.

The last line is ``ratio``: our time over the peer's.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp()  # so that compilation is always part of the time
from perflib.models import peers
from perflib.models.same_scene import same_scene

OFFICERS, EVENTS = 1000, 500_000
FEATURES = ["place", "shift", "kind", "weekday", "part"]
SIZES = (12, 3, 8, 7, 6)


def department(seed: int = 5) -> pd.DataFrame:
    """Events of officers with places and shifts of their own; the outcome depends on every feature and the officer."""
    rng = np.random.default_rng(seed)
    share = rng.lognormal(0, 0.4, OFFICERS)
    who = np.sort(rng.choice(OFFICERS, EVENTS, p=share / share.sum()))
    home, turn = rng.integers(0, SIZES[0], OFFICERS), rng.integers(0, SIZES[1], OFFICERS)
    codes = [rng.integers(0, size, EVENTS) for size in SIZES]
    codes[0] = np.where(rng.random(EVENTS) < 0.6, home[who], codes[0])
    codes[1] = np.where(rng.random(EVENTS) < 0.7, turn[who], codes[1])
    rate = rng.gamma(25, 1 / 25, OFFICERS)
    rate[:20] = 2.5
    slopes = [rng.normal(0, 0.25, size) for size in SIZES]
    chance = 0.1 * np.exp(sum(slope[code] for slope, code in zip(slopes, codes, strict=True))) * rate[who]
    frame = pd.DataFrame({name: pd.Series(code).astype(str) for name, code in zip(FEATURES, codes, strict=True)})
    return frame.assign(officer=[f"P{k:04d}" for k in who], outcome=rng.random(EVENTS) < np.minimum(chance, 0.9))


def single(frame: pd.DataFrame, design: np.ndarray, officer: str) -> tuple[float, float]:
    """The peer: log odds ratio and its robust error for one officer from single events."""
    import statsmodels.api as sm
    from sklearn.linear_model import LogisticRegression

    mine = (frame["officer"] == officer).to_numpy()
    odds = LogisticRegression(C=1e4, tol=1e-8, max_iter=500).fit(design, mine).decision_function(design)
    weight = np.where(mine, 1.0, np.exp(odds) * mine.sum() / np.exp(odds[~mine]).sum())
    x = np.column_stack([np.ones(len(design)), mine, design])
    model = sm.GLM(frame["outcome"].astype(float), x, family=sm.families.Binomial(), var_weights=weight)
    found = model.fit(cov_type="HC0")
    return float(found.params.iloc[1]), float(found.bse.iloc[1])


def benchmark(subset: int) -> tuple[float, float]:
    """Seconds of ours for all officers and of the peer's scaled to all."""
    frame = department()
    begun, worked = time.perf_counter(), time.process_time()
    found = peers.internal_benchmark(frame, "officer", "outcome", FEATURES)
    ours = time.perf_counter() - begun
    print(
        f"internal benchmark: {OFFICERS:,} officers x {EVENTS:,} events in {ours:.1f} s (bar 300 s; processor "
        f"{time.process_time() - worked:.1f} s); {found.facts['cells']:,} cells",
        flush=True,
    )
    print(f"  {found.facts['flags']} of {found.facts['assessed']} officers flagged")
    table = found.table.set_index("officer")
    planted = table.loc[[f"P{k:04d}" for k in range(20)], "verdict"]
    print(
        f"  of 20 officers planted at 2.5 x: {(planted == 'higher').sum()} flagged; "
        f"others flagged: {found.facts['flags'] - (planted == 'higher').sum()}"
    )
    names = table.index[np.linspace(0, OFFICERS - 1, subset).astype(int)]
    design = pd.get_dummies(frame[FEATURES], drop_first=True).to_numpy(float)
    begun, worst, error = time.perf_counter(), 0.0, 0.0
    for name in names:
        log_odds, robust = single(frame, design, name)
        worst = max(worst, abs(log_odds - table.loc[name, "log_odds"]) / robust)
        error = max(error, abs(table.loc[name, "error"] / robust - 1))
    each = (time.perf_counter() - begun) / subset
    print(
        f"  effect of the cells: against fits on single events ({subset} officers) the log odds ratio differs by at "
        f"most {worst:.4f} of its standard error, the error itself by {error:.2%}"
    )
    print(f"  peer: scikit-learn and statsmodels, {each:.1f} s an officer, {each * OFFICERS:,.0f} s for all")
    return ours, each * OFFICERS


def scenes(folder: Path) -> None:
    """The same-scene fit on public records, where they are there."""
    file = folder / "seattle_force" / "spd_force_levels.csv.gz"
    if not file.exists():
        print(f"same scene: no records at {file}; set PERFLIB_REALDATA")
        return
    rows = pd.read_csv(file)
    begun, worked = time.perf_counter(), time.process_time()
    found = same_scene(rows, "id", "idOff", "y")
    print(
        f"same scene, Seattle: {time.perf_counter() - begun:.1f} s with compilation (bar 60 s; processor "
        f"{time.process_time() - worked:.1f} s); R-hat {found.facts['rhat']:.3f}, effective draws "
        f"{found.facts['ess']:.0f}; {found.facts['flags']} officers flagged",
        flush=True,
    )


def main(subset: int, folder: Path) -> None:
    """Print the timings; the last line is the ratio to the peer."""
    ours, theirs = benchmark(subset)
    scenes(folder)
    print(f"ratio: {ours / theirs:.4f}")


if __name__ == "__main__":
    named = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("PERFLIB_REALDATA", "../shared/data")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, Path(named))
