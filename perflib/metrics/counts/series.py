"""Daily counts by cell, from a department's records or from counts that are already added up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from perflib import schema
from perflib.agency import COARSE, Department, grain
from perflib.errors import InputError, named, why
from perflib.files.roots import given
from perflib.metrics.counts.totals import refuse_averages
from perflib.models.totals import totals_of
from perflib.period import Period, containing
from perflib.privacy.quoting import quoted_all
from perflib.words import counts as words

#: what is counted: reports, offences within them, or victims; of other tables, records.
UNITS = ("incidents", "offences", "victims", "records")
ABSENT = "not recorded"


@dataclass(frozen=True, eq=False)
class Series:
    """Counts per cell and local day.

    ``cells`` has one row per cell (columns ``by``), ``counts`` is cells x days, ``days`` has every day from the first
    to the last; ``unit`` says what is counted, ``notes`` what a reader must know; ``grain``: what
    the dates tell. Where that is a week, month, quarter or year, every count stands at the first day of its period and
    is that of the whole period.
    """

    by: tuple[str, ...]
    cells: pd.DataFrame
    counts: np.ndarray
    days: pd.DatetimeIndex
    unit: str
    notes: tuple[str, ...] = field(default=())
    grain: str = "day"

    def period(self, day: dt.date) -> Period:
        """The period of the grain that holds a day."""
        return containing(day, self.grain, self.days[0].date())

    def periods(self, window: Period) -> list[Period]:
        """The periods of the grain in a window."""
        found = [self.period(window.first)]
        while found[-1].last < window.last:
            found.append(self.period(found[-1].last + dt.timedelta(days=1)))
        return found

    def unfit(self, window: Period) -> str:
        """Why a window cannot be counted where the dates tell no days; empty where it can."""
        found = self.periods(window) if self.grain in COARSE else []
        if not found or (found[0].first, found[-1].last) == (window.first, window.last):
            return ""
        return words.note("unfit", grain=self.grain, period=window)

    def window(self, first: dt.date, last: dt.date) -> np.ndarray:
        """Counts per cell from ``first`` to ``last``, both included; missing where the data do not reach."""
        low, high = (self.days.searchsorted(pd.Timestamp(day)) for day in (first, last + dt.timedelta(days=1)))
        if pd.Timestamp(first) < self.days[0] or pd.Timestamp(last) > self.days[-1]:
            return np.full(len(self.cells), np.nan)
        return np.asarray(self.counts[:, low:high].sum(axis=1))

    def empty_days(self, first: dt.date, last: dt.date) -> float:
        """Share of days of a period on which nothing at all was counted."""
        counts = self.counts.sum(axis=0)[(self.days >= pd.Timestamp(first)) & (self.days <= pd.Timestamp(last))]
        return float((counts == 0).mean()) if len(counts) else 1.0


def daily(
    source: Department | pd.DataFrame,
    table: str = "incidents",
    by: str | Sequence[str] = ("district", "offence"),
    unit: str | None = None,
    crosswalk: Any = None,
) -> Series:
    """Counts per local day and cell.

    Parameters
    ----------
    source : a department, or a frame of counts with ``date``, ``count`` and the columns ``by``.
    table : the table counted, by the day of its first required stamp. by : columns that make the cells.
    unit : "incidents" (distinct reports: one report with two offences counts once in each offence's cell and once in
        their total), "offences" (rows) or "victims" (their sum); "records" for other tables, the default there.
    crosswalk : file or mapping, local offence code -> NIBRS code; ``nibrs`` is then made from it.

    Raises
    ------
    InputError : a column, unit or table that does not fit; a frame whose counts are not whole numbers or whose column
        is a percentile or an average.
    """
    keys = (by,) if isinstance(by, str) else tuple(by)
    if isinstance(source, pd.DataFrame):
        frame, notes = _from_frame(source, keys)
        return _series(frame, keys, unit or "records", notes)
    counted = unit or ("incidents" if table == "incidents" else "records")
    rows, notes = keyed(source, table, keys, crosswalk)
    frame = rows.group_by(["day", *keys]).agg(count=_count(rows, table, counted)).execute()
    if counted == "victims":
        missing = int(rows.filter(rows.victims.isnull()).count().execute())
        notes += [words.note("victims", rows=missing)] if missing else []
    return _series(frame, keys, counted, notes, source.resolution(table))


def keyed(dept: Department, table: str, by: Sequence[str], crosswalk: Any = None) -> tuple[ir.Table, list[str]]:
    """The rows with their local ``day`` and the columns ``by`` as texts ("not recorded" where missing); and notes."""
    rows = dept.table(table)
    stamp = dept.stamp(table)
    if not stamp:
        raise InputError(f"{table} has no date to count by", where="table")
    moment = rows[stamp]
    rows = rows.mutate(day=dept.local(moment).date() if moment.type().is_timestamp() else moment)
    notes: list[str] = []
    if crosswalk is not None:
        rows, notes = _crossed(rows, read_crosswalk(crosswalk))
    unknown = [name for name in by if name not in rows.columns]
    if unknown:
        raise InputError(f"{table} has no column {unknown[0]!r}", where="by", choices=rows.columns, found=unknown[0])
    texts = {name: rows[name].cast("string").fill_null(ABSENT) for name in by}
    dated = rows.mutate(**texts).filter(rows.day.notnull())
    return dated, notes


def _crossed(rows: ir.Table, codes: Mapping[str, str]) -> tuple[ir.Table, list[str]]:
    if "offence" not in rows.columns:
        raise InputError("the table has no column offence to translate", where="crosswalk")
    missing = "not in the crosswalk"
    rows = rows.mutate(nibrs=rows.offence.cases(*codes.items(), else_=missing))
    lost = rows.filter(rows.nibrs == missing).group_by("offence").agg(n=lambda t: t.count()).execute()
    lost = lost.sort_values("n", ascending=False)
    most = ", ".join(f"{code} ({n:,})" for code, n in lost.head(5)[["offence", "n"]].itertuples(index=False))
    return rows, [words.note("crosswalk", codes=len(lost), most=most)] if most else []


def read_crosswalk(source: Any) -> dict[str, str]:
    """Local offence code -> NIBRS code, from a mapping or a CSV file with columns ``local`` and ``nibrs``.

    Raises InputError for other columns, an empty or doubled code.
    """
    if isinstance(source, Mapping):
        return {schema.composed(str(code)): str(nibrs) for code, nibrs in source.items()}
    path = given(source, "crosswalk")
    try:
        raw = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as fault:
        raise InputError(f"cannot be read ({why(fault)})", where=path.name) from None
    if not {"local", "nibrs"} <= set(raw.columns):
        raise InputError("needs the columns local and nibrs", where=path.name)
    twice = raw["local"][raw["local"].duplicated()]
    if len(twice):
        raise InputError(f"code {named(twice.iloc[0])} stands twice", where=path.name)
    return dict(zip(map(schema.composed, raw["local"]), raw["nibrs"], strict=True))


def _count(rows: ir.Table, table: str, unit: str) -> ir.IntegerScalar:
    if unit not in UNITS:
        raise InputError(f"no unit {unit!r}", where="unit", choices=UNITS, found=unit)
    if unit == "victims":
        if "victims" not in rows.columns:
            raise InputError(f"{table} has no column victims", where="unit", choices=("incidents", "offences"))
        return rows.victims.sum().fill_null(0).cast("int64")
    key = schema.get(table).key
    return rows[key[0]].nunique() if unit == "incidents" and key else rows.count()


def _from_frame(frame: pd.DataFrame, by: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    unknown = [name for name in ("date", "count", *by) if name not in frame.columns]
    if unknown:
        for column in frame.select_dtypes("number").columns:
            refuse_averages(str(column))
        raise InputError(
            f"the counts have no column {unknown[0]!r}", choices=quoted_all(frame.columns), found=unknown[0]
        )
    values = pd.to_numeric(frame["count"], errors="coerce")
    if values.isna().any() or (values % 1 != 0).any():
        raise InputError(
            "holds missing values or fractions",
            where="count",
            do="leave missing days out (they are named, not zero); averages cannot be added up",
        )
    frame, notes = frame.assign(count=values), []
    columns = [str(name) for name in frame if name not in ("date", "count") and not is_numeric_dtype(frame[name])]
    for name in columns:  # totals beside their parts would be counted twice
        totals = totals_of(frame, name, [other for other in columns if other != name])
        frame = frame[~frame[name].astype(str).isin(totals)]
        notes += [words.note("totals", column=name, values=", ".join(map(repr, totals)))] if totals else []
    texts = {name: frame[name].astype("string").fillna(ABSENT).astype(str) for name in by}
    rows = pd.DataFrame({"day": pd.to_datetime(frame["date"]), **texts, "count": frame["count"]})
    return rows.groupby(["day", *by])["count"].sum().reset_index(), notes


def _series(frame: pd.DataFrame, by: tuple[str, ...], unit: str, notes: Sequence[str], resolution: str = "") -> Series:
    if not len(frame):
        raise InputError("no dated record to count", where="table")
    days = pd.to_datetime(frame["day"])
    resolution = resolution or grain(pd.DatetimeIndex(days.unique()))
    known = resolution if resolution in COARSE else "day"
    end = containing(days.max().date(), known, days.min().date()).last
    every = pd.date_range(days.min(), end, freq="D")
    cells = (
        frame[list(by)].drop_duplicates().sort_values(list(by), ignore_index=True) if by else pd.DataFrame(index=[0])
    )
    place = frame.merge(cells.assign(_cell=range(len(cells))), on=list(by)) if by else frame.assign(_cell=0)
    counts = np.zeros((len(cells), len(every)))
    at = (place["_cell"].to_numpy(), every.get_indexer(pd.DatetimeIndex(place["day"])))
    np.add.at(counts, at, place["count"].to_numpy(dtype=float))
    coarse = [words.note("coarse", grain=known)] if known in COARSE else []
    return Series(by, cells, counts, every, unit, (*notes, *coarse), known)
