"""The executor: makes query, interval, suppression, figure, labels and words of any indicator, by anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.metrics.counts.areas import residents
from perflib.metrics.indicators import words
from perflib.metrics.indicators.dictionary import INDICATORS
from perflib.metrics.indicators.record import Exposure, Indicator, columns
from perflib.metrics.response.cells import ranked
from perflib.metrics.response.groups import NONE, TIMES, shift_of
from perflib.period import ends
from perflib.privacy.people import people
from perflib.privacy.quoting import quoted_all
from perflib.rates import poisson_limits, wilson
from perflib.result import Result
from perflib.selection import fiscal_start, listed, on_days

#: parts of time that follow each other: groups without a record are zeros, not gaps
ORDERED = {"day": "D", "week": "W-MON", "month": "MS", "quarter": "QS", "year": "YS"}
#: with fewer whole months the scatter of counts cannot be estimated, and counts are taken for Poisson
FEWEST_MONTHS = 6


@dataclass(frozen=True)
class Question:
    """An indicator asked of a department: by which groups, of which days and rows."""

    dept: Department
    indicator: Indicator
    by: tuple[str, ...]
    first: dt.date | None
    last: dt.date | None
    only: Mapping[str, tuple[Any, ...]]
    level: float
    quantiles: tuple[float, ...]

    def rows(self, table: str, time: str, only: Any = None) -> ir.Table:
        """The rows of a table that count, with the columns ``by`` made."""
        rows = self.dept.table(table)
        if table == "population":  # totals beside their parts counted once, of the newest year
            rows = ibis.memtable(_residents(self.dept, self.last))
        if only is not None and columns(table, only) <= set(rows.columns):
            rows = rows.filter(only)
        for column, values in self.only.items():
            rows = _chosen(self.dept, rows, time, column, values, table)
        if time and self.first is not None and self.last is not None:
            rows = rows.filter(on_days(self.dept, rows[time], self.first, self.last))
        return rows.mutate(**{name: _key(self.dept, rows, time, name, table) for name in self.by})


def _residents(dept: Department, last: dt.date | None) -> pd.DataFrame:
    """Residents by area in the newest year up to a day."""
    found, year = residents(dept).newest(last.year if last else None)
    return found.rename("residents").reset_index().astype({"area": str, "residents": float}).assign(year=year)


def measure(
    dept: Department,
    indicator: str | Indicator,
    by: str | Sequence[str] = (),
    *,
    period: Any = "",
    level: float = 0.95,
    quantiles: Sequence[float] = (0.5, 0.9),
    name: str = "",
    **only: Any,
) -> Result:
    """Any indicator of the dictionary, by anything, with its interval.

    Parameters
    ----------
    indicator : a name of the dictionary (``perflib indicators`` lists them), or a record of one's own.
    by : up to two of ``day, week, month, quarter, year, weekday, hour, shift`` or columns of the table; none: all rows.
    period : "" or "all", "YYYY-MM", "YYYY-MM-DD..YYYY-MM-DD" or a pair of days (local, both included).
    quantiles : of a quantile indicator. level : coverage of the intervals.
    only : column = value or list of values, such as ``district="0412"``, of every table the indicator reads.

    Returns
    -------
    Result with a row per group: ``by``, ``numerator``, ``denominator`` (rate, share), ``value``, ``low``, ``high``;
    of a quantile ``n`` (rows), ``known``, and ``median``, ``median_low``, ``median_high`` ...
    Facts: the same by group, and ``dispersion`` of counts and rates. Not assessable where a column is not recorded.

    Raises
    ------
    InputError : an unknown indicator, group, column or value, with the valid ones listed; or a period that is none.
    """
    record = indicator if isinstance(indicator, Indicator) else _named(indicator)
    keys = (by,) if isinstance(by, str) and by else tuple(by)
    if len(keys) > 2:
        raise InputError(f"{len(keys)} groups at once, two at most", where="by")
    first, last = ends(period, fiscal_start(dept))
    chosen = {column: values for column, value in only.items() if (values := listed(value))}
    title = words.title(record, keys, chosen, first, last)
    label = name or "_".join((record.name, *(("by", *keys) if keys else ())))
    counted_for = record.denominator.table if isinstance(record.denominator, Exposure) else ""
    doubtful = residents(dept).reason if counted_for == "population" else ""
    if reason := record.missing(dept, (*keys, *chosen)) or doubtful:
        return Result.not_assessable(label, reason, title=title, method=record.definition)
    asked = Question(dept, record, keys, first, last, chosen, level, tuple(quantiles))
    table, facts = _quantiles(asked) if record.kind == "quantile" else _counted(asked)
    if table.empty:
        return Result.not_assessable(label, "no record is left to count", title=title, method=record.definition)
    about = None
    if record.people and record.kind != "quantile":
        table, about = _about(asked, table)
    made = words.result(record, keys, label, title, table, facts, level, asked.quantiles)
    return replace(made, people=about)


def _named(name: str) -> Indicator:
    if name not in INDICATORS:
        raise InputError(f"no indicator {name!r}", where="indicator", choices=INDICATORS, found=name)
    return INDICATORS[name]


def _key(dept: Department, rows: ir.Table, time: str, name: str, table: str) -> ir.Value:
    if name in TIMES and time:
        wall = dept.local(rows[time]) if rows[time].type().is_timestamp() else rows[time].cast("timestamp")
        return TIMES[name](wall)
    if name == "shift" and dept.settings.get("shifts") and time:
        return shift_of(dept.local(rows[time]), dept.settings["shifts"])
    if table == "population" and name == "district":
        return rows.area
    if name not in rows.columns:
        raise InputError(
            f"{table} cannot be grouped by {name!r}",
            where="by",
            found=name,
            choices=(*(TIMES if time else ()), *rows.columns),
        )
    return rows[name].cast("string").fill_null(NONE)


def _chosen(dept: Department, rows: ir.Table, time: str, column: str, values: tuple[Any, ...], table: str) -> ir.Table:
    key = _key(dept, rows, time, column, table)
    there = set(rows.select(key=key).distinct().execute()["key"])
    texts = [str(value) for value in values] if key.type().is_string() else list(values)
    for value in texts:
        if value not in there:
            raise InputError(
                f"no {column} {value!r} in {table}", where=column, found=value, choices=quoted_all(sorted(there), value)
            )
    return rows.filter(key.isin(texts))


def _total(asked: Question, table: str, time: str, amount: Any, only: Any = None) -> pd.Series:
    rows = asked.rows(table, time, only)
    if not asked.by:
        return pd.Series([rows.agg(value=amount).execute()["value"].iloc[0]], name="value")
    return rows.group_by(list(asked.by)).agg(value=amount).execute().set_index(list(asked.by))["value"].sort_index()


def _counted(asked: Question) -> tuple[pd.DataFrame, dict[str, Any]]:
    record = asked.indicator
    events = _total(asked, record.table, record.time, record.numerator)
    frame = _whole(asked, events).rename("numerator").to_frame()
    if isinstance(record.denominator, Exposure):
        exposure = record.denominator
        amount = _total(asked, exposure.table, exposure.time, exposure.amount, exposure.only)
        frame = frame.join(amount.rename("denominator"), how="outer").fillna({"numerator": 0})
        frame = frame[frame["denominator"] > 0]
    elif record.denominator is not None:
        frame["denominator"] = _total(asked, record.table, record.time, record.denominator)
        frame = frame[frame["denominator"] > 0]
    if frame.empty:
        return frame, {}
    n, size = frame["numerator"].to_numpy(float), frame.get("denominator", pd.Series(1.0, frame.index)).to_numpy(float)
    facts: dict[str, Any] = {}
    if record.kind == "share":
        low, high = wilson(n, size, asked.level)
    else:
        facts["dispersion"] = _dispersion(asked)
        low, high = (end / size for end in poisson_limits(n, asked.level, facts["dispersion"]))
    frame = frame.assign(
        value=record.per * n / size, low=record.per * np.asarray(low), high=record.per * np.asarray(high)
    )
    return frame.reset_index(drop=not asked.by), facts


def _whole(asked: Question, events: pd.Series) -> pd.Series:
    """The counts with the zeros of parts of time in which nothing was counted, between the first and the last."""
    for place, key in enumerate(asked.by):
        if key in ORDERED and len(events):
            at = pd.to_datetime(events.index.get_level_values(key).astype(str))
            every = pd.date_range(at.min(), at.max(), freq=ORDERED[key])
            labels = every.year if key == "year" else every
            if len(asked.by) == 1:
                return events.reindex(labels.rename(key), fill_value=0)
            other = asked.by[1 - place]
            levels = {key: labels, other: events.index.get_level_values(other).unique()}
            grid = pd.MultiIndex.from_product([levels[name] for name in asked.by], names=list(asked.by))
            return events.reindex(grid, fill_value=0)
    return events


def _dispersion(asked: Question) -> float:
    """Variance over mean of the numerator's whole months, by squared successive differences; at least 1."""
    record = asked.indicator
    monthly = Question(asked.dept, record, ("month",), asked.first, asked.last, asked.only, asked.level, ())
    months = _whole(monthly, _total(monthly, record.table, record.time, record.numerator)).to_numpy(float)[1:-1]
    if len(months) < FEWEST_MONTHS:
        return 1.0
    return float(max(1.0, np.mean(np.diff(months) ** 2) / 2 / max(months.mean(), 1e-9)))


def _quantiles(asked: Question) -> tuple[pd.DataFrame, dict[str, Any]]:
    record = asked.indicator
    rows = asked.rows(record.table, record.time)
    rows = rows.mutate(_value=record.numerator)
    keys = list(asked.by) or [ibis.literal("all").name("all")]
    grouped = rows.group_by(keys).agg(
        n=rows.count(), known=rows._value.count(), ordered=rows._value.collect(where=rows._value.notnull())
    )
    found = grouped.mutate(ordered=grouped.ordered.sort()).execute()
    if found.empty or not found["known"].sum():
        return pd.DataFrame(), {}
    values = np.concatenate([np.asarray(part, dtype=float) for part in found["ordered"] if part is not None])
    places = ranked(values, found["known"].to_numpy(), found["n"].to_numpy(), asked.quantiles, asked.level)
    kept = {name: column for name, column in places.items() if not name.endswith(("_lower", "_upper"))}
    found = found.drop(columns="ordered").assign(**kept)
    return (found.sort_values(list(asked.by), ignore_index=True) if asked.by else found.drop(columns="all")), {}


def _about(asked: Question, table: pd.DataFrame) -> tuple[pd.DataFrame, Any]:
    """The counts of people in the table; of a share the others too, since all but two of them tell of two."""
    counts: tuple[str, ...] = ("numerator",)
    if asked.indicator.kind == "share":
        table = table.assign(others=table["denominator"] - table["numerator"])
        counts = ("numerator", "others")
        if len(asked.by) > 1:
            raise InputError(
                "a share of people by two groups at once is not offered: small counts could not be hidden",
                where="by",
                do="ask for one group, or for the count",
            )
    across = asked.by[1] if len(asked.by) > 1 else ""
    return table, people(asked.dept.settings, asked.indicator.people, asked.by, counts, across=across)
