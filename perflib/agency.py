"""Department: the canonical tables of one agency behind one engine, and a log of every row left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pandas as pd

from perflib import schema
from perflib.engine.local_time import local_time
from perflib.engine.tables import remembered
from perflib.errors import DepartmentError

#: columns that tell the feeds of a table apart: what jumps in one only is the world, in all of them the extraction
FEEDS = {"calls": ("service", "origin"), "stops": ("kind",), "complaints": ("source",), "arrests": ("kind",)}
#: resolutions that tell no day
COARSE = ("week", "month", "quarter", "year")
#: distinct days from which their pattern tells a month or longer, or a week; rows looked at before all of them
_MONTHS, _WEEKS, _FIRST = 3, 8, 500
Rule = Callable[[ir.Table], ir.BooleanValue] | Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """One line of the decisions log: rows left out of a table, and why."""

    table: str
    rule: str
    because: str
    rows_before: int
    rows_after: int


@dataclass(frozen=True)
class SourceReport:
    """What became of the records of one source: ``read == accepted + quarantined``, always.

    ``quarantine`` has one row per refused record (file, record, line, reasons, raw); ``counted`` holds rules that
    were broken without refusal; ``notes`` are sentences for the report, ``missing`` the share missing per column;
    ``resolution`` is what the formats of the date name, where the mapping states any.
    """

    table: str
    files: tuple[str, ...]
    read: int
    accepted: int
    quarantined: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    counted: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, float] = field(default_factory=dict)
    clock_change_rows: int = 0
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    trust: str = ""
    notes: tuple[str, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)
    quarantine: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)  # raw records: no notebook prints them
    resolution: str = ""

    def span(self, timezone: str) -> tuple[str, str]:
        """First and last date of the records as local text; empty where there is none. Days carry no time of day."""
        columns = schema.get(self.table).columns.values()
        dated = [column for column in columns if column.name in self.missing and column.type in ("timestamp", "date")]
        kind = next((column.type for column in dated if column.required), dated[0].type if dated else "")
        zone = ZoneInfo(timezone) if timezone and kind == "timestamp" else dt.UTC
        form = "%Y-%m-%d %H:%M" if kind == "timestamp" else "%Y-%m-%d"
        return tuple(f"{end.astimezone(zone):{form}}" if end else "" for end in (self.first, self.last))  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class Department:
    """One agency's records.

    Attributes
    ----------
    name, timezone : as in the department file; ``timezone`` is an IANA name.
    tables : canonical name -> Ibis table, timestamps in UTC.
    main : the table the department is mostly about (the first source of events).
    settings : districts, shifts, priority_targets, boundaries, policy, as in the department file.
    log : the decisions taken so far; sources : one report per source; known_on : the as-of date, if any.
    """

    name: str
    timezone: str
    tables: Mapping[str, ir.Table]
    main: str = "calls"
    settings: Mapping[str, Any] = field(default_factory=dict)
    log: tuple[Decision, ...] = ()
    sources: tuple[SourceReport, ...] = ()
    known_on: dt.date | None = None

    def __getattr__(self, name: str) -> ir.Table:
        if name.startswith("_") or name not in schema.names():
            raise AttributeError(f"Department has no attribute {name!r}")
        return self.table(name)

    def table(self, name: str) -> ir.Table:
        """The canonical table ``name``.

        Raises
        ------
        DepartmentError : the department has no such table; the message lists those it has.
        """
        if name not in self.tables:
            raise DepartmentError(
                f"department {self.name!r} has no table {name!r}",
                choices=self.tables,
                found=name,
                do="add a source for it to the department file",
            )
        return self.tables[name]

    def has(self, table: str, *columns: str) -> bool:
        """Whether the table is present with these columns."""
        return table in self.tables and set(columns) <= set(self.tables[table].columns)

    def keep(self, rule: Rule, because: str, table: str | None = None) -> Department:
        """A new Department with only the rows of ``table`` (default: the main table) that satisfy ``rule``.

        ``rule`` is a function of the table returning a boolean expression, or ``{column: value or list of values}``.
        The rule, its reason and the rows before and after go to the log.
        """
        name = table or self.main
        before = self.table(name)
        after = before.filter(_predicate(before, rule))
        counts = [int(found.count().execute()) for found in (before, after)]
        decision = Decision(name, _words(rule), because, *counts)
        return replace(self, tables={**self.tables, name: after}, log=(*self.log, decision))

    def as_of(self, date: str | dt.date) -> Department:
        """What was known at the end of ``date``, local time.

        Rows recorded later are left out; a moment that lies later is emptied, with the columns the schema says were
        ``known_with`` it (a case cleared in July is an open case in June). Where a table has no ``recorded_at`` the
        time of the event stands in for it, and the log says so.

        Raises
        ------
        DepartmentError : ``date`` is not an ISO date.
        """
        day = _day(date)
        midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), ZoneInfo(self.timezone))
        end = midnight.astimezone(dt.UTC)
        tables, log = dict(self.tables), list(self.log)
        for name, table in self.tables.items():
            known, basis = _known_by(schema.get(name), table, day, end)
            tables[name] = known
            counts = [int(found.count().execute()) for found in (table, known)]
            log.append(Decision(name, f"{basis} by {day}", "as-of date", *counts))
        return replace(self, tables=tables, log=tuple(log), known_on=day)

    def local(self, moment: ir.TimestampValue | ir.DateValue) -> ir.TimestampValue:
        """The agency's wall-clock time of a UTC moment; made here alone. A day stays that day."""
        if moment.type().is_date():
            return moment.cast("timestamp")
        years = [end.year for source in self.sources for end in (source.first, source.last) if end is not None]
        # only the years of the records, so that the function stays short
        spelled = ((min(years), max(years) + 1),) if years else ()
        return local_time(moment, self.timezone, *spelled)

    def stamp(self, table: str) -> str:
        """The column that dates a row of ``table``: its first required time or date; empty where it has none."""
        columns = [column for column in schema.get(table).columns.values() if column.name in self.table(table).columns]
        dated = [column.name for column in columns if column.required and column.type in ("timestamp", "date")]
        return dated[0] if dated else ""

    def timed(self, table: str) -> bool:
        """Whether the rows of ``table`` are dated by a time, as events are, and not by a day, as spells are."""
        dated = self.stamp(table)
        return bool(dated) and schema.get(table).columns[dated].type == "timestamp"

    def resolution(self, table: str, column: str = "") -> str:
        """How finely the rows of ``table`` are dated: time, day, week, month, quarter or year; "" without a date.

        Days that all stand at the beginning of a month, quarter or year, or on one weekday, are periods, not days.
        ``column`` is the date looked at; empty: the one that dates a row.
        """
        stamp = self.stamp(table)
        dated = column or stamp
        if not dated:
            return ""
        rows = self.table(table)
        found = remembered(
            rows, ("resolution", dated), lambda: _resolution(self, rows.filter(rows[dated].notnull()).select(at=dated))
        )
        stated = {source.resolution for source in self.sources if source.table == table and dated == stamp}
        coarse = stated.pop() if len(stated) == 1 else ""
        return coarse if found == "day" and coarse in COARSE else found

    def days(self, table: str) -> pd.DataFrame:
        """Rows per local day and feed (``day``, ``feed``, ``records``); a feed is what FEEDS says, as text."""
        rows, dated = self.table(table), self.stamp(table)
        if not dated:
            return pd.DataFrame({"day": [], "feed": [], "records": []})
        by = [name for name in FEEDS.get(table, ()) if name in rows.columns]
        parts = [rows[name].fill_null("unknown") for name in by]
        feed = ibis.literal(", ").join(parts) if parts else ibis.literal("")
        counted = rows.filter(rows[dated].notnull()).select(day=self.local(rows[dated]).date(), feed=feed)
        found = counted.group_by(["day", "feed"]).agg(records=lambda t: t.count())
        return found.order_by(["day", "feed"]).execute()

    def full_hours(self, table: str) -> pd.Series:
        """Rows whose event, by its first stamp, stands at a full local hour, by hour; empty without a stamp."""
        rows = self.table(table)
        stamps = [name for name, column in schema.get(table).columns.items() if column.type == "timestamp"]
        event = next((name for name in stamps if name in rows.columns and name != "recorded_at"), "")
        if not event:
            return pd.Series(dtype="int64")
        walls = rows.select(wall=self.local(rows[event]))
        full = walls.filter(walls.wall == walls.wall.truncate("h"))
        found = full.group_by(hour=lambda t: t.wall.hour()).agg(records=lambda t: t.count()).execute()
        return found.set_index("hour")["records"].sort_index()

    def decisions(self) -> pd.DataFrame:
        """The decisions log, one row per step."""
        return pd.DataFrame([vars(step) for step in self.log], columns=list(Decision.__dataclass_fields__))


def _resolution(dept: Department, rows: ir.Table) -> str:
    """See ``Department.resolution``; the first rows are asked first, since they tell most often."""
    for part in (rows.limit(_FIRST), rows):
        walls = part.select(wall=dept.local(part.at))
        late = walls.filter(walls.wall != walls.wall.truncate("D")).distinct().limit(_FIRST).execute()["wall"]
        # where clocks go forward at midnight a day begins at 01:00
        if any(not _opens_a_day(wall, dept.timezone) for wall in late):
            return "time"
    days = pd.DatetimeIndex(walls.select(day=walls.wall.date()).distinct().order_by("day").execute()["day"])
    return grain(days) if len(days) else ""


def _opens_a_day(wall: dt.datetime, zone: str) -> bool:
    midnight = dt.datetime.combine(wall.date(), dt.time(), ZoneInfo(zone))
    return midnight.astimezone(dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall


def grain(days: pd.DatetimeIndex) -> str:
    """What the distinct days of records are: day, or week, month, quarter or year where each day begins one."""
    if len(days) >= _MONTHS and (days.day == 1).all():
        return "year" if (days.month == 1).all() else "quarter" if (days.month % 3 == 1).all() else "month"
    return "week" if len(days) >= _WEEKS and days.day_of_week.nunique() == 1 else "day"


def _day(date: str | dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(date) if isinstance(date, str) else date
    except ValueError:
        raise DepartmentError(f"{date!r} is not a date", where="as_of", do="write it as YYYY-MM-DD") from None


def _known_by(spec: schema.Table, table: ir.Table, day: dt.date, end: dt.datetime) -> tuple[ir.Table, str]:
    """The rows known before ``end``, later moments emptied; and the words for what decided."""
    present = [spec.columns[name] for name in table.columns if name in spec.columns]
    moments = [column.name for column in present if column.type == "timestamp" and column.name != "recorded_at"]
    dates = [column.name for column in present if column.type == "date"]
    first = next((name for name in (*moments, *dates) if spec.columns[name].required), None)
    deciding = [name for name in ("recorded_at", first) if name is not None and name in table.columns]
    if not deciding:
        return table, "no date in this table: nothing left out"
    limits = {name: day if name in dates else end for name in (*moments, *dates, "recorded_at")}
    known = table
    for name in deciding:
        known = known.filter((known[name] <= day) if name in dates else (known[name] < end) | known[name].isnull())
    later = {name: known[name] > day if name in dates else known[name] >= end for name in (*moments, *dates)}
    emptied = {name: late.ifelse(ibis.null(known[name].type()), known[name]) for name, late in later.items()}
    for column in present:
        if column.known_with in limits and column.known_with in known.columns:
            blank = later[column.known_with].fill_null(False)
            emptied[column.name] = blank.ifelse(ibis.null(known[column.name].type()), known[column.name])
    words = "recorded" if "recorded_at" in deciding else f"{first} (no recorded_at: late entries cannot be seen)"
    return known.mutate(**emptied), words


def _predicate(table: ir.Table, rule: Rule) -> ir.BooleanValue:
    if callable(rule):
        return rule(table)
    parts = [_matches(table, column, wanted) for column, wanted in rule.items()]
    return ibis.and_(*parts)


def _matches(table: ir.Table, column: str, wanted: Any) -> ir.BooleanValue:
    if column not in table.columns:
        raise DepartmentError(f"no column {column!r}", choices=table.columns, found=column)
    values = schema.composed(list(wanted) if isinstance(wanted, (list, tuple, set)) else [wanted])
    if any("\0" in value for value in values if isinstance(value, str)):
        raise DepartmentError("a NUL byte stands in the value", where=column, do="remove it")
    return table[column].isin(values)


def _words(rule: Rule) -> str:
    if callable(rule):
        return str(getattr(rule, "__doc__", None) or getattr(rule, "__name__", "rule"))
    return ", ".join(f"{column} in {wanted!r}" for column, wanted in rule.items())
