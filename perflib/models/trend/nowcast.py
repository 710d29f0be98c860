"""What will the newest days come to? Completeness by age from successive releases, and a nowcast with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.figures import Chart
from perflib.models.trend.delays import Delay, fit, until
from perflib.models.trend.expect import expected, nearest_interval, remainder, weekday_factors
from perflib.models.trend.releases import Releases, read
from perflib.result import Result

#: a day less complete than this is provisional.
COMPLETE = 0.95
_AGES = (0, 1, 2, 3, 7, 14, 28, 60)
_ALONE = (
    "one release has no reporting triangle: how late its records come cannot be seen; give earlier releases, or "
    "a prior delay"
)


def nowcast(
    releases: pd.DataFrame,
    levels: Sequence[float] = (0.8, 0.95),
    *,
    group: str | None = None,
    horizon: float = 90,
    at: Any = None,
    prior: Mapping[float, float] | None = None,
    complete: float = COMPLETE,
    name: str = "nowcast",
) -> Result:
    """Nowcast every recent day of the newest release.

    Parameters
    ----------
    releases : long frame with a row per ``release`` (when it was published), ``date`` and, if wanted, group: ``count``
        (as that release gives it; a day absent from a release that covers it holds 0). Spacing may be irregular.
    levels : coverage of the intervals.
    group : column of groups, each with its own delay, pulled towards that of all; default "group" if there is one.
        Without it the counts of a day are added.
    horizon : days after which a day no longer changes much; the nowcast is the count at that age.
    at : a date: nowcast the count as a release of that day will give it, instead of at the horizon.
    prior : share complete by age in days (from the release to the day), for a first release that has no triangle.
    complete : a day whose expected completeness is below this is provisional.

    Returns
    -------
    Result with a row per group and day younger than the horizon: ``group``, ``date``, ``age`` (days from the day to the
    release), ``count`` (reported), ``completeness`` with ``completeness_low``/``completeness_high``, ``nowcast``,
    ``low_80``/``high_80`` and so on for every level, ``provisional``. Facts: ``release``, ``releases``, ``last_day``,
    ``lag_days``, ``horizon``, ``complete_through`` (the last day that is not provisional), ``completeness`` by age,
    ``provisional_days``, ``fallen`` (share of the days' counts that fell between releases), ``recoded`` (groups whose
    settled days moved much) and ``recent``: by group and 7 or 28 days the count, nowcast and interval of the sum. Not
    assessable with one release and no prior.

    A release's clock is the last day it covers: one that ends earlier than usual is an older extract, and so read.

    Raises
    ------
    InputError : a column is absent, counts are negative, dates cannot be read, levels or prior outside (0, 1).
    """
    if not levels or any(not 0 < level < 1 for level in levels):
        raise InputError(f"levels must lie between 0 and 1, found {levels}", where="levels")
    by = group or ("group" if "group" in releases.columns else None)
    held = read(releases, by)
    if len(held.names) < 2 and prior is None:
        return Result.not_assessable(name, _ALONE)
    pairs = held.pairs(horizon) if len(held.names) > 1 else None
    overall = _given(prior or {}, held.lag, horizon) if pairs is None else fit(pairs, until(horizon))
    delays = {one: _delay(held, one, overall, horizon) for one in held.groups}
    parts = [_days(held, one, delay, levels, at, horizon) for one, delay in delays.items()]
    table = pd.concat(parts, ignore_index=True)
    table["provisional"] = table["completeness"] < complete
    facts = _facts(held, overall, table, levels, horizon, complete)
    fallen = float((pairs["later"] < pairs["count"]).mean()) if pairs is not None and len(pairs) else None
    facts |= {"fallen": fallen, "recoded": recoded(held, horizon)}
    return Result(name, table.drop(columns=["variance", "shared"]), facts=facts, chart=_chart(table, levels[0]))


def _given(prior: Mapping[float, float], lag: int, horizon: float) -> Delay:
    """A delay through the stated shares."""
    shares = {float(age): float(share) for age, share in sorted(prior.items())}
    if not shares or any(not 0 < share <= 1 for share in shares.values()):
        raise InputError("shares must lie between 0 and 1", where="prior", do="write {age in days: share complete}")
    knots = until(horizon)
    logs = np.interp(np.array(knots) + lag, [*shares, max(*shares, horizon + lag)], [*np.log([*shares.values()]), 0.0])
    return Delay(knots, np.diff(logs), np.diag((0.25 * np.diff(logs)) ** 2), 0.01)


def _delay(held: Releases, group: str, overall: Delay, horizon: float) -> Delay:
    if len(held.groups) == 1 or len(held.names) < 2:
        return overall
    return fit(held.pairs(horizon, group), overall.knots, overall)


def _days(held: Releases, group: str, delay: Delay, levels: Sequence[float], at: Any, horizon: float) -> pd.DataFrame:
    counts, ages = held.counts[-1][group], held.ages(-1)
    together = weekday_factors(held.counts[-1].sum(axis=1), ages) if held.daily else np.ones(7)
    factors = weekday_factors(counts, ages, together) if held.daily else together
    mean, variation = expected(counts, ages, delay.share(ages), factors)
    young = ages < horizon
    n, age, dates = counts.to_numpy(float)[young], ages[young], pd.DatetimeIndex(counts.index[young])
    target = _target(held, dates, at, horizon)
    to_come, variance = remainder(n, mean[young], variation, delay, age, target)
    share, error = delay.share(age, target), delay.error(age, target)
    found = pd.DataFrame(
        {
            "group": group,
            "date": dates,
            "age": (held.days[-1] - dates).days,
            "count": n,
            "completeness": share,
            "completeness_low": np.clip(share * np.exp(-1.96 * error), 0, 1),
            "completeness_high": np.clip(share * np.exp(1.96 * error), 0, 1),
            "nowcast": n + to_come,
            "variance": variance,
            "shared": to_come * error / np.maximum(1 - share, 1e-3),
        }
    )
    for level in levels:
        low, high = nearest_interval(to_come, variance, level)
        found[f"low_{_tag(level)}"], found[f"high_{_tag(level)}"] = n + low, n + high
    return found


def _target(held: Releases, dates: pd.DatetimeIndex, at: Any, horizon: float) -> Any:
    """The age, on the releases' clock, at which each day is foretold."""
    if at is None:
        return np.full(len(dates), float(horizon))
    day = pd.Timestamp(at).tz_localize(None).normalize() - pd.Timedelta(days=held.lag)
    if day < held.edges[-1]:
        raise InputError(f"{at} lies before the newest release", where="at")
    return np.minimum((day - dates).days.to_numpy(float), horizon)


def _tag(level: float) -> str:
    return f"{100 * level:g}".replace(".", "_")


def _facts(
    held: Releases, overall: Delay, table: pd.DataFrame, levels: Sequence[float], horizon: float, complete: float
) -> dict[str, Any]:
    ages = [age for age in _AGES if held.lag <= age < horizon]
    shares = overall.share(np.array(ages, float) - held.lag)
    errors = overall.error(np.array(ages, float) - held.lag)
    settled = np.flatnonzero(overall.share(np.arange(int(horizon) + 1)) >= complete)
    first = held.edges[-1] - pd.Timedelta(days=int(settled[0]) if len(settled) else int(horizon))
    return {
        "release": held.names[-1],
        "releases": len(held.names),
        "last_day": f"{held.edges[-1]:%Y-%m-%d}",
        "lag_days": held.lag,
        "horizon": horizon,
        "complete_through": f"{first:%Y-%m-%d}",
        "completeness": {
            str(age): {
                "estimate": float(share),
                "low": float(share * np.exp(-1.96 * error)),
                "high": float(min(1.0, share * np.exp(1.96 * error))),
            }
            for age, share, error in zip(ages, shares, errors, strict=True)
        },
        "provisional_days": int(table.loc[table["provisional"], "date"].nunique()),
        "recent": {
            str(one): {str(days): _sum(rows, held.edges[-1], days, levels) for days in (7, 28)}
            for one, rows in table.groupby("group", sort=False)
        },
    }


def _sum(rows: pd.DataFrame, edge: pd.Timestamp, days: int, levels: Sequence[float]) -> dict[str, float]:
    """Count, nowcast and interval of the last days together; what is uncertain about the delay they share."""
    last = rows[rows["date"] > edge - pd.Timedelta(days=days)]
    n, total = float(last["count"].sum()), float(last["nowcast"].sum())
    variance = float(last["variance"].sum() + max(0.0, last["shared"].sum() ** 2 - (last["shared"] ** 2).sum()))
    found = {"count": n, "nowcast": total}
    for level in levels:
        low, high = nearest_interval(np.array([total - n]), np.array([max(variance, (total - n) * 1.0001)]), level)
        found |= {f"low_{_tag(level)}": n + float(low[0]), f"high_{_tag(level)}": n + float(high[0])}
    return found


def recoded(held: Releases, horizon: float) -> list[str]:
    """Groups whose settled days moved by more than a fifth, and 20 records, between two successive releases."""
    found = []
    for place in range(len(held.names) - 1):
        early, late = held.counts[place], held.counts[place + 1]
        old = early.index[held.ages(place) >= horizon].intersection(late.index)
        one, two = early.loc[old].sum(), late.loc[old].sum()
        moved = (one - two).abs()
        found += list(moved.index[(moved > 20) & (moved > 0.2 * np.maximum(one, two))])
    return list(dict.fromkeys(found))


def _chart(table: pd.DataFrame, level: float) -> Chart | None:
    groups = table["group"].nunique()
    if groups > 9:
        return None
    return Chart(
        "line",
        "date",
        "nowcast",
        f"low_{_tag(level)}",
        f"high_{_tag(level)}",
        by="group" if groups > 1 else None,
        x_label="",
        y_label="Records a day",
        marks={"grey": "provisional"},
        panels=groups > 1,
    )
