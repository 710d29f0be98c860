"""Quantiles of an interval by priority, district, shift, period or any column; and all intervals side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import ibis
import pandas as pd

from perflib.agency import Department
from perflib.engine.tables import view
from perflib.figures import Chart
from perflib.metrics.response.cells import ENDS, LOST, cells, points
from perflib.metrics.response.groups import grouped
from perflib.metrics.response.scope import (
    INTERVALS,
    in_service,
    measured,
    of_origin,
    origins,
    scope_of,
    unanswerable,
    unstamped,
    with_interval,
)
from perflib.result import Result
from perflib.words import response as words

#: below this many known values a group is "too few" and gets no quantiles.
FEWEST = 10


def response(
    dept: Department,
    by: str | Sequence[str] = "priority",
    *,
    quantiles: Sequence[float] = (0.5, 0.8, 0.9),
    level: float | None = 0.95,
    fewest: int = FEWEST,
    name: str = "",
    **scope: Any,
) -> Result:
    """Quantiles, in minutes, of one interval of the calls, per group.

    Parameters
    ----------
    by : one or several of ``day, week, month, quarter, year, weekday, hour`` (local time of receipt), ``shift`` (from
        the department's shifts, else as recorded) or any column of the calls.
    level : coverage of the intervals; None computes the quantiles alone, in one pass of the engine.
    fewest : groups with fewer known values are "too few": counts, no quantiles.
    scope : fields of ``Scope``: interval, origin, service, district, priority, period.

    Returns
    -------
    Result with a row per group: ``by``, ``n`` (calls), ``known``, ``missing_share``, the number of each fate, and for
    every quantile (``median``, ``p80``, ``p90``) value, ``_low``/``_high`` (interval) and ``_lower``/``_upper``
    (bounds for the missing; an upper bound does not exist where the missing share exceeds 1 - q). ``note`` says why a
    value is absent. Facts: the same by group (groups of several columns joined with " | ").

    Raises
    ------
    InputError : unknown interval, origin, group, district or priority, or a period that is none.
    """
    keys, asked = [by] if isinstance(by, str) else list(by), scope_of(dept, **scope)
    label, title = name or f"response_by_{'_'.join(keys)}", words.by_title(keys, asked.codes())
    if reason := unanswerable(dept, asked.interval, keys):
        return Result.not_assessable(label, reason, title=title)
    rows = grouped(dept, measured(dept, asked), keys, fill=False)
    if level is None:
        table = points(rows, keys, quantiles)
        return Result(label, table, title, f"{len(table):,} groups.", words.LINEAR)
    table = _noted(cells(rows, keys, quantiles, level), quantiles, fewest)
    if table.empty:
        return Result.not_assessable(label, f"no {words.subject(asked.codes())}", title=title)
    table = table.sort_values([*keys[1:], keys[0]], ignore_index=True)  # figures keep the order of the rows
    say = partial(
        words.by_group,
        keys=keys,
        quantiles=quantiles,
        asked=asked.codes(),
        origins=origins(dept, asked),
        level=level,
        fewest=fewest,
    )
    return Result(label, table, facts=_facts(table, keys, quantiles), chart=_chart(table, keys, quantiles), words=say)


def by_priority(
    dept: Department,
    *,
    interval: str = "response",
    district: str | None = None,
    origin: str = "public",
    period: Any = "",
    level: float = 0.95,
    **more: Any,
) -> Result:
    """``response`` by priority: Result ``response_by_priority``; facts ``{priority: {n, median_min, p90_min, ...}}``.

    ``n`` counts all calls of the priority, ``missing_share`` those among them without a usable arrival.
    """
    return response(
        dept,
        "priority",
        interval=interval,
        district=district,
        origin=origin,
        period=period,
        level=level,
        name="response_by_priority",
        **more,
    )


def intervals(dept: Department, **scope: Any) -> Result:
    """Every interval of the calls: how long, how often missing and why, negative, zero or over a clock change.

    Returns
    -------
    Result ``response_intervals`` with a row per interval that the calls have stamps for: ``interval``, ``n``,
    ``known``, ``missing_share``, ``start_missing`` and ``end_missing`` (shares), ``negative``, ``zero``,
    ``clock_change`` (one stamp before a change of the clock and one after, or within an hour that occurs twice) and
    the median and 90th percentile with intervals.
    """
    asked = scope_of(dept, **scope)
    title = words.intervals_title(asked.codes())
    present = [name for name in INTERVALS if not unstamped(dept, name)]
    if not present:
        return Result.not_assessable("response_intervals", "the calls record no two times of any interval", title=title)
    rows = _with_offsets(dept, of_origin(in_service(dept, asked), asked.origin))
    parts = [_stretch(rows, name) for name in present]
    table = _intervals(view(parts[0].union(*parts[1:]) if parts[1:] else parts[0]), present)
    if not table["n"].sum():
        return Result.not_assessable("response_intervals", f"no {words.subject(asked.codes())}", title=title)
    return Result(
        "response_intervals",
        table,
        facts={str(row["interval"]): row for row in table.to_dict("records")},
        chart=Chart("dots", "words", "median", "median_low", "median_high", x_label="", y_label="Median (minutes)"),
        words=partial(words.intervals, asked=asked.codes()),
    )


def _with_offsets(dept: Department, rows: Any) -> Any:
    """With each stamp's offset of local time in seconds, once for all the intervals it begins or ends."""
    stamps = {name for item in INTERVALS.values() for name in (item.start, item.end)} & set(rows.columns)
    return view(
        rows.mutate(
            **{
                f"offset_{name}": dept.local(rows[name]).delta(rows[name].cast("timestamp"), unit="second")
                for name in sorted(stamps)
            }
        )
    )


def _stretch(rows: Any, name: str) -> Any:
    """One interval of every call: ``minutes``, ``fate`` and what is wrong with its stamps."""
    item = INTERVALS[name]
    timed = with_interval(rows, name)
    changed = timed[f"offset_{item.start}"] != timed[f"offset_{item.end}"]
    return timed.select(
        "minutes",
        "fate",
        interval=ibis.literal(name),
        start_missing=timed[item.start].isnull(),
        end_missing=timed[item.end].isnull(),
        clock_change=changed.fill_null(False),
    )


def _intervals(stretches: Any, present: Sequence[str]) -> pd.DataFrame:
    """One row per interval, in the order of a call."""
    odd = stretches.group_by("interval").agg(
        start_missing=stretches.start_missing.mean(),
        end_missing=stretches.end_missing.mean(),
        clock_change=stretches.clock_change.sum(),
    )
    table = cells(stretches, ["interval"], (0.5, 0.9), 0.95)
    if table.empty:
        return table
    table = table.set_index("interval").loc[list(present)].reset_index()
    table.insert(1, "words", [words.INTERVALS[name] for name in table["interval"]])
    table.insert(3, "missing_share", 1 - table["known"] / table["n"])
    return table.merge(odd.execute(), on="interval", how="left", sort=False)


def _noted(table: pd.DataFrame, quantiles: Sequence[float], fewest: int) -> pd.DataFrame:
    """Adds ``missing_share`` and ``note``; empties the quantiles of groups with too few known values."""
    table = table.copy()
    table.insert(list(table.columns).index("known") + 1, "missing_share", 1 - table["known"] / table["n"])
    few = table["known"] < fewest
    values = [words.stem(q) + end for q in quantiles for end in ENDS]
    table[values] = table[values].astype(float).mask(few)
    notes = "too few: " + table["known"].astype(str) + " known of " + table["n"].astype(str)
    return table.assign(note=notes.where(few, ""))


def _facts(table: pd.DataFrame, keys: Sequence[str], quantiles: Sequence[float]) -> dict[str, Any]:
    facts = {}
    for row in table.to_dict("records"):
        figures = {name: row[name] for name in ("n", "known", "missing_share", "zero", "negative", *LOST)}
        figures |= {f"{stem}{end or '_min'}": row[stem + end] for stem in map(words.stem, quantiles) for end in ENDS}
        reason = row["note"] or words.unbounded(row, quantiles)
        group = " | ".join(words.group(key, row[key]) for key in keys)
        facts[group] = figures | ({"reason": reason} if reason else {})
    return facts


def _chart(table: pd.DataFrame, keys: Sequence[str], quantiles: Sequence[float]) -> Chart | None:
    """The first quantile, and the highest beside it where there is one key; over time without bounds."""
    if len(keys) > 2:
        return None
    first, *others = [_drawn(q) for q in quantiles if q in (quantiles[0], max(quantiles))]
    timed = keys[0] in ("day", "week", "month", "quarter", "year", "hour")
    marks: dict[str, Any] = {}
    if not timed:
        marks = {key: first[key] for key in ("outer_low", "outer_high", "label")}
        marks |= {"note": "note", "also": others if len(keys) == 1 else []}
    return Chart(
        "line" if timed else "dots",
        keys[0],
        first["y"],
        first["low"],
        first["high"],
        by=keys[1] if len(keys) > 1 else None,
        x_label=words.GROUPS.get(keys[0], keys[0]),
        y_label="Minutes" if marks.get("also") else f"{first['label'].capitalize()} (minutes)",
        marks=marks,
        panels=len(keys) > 1 and timed and table[keys[1]].nunique() > 4,
    )


def _drawn(q: float) -> dict[str, str]:
    """The columns by which a quantile is drawn."""
    names = zip(("y", "low", "high", "outer_low", "outer_high"), ENDS, strict=True)
    return {name: words.stem(q) + end for name, end in names} | {"label": words.quantile(q)}
