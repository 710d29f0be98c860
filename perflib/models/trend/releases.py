"""Successive releases of the same counts, checked and laid side by side: one matrix of days by groups per release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError

NEEDED = ("release", "date", "count")
_HISTORY, _SURE = 400, 4.6  # days kept per release; exp(-4.6): a chance of 1 % that so many days hold nothing


@dataclass(frozen=True)
class Releases:
    """``counts[i]``: days x groups of release i, up to ``edges[i]``, the last day it covers; ``days[i]``: its own day.

    ``lag`` is the least number of days from the last day covered to a release; ``daily`` says dates are single days.
    """

    names: tuple[Any, ...]
    days: tuple[pd.Timestamp, ...]
    edges: tuple[pd.Timestamp, ...]
    counts: tuple[pd.DataFrame, ...]
    lag: int
    daily: bool

    @property
    def groups(self) -> list[str]:
        """The names of the groups, in order of size."""
        return list(self.counts[-1].columns)

    def ages(self, place: int) -> Any:
        """Days from each day of release ``place`` to the last day it covers."""
        return self._age(place, self.counts[place].index)

    def _age(self, place: int, days: pd.Index) -> Any:
        return (self.edges[place] - pd.DatetimeIndex(days)).days.to_numpy()

    def pairs(self, horizon: float, group: str | None = None) -> pd.DataFrame:
        """Each day in two successive releases: ``age``, ``later_age``, ``count``, ``later``; only days still moving."""
        return pd.concat([self._pair(place, horizon, group) for place in range(len(self.names) - 1)], ignore_index=True)

    def _pair(self, place: int, horizon: float, group: str | None) -> pd.DataFrame:
        early, late = (self._series(at, group) for at in (place, place + 1))
        early, late = early.align(late, join="inner")
        found = pd.DataFrame(
            {
                "age": self._age(place, early.index),
                "later_age": self._age(place + 1, early.index),
                "count": early.to_numpy(),
                "later": late.to_numpy(),
            }
        )
        return found[(found["age"] < horizon) & (found["age"] >= 0) & (found["later_age"] > found["age"])]

    def _series(self, place: int, group: str | None) -> pd.Series:
        return self.counts[place].sum(axis=1) if group is None else self.counts[place][group]


def read(releases: pd.DataFrame, group: str | None) -> Releases:
    """Check a long frame and lay it out.

    Raises
    ------
    InputError : a column is absent, a date cannot be read, a count is negative or missing, nothing is left.
    """
    frame = _checked(releases, group)
    size = frame.groupby("group")["count"].sum().sort_values(ascending=False)
    spacing = np.diff(np.sort(frame["date"].unique()))
    daily = not len(spacing) or np.median(spacing) < np.timedelta64(2, "D")
    names = sorted(frame["release"].unique())
    totals = {name: rows.groupby("date")["count"].sum() for name, rows in frame.groupby("release")}
    published, edges, lag = _edges(names, totals, daily=daily)
    counts = tuple(
        _matrix(rows, edge, size.index, daily=daily)
        for (_, rows), edge in zip(frame.groupby("release"), edges, strict=True)
    )
    return Releases(tuple(names), published, edges, counts, lag, bool(daily))


def _checked(releases: pd.DataFrame, group: str | None) -> pd.DataFrame:
    wanted = [*NEEDED, *([group] if group else [])]
    lacking = [name for name in wanted if name not in releases.columns]
    if lacking:
        raise InputError(
            f"no column {lacking[0]!r}",
            where="releases",
            choices=releases.columns,
            found=lacking[0],
            do="a frame with a row per release, date and group, and its count",
        )
    if releases.empty:
        raise InputError("no row", where="releases")
    counts = pd.to_numeric(releases["count"], errors="coerce")
    bad = ~(counts >= 0)
    if bad.any():
        raise InputError(
            f"{int(bad.sum()):,} counts are negative or missing",
            where="releases, count",
            do="put a correction to the day it corrects, so that the day's count is what is known of it",
        )
    kept = releases["release"]
    named = kept if pd.api.types.is_numeric_dtype(kept) else _moments(kept, "release")
    return pd.DataFrame(
        {
            "release": named,
            "date": _moments(releases["date"], "date").dt.normalize(),
            "count": counts.astype(float),
            "group": releases[group].astype("string").fillna("not recorded").astype(str) if group else "all",
        }
    )


def _moments(values: pd.Series, column: str) -> pd.Series:
    try:
        texts = pd.api.types.is_string_dtype(values)
        found = pd.to_datetime(values, format="mixed") if texts else pd.to_datetime(values)
    except (ValueError, TypeError):
        raise InputError("a date cannot be read", where=f"releases, {column}") from None
    if found.isna().any():
        raise InputError(f"{int(found.isna().sum()):,} dates are missing", where=f"releases, {column}")
    return found.dt.tz_localize(None) if found.dt.tz is not None else found


def _edges(
    names: Sequence[Any], totals: dict[Any, pd.Series], *, daily: bool
) -> tuple[tuple[pd.Timestamp, ...], tuple[pd.Timestamp, ...], int]:
    """The day of each release, the last day it covers and the least lag between the two.

    A release that ends earlier than that is an old extract when so many empty days are all but impossible, else a
    release whose newest days happen to hold nothing.
    """
    last = {name: total.index.max() for name, total in totals.items()}
    published = {name: name.normalize() if isinstance(name, pd.Timestamp) else last[name] for name in names}
    lags = pd.Series({name: (published[name] - last[name]).days for name in names})
    usual = max(0, int(lags.min()))
    edges = []
    for name in names:
        total, late = totals[name], int(lags[name]) - usual
        a_day = total[total.index > last[name] - pd.Timedelta(days=28)].sum() / 28
        old = not daily or late * a_day * 0.6 > _SURE
        edges.append(last[name] if old else published[name] - pd.Timedelta(days=usual))
    return tuple(published[name] for name in names), tuple(edges), usual


def _matrix(rows: pd.DataFrame, edge: pd.Timestamp, groups: pd.Index, *, daily: bool) -> pd.DataFrame:
    wide = rows.pivot_table(index="date", columns="group", values="count", aggfunc="sum")
    first = max(rows["date"].min(), edge - pd.Timedelta(days=_HISTORY if daily else 3650))
    days = pd.date_range(first, edge) if daily else wide.index[wide.index >= first]
    return wide.reindex(index=days, columns=groups).fillna(0.0)
