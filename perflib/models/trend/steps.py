"""Which district moved? A sustained step in one of several series that otherwise move together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.errors import InputError
from perflib.figures import Chart
from perflib.models.trend.scan import Floats, Step, best_step, date_half_width, iso
from perflib.result import Result

_FEWEST = 3
_SHORTEST = 16
_Found = tuple[Step, float, NDArray[np.intp]]
_COLUMNS = ("series", "date", "value", "se")


@dataclass(frozen=True)
class _Panel:
    """Series x periods: ``y`` on the analysed scale (0 where unknown), ``w`` inverse variances (0 where unknown)."""

    names: list[Any]
    dates: pd.Index
    y: Floats
    w: Floats


def step_test(
    frame: pd.DataFrame,
    *,
    log: bool = True,
    level: float = 0.95,
    least: float = 0.05,
    min_segment: int | None = None,
    draws: int = 999,
    seed: int = 0,
    name: str = "steps",
) -> Result:
    """Find the series that stepped to a new level and stayed there, apart from what all series share.

    Model: value of series d in period t (its logarithm when ``log``) = own level + movement shared by all (season,
    trend, weather; estimated freely, period by period) + a step of d at an unknown date + error with the known
    variance se^2, times a common factor phi. For each series the difference to the weighted mean of the others is
    scanned for a step (sup F, weighted, corrected for autocorrelation). A step in one series also enters the others'
    reference with the opposite sign; so the series with the strongest step is flagged first, taken out of the
    reference, and the rest is tested again, until nothing is left below 1 - ``level`` (Holm: all false flags together
    at most 1 - ``level``).

    Parameters
    ----------
    frame : long table with ``series``, ``date`` (start of the period, equal spacing), ``value`` (a weekly or monthly
        median, positive when ``log``) and ``se``, its standard error in the same unit. Periods may be missing.
    log : analyse logarithms; the result is a ratio. Otherwise differences.
    least : smallest step worth flagging, as a share (0.05: 5 %), or in the unit of the value when not ``log``.
    min_segment : fewest periods on either side of a step; default the larger of 4 and 5 % of the periods.
    draws, seed : Monte Carlo null distribution.

    Returns a Result with one row per series: ``series``, ``break_date`` (first period at the new level), ``low``,
    ``high`` (interval of that date), ``ratio``, ``ratio_low``, ``ratio_high`` (or ``change``...), ``statistic``, ``p``,
    ``p_adjusted``, ``flagged``. Facts: ``flagged`` (names), ``steps`` {name: row}, ``reference`` (whether enough series
    are left that did not step; else it is uncertain which of them stepped). Not assessable with fewer than 3 series
    (with two, nobody can say which one moved) or 16 periods.

    Raises InputError for missing columns, values or errors that are not positive, or doubled series and date.
    Sources: Andrews 1993; Bai 1997; Holm 1979, Scandinavian Journal of Statistics 6.
    """
    panel = _panel(frame, log)
    if len(panel.names) < _FEWEST or len(panel.dates) < _SHORTEST:
        return Result.not_assessable(
            name,
            f"{len(panel.names)} series over {len(panel.dates)} periods; at least {_FEWEST} series and "
            f"{_SHORTEST} periods are needed to tell a step from movement that all share",
        )
    edge = min_segment or max(4, int(np.ceil(0.05 * len(panel.dates))))
    smallest = float(np.log1p(least)) if log else least
    found, order, reference = _search(panel, edge, 1 - level, smallest, draws, seed)
    table = pd.DataFrame([_row(panel, d, found[d], d in order, level, log) for d in range(len(panel.names))])
    facts = {
        "flagged": [str(value) for value in table.loc[table["flagged"], "series"]],
        "level": level,
        "reference": reference,
        "steps": {
            str(row["series"]): {key: iso(value) for key, value in row.items()} for row in table.to_dict("records")
        },
    }
    head, axis = ("ratio", "Ratio after / before") if log else ("change", "Change")
    marks = {"target": 1.0 if log else 0.0, "highlight": "flagged"}
    chart = Chart("dots", "series", head, f"{head}_low", f"{head}_high", y_label=axis, marks=marks)
    return Result(name, table, facts=facts, chart=chart)


def _panel(frame: pd.DataFrame, log: bool) -> _Panel:
    absent = [column for column in _COLUMNS if column not in frame.columns]
    if absent:
        raise InputError(f"no column {absent[0]!r}", where="frame", choices=frame.columns, found=absent[0])
    known = frame[list(_COLUMNS)].dropna()
    if known.duplicated(["series", "date"]).any():
        raise InputError("a series has two values for one date", where="frame", do="aggregate first")
    if (known["se"] <= 0).any() or (log and (known["value"] <= 0).any()):
        raise InputError("standard errors, and values on the log scale, must be positive", where="frame")
    wide = known.pivot(index="series", columns="date", values=["value", "se"])
    value, se = wide["value"].to_numpy(float), wide["se"].to_numpy(float)
    error = se / value if log else se
    usable = np.isfinite(value)
    y = np.where(usable, np.log(np.where(usable, value, 1.0)) if log else value, 0.0)
    return _Panel(
        list(wide.index), wide["value"].columns, y, np.where(usable, np.where(usable, error, 1.0) ** -2.0, 0.0)
    )


def _search(
    panel: _Panel, edge: int, alpha: float, least: float, draws: int, seed: int
) -> tuple[dict[int, _Found], list[int], bool]:
    """({series: (step, adjusted p, positions used)}, flagged series in order, whether a reference is left)."""
    order: list[int] = []
    found: dict[int, _Found] = {}
    floor = 0.0
    while True:
        left = [d for d in range(len(panel.names)) if d not in order]
        tested = {d: _test(panel, d, [other for other in left if other != d], edge, draws, seed + d) for d in left}
        for d, (step, used) in tested.items():
            found[d] = (step, max(floor, min(1.0, step.p * len(left))), used)
        large = [d for d in left if found[d][1] <= alpha and abs(found[d][0].change) >= least]
        if not large:
            return found, order, True
        leader = max(large, key=lambda d: tested[d][0].statistic)
        order.append(leader)
        floor = found[leader][1]
        if len(left) - 1 < _FEWEST:
            return found, order, False


def _test(panel: _Panel, d: int, others: list[int], edge: int, draws: int, seed: int) -> tuple[Step, NDArray[np.intp]]:
    """Step of series ``d`` against the shared movement of ``others``; periods that one side lacks are left out."""
    shared, weight = _shared(panel.y[others], panel.w[others])
    used = np.flatnonzero((panel.w[d] > 0) & (weight > 0))
    if len(used) < 2 * edge + 1:
        return Step(0.0, int(len(used) // 2), 0.0, np.inf, 1.0, 1.0), used
    w = 1 / (1 / panel.w[d, used] + 1 / weight[used])
    return best_step(panel.y[d, used] - shared[used], w, edge, draws=draws, seed=seed), used


def _shared(y: Floats, w: Floats) -> tuple[Floats, Floats]:
    """(movement, its inverse variance) per period from a weighted two-way fit: own levels plus shared movement.

    Own levels are taken out first, else a change of weights, or a missing week, would move the mean of the others.
    """
    weight = w.sum(axis=0)
    movement = np.zeros(y.shape[1])
    for _ in range(30):
        own = ((y - movement) * w).sum(axis=1) / np.maximum(w.sum(axis=1), 1e-300)
        movement = ((y - own[:, None]) * w).sum(axis=0) / np.maximum(weight, 1e-300)
    return movement, weight


def _row(panel: _Panel, d: int, found: _Found, flagged: bool, level: float, log: bool) -> dict[str, Any]:
    from scipy.stats import norm

    step, adjusted, used = found
    z = norm.ppf((1 + level) / 2)
    sizes = np.array([step.change, step.change - z * step.se, step.change + z * step.se])
    shown = np.exp(np.clip(sizes, -50, 50)) if log else sizes
    head = "ratio" if log else "change"
    if step.statistic == 0:
        place: list[Any] = [None, None, None]
    else:
        typical = float(np.median(panel.w[d, used]))
        wide = date_half_width(step.change, step.scale * (1 + _reference_share(panel, d, used)), typical, level)
        place = [panel.dates[used[min(max(i, 0), len(used) - 1)]] for i in (step.at, step.at - wide, step.at + wide)]
    return {
        "series": panel.names[d],
        "break_date": place[0],
        "low": place[1],
        "high": place[2],
        head: shown[0],
        f"{head}_low": shown[1],
        f"{head}_high": shown[2],
        "statistic": step.statistic,
        "p": step.p,
        "p_adjusted": adjusted,
        "flagged": flagged,
    }


def _reference_share(panel: _Panel, d: int, used: NDArray[np.intp]) -> float:
    """Variance of the reference over that of the series: what the comparison adds to the uncertainty of the date."""
    others = panel.w[:, used].sum(axis=0) - panel.w[d, used]
    return float(np.median(panel.w[d, used] / np.maximum(others, 1e-300)))
