"""What the figures rest on: every record read, accepted or quarantined, what is missing, and what the dates show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from perflib.agency import Department, SourceReport
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.files.shared import once_per_batch
from perflib.models.levels import level_shifts, weekly
from perflib.models.timeline import Timeline, timeline
from perflib.result import Result

_LABELS = {
    "table": "Table",
    "files": "Files",
    "rows_read": "Rows read",
    "accepted": "Accepted",
    "quarantined": "Quarantined",
    "quarantined_share": "Share quarantined",
    "reasons": "Reasons",
    "counted": "Broken rules, accepted",
    "clock_change_rows": "Clock-change rows",
    "first": "First (local)",
    "last": "Last (local)",
    "most_missing": "Most missing",
    "trust": "Trust",
}
_METHOD = (
    "Every record is either accepted or quarantined with its reasons; a cross-column rule refuses a record or counts "
    "it, as the schema says; a local time that happens twice is resolved in the order of the stamps. Level shifts "
    "compare medians of four weeks, heaping compares full hours and like weekdays."
)


@once_per_batch
def quality(dept: Department) -> Result:
    """What became of the records behind a department, one row per source.

    Returns
    -------
    Result : ``quality``. Facts: ``rows_read``, ``accepted``, ``quarantined``, ``clock_change_rows`` (totals over the
        sources), ``by_reason`` and ``counted`` (rows per broken rule), ``missing`` (share per table and column),
        ``level_shifts``, ``shared_shifts`` and ``heaping`` per table. Table: a row per source, shares between 0 and 1.
        Not assessable when the department has no source reports.
    """
    if not dept.sources:
        return Result.not_assessable("quality", "the department carries no report of its sources", method=_METHOD)
    dates = {table: _timeline(dept, table) for table in dept.tables if dept.stamp(table)}
    table = pd.DataFrame([_row(source, dept.timezone) for source in dept.sources])
    facts = _facts(dept.sources, dates)
    return Result(
        "quality",
        table,
        "What the figures rest on",
        _answer(facts, dept.sources),
        _METHOD,
        _caveats(dept, dates),
        facts,
        labels=_LABELS,
    )


def volume(dept: Department, table: str | None = None) -> Result:
    """Records per week and feed, with the weeks at which a feed jumps.

    Parameters
    ----------
    table : a table of the department; by default its main one.

    Returns
    -------
    Result : ``volume``, a row per whole week (from the first day of the records) and feed.

    Raises
    ------
    InputError : the table has no date.
    """
    name = table or dept.main
    days = dept.days(name)
    if days.empty:
        raise InputError(f"table {name!r} has no dated rows", do="name a table whose rows carry a time")
    found = _timeline(dept, name)
    weeks = pd.concat([_weeks(feed, rows, days) for feed, rows in days.groupby("feed")], ignore_index=True)
    breaks = sorted({shift.at for held in found.shifts.values() for shift in held})
    sentences = found.sentences()
    chart = Chart(
        "line",
        "week",
        "records",
        by="feed" if weeks["feed"].nunique() > 1 else None,
        x_label="Week from",
        y_label="Records",
        marks={"breaks": list(breaks)},
        alt=f"Weekly records of {name} by feed",
    )
    return Result(
        "volume",
        weeks,
        f"Records a week: {name}",
        _volume_answer(name, weeks, found.jump()),
        _METHOD,
        sentences,
        {"table": name, **found.facts()},
        chart,
        {"week": "Week from", "feed": "Feed", "records": "Records"},
    )


def _timeline(dept: Department, table: str) -> Timeline:
    return timeline(dept.days(table), dept.full_hours(table), dept.timed(table), dept.resolution(table))


def _row(source: SourceReport, zone: str) -> dict[str, Any]:
    most = max(source.missing.items(), key=lambda item: item[1], default=("", 0.0))
    return {
        "table": source.table,
        "files": len(source.files),
        "rows_read": source.read,
        "accepted": source.accepted,
        "quarantined": source.quarantined,
        "quarantined_share": source.quarantined / source.read if source.read else 0.0,
        "reasons": _tally(source.reasons),
        "counted": _tally(source.counted),
        "clock_change_rows": source.clock_change_rows,
        "first": source.span(zone)[0],
        "last": source.span(zone)[1],
        "most_missing": f"{most[0]} {most[1]:.1%}" if most[1] else "",
        "trust": " ".join(source.trust.split()),
    }


def _facts(sources: Iterable[SourceReport], dates: Mapping[str, Timeline]) -> dict[str, Any]:
    reports = list(sources)
    described = {table: found.facts() for table, found in dates.items()}
    return {
        "rows_read": sum(source.read for source in reports),
        "accepted": sum(source.accepted for source in reports),
        "quarantined": sum(source.quarantined for source in reports),
        "clock_change_rows": sum(source.clock_change_rows for source in reports),
        "by_reason": _summed(source.reasons for source in reports),
        "counted": _summed(source.counted for source in reports),
        "missing": {source.table: dict(source.missing) for source in reports},
        "level_shifts": {table: found["level_shifts"] for table, found in described.items()},
        "shared_shifts": {table: found["shared_shifts"] for table, found in described.items()},
        "heaping": {
            table: {key: found[key] for key in ("first_of_month", "midnight")} for table, found in described.items()
        },
    }


def _summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)


def _answer(facts: Mapping[str, Any], sources: Iterable[SourceReport]) -> str:
    share = facts["quarantined"] / facts["rows_read"] if facts["rows_read"] else 0.0
    reasons = _tally(facts["by_reason"])
    files = sum(len(source.files) for source in sources)
    many = "1 file" if files == 1 else f"{files:,} files"
    first = (
        f"{facts['rows_read']:,} records were read from {many}: {facts['accepted']:,} were accepted and "
        f"{facts['quarantined']:,} ({share:.2%}) quarantined{f' ({reasons})' if reasons else ''}."
    )
    clock = facts["clock_change_rows"]
    return f"{first} {clock:,} records hold a time that a clock change makes happen twice or never." if clock else first


def _caveats(dept: Department, dates: Mapping[str, Timeline]) -> list[str]:
    found = [f"{table}: {sentence}." for table, item in dates.items() for sentence in item.sentences()]
    for source in dept.sources:
        counted = _tally({rule: count for rule, count in source.counted.items() if count})
        found += [f"{source.table}: accepted although a rule is broken: {counted}."] if counted else []
    said: dict[str, list[str]] = {}  # what is true of many tables is said once
    for source in dept.sources:
        for note in (*source.notes, *([" ".join(source.trust.split())] if source.trust else [])):
            said.setdefault(note, []).append(source.table)
    return [*found, *(f"{', '.join(dict.fromkeys(tables))}: {note}" for note, tables in said.items())]


def _weeks(feed: object, rows: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    every = pd.date_range(pd.to_datetime(days["day"]).min(), pd.to_datetime(days["day"]).max(), freq="D")
    daily = rows.assign(day=pd.to_datetime(rows["day"])).set_index("day")["records"].reindex(every, fill_value=0)
    counts = weekly(daily)
    jumps = [shift.at for shift in level_shifts(counts)]
    return pd.DataFrame(
        {"week": counts.index, "feed": str(feed), "records": counts.to_numpy(), "jump": counts.index.isin(jumps)}
    )


def _volume_answer(table: str, weeks: pd.DataFrame, jump: str) -> str:
    total = weeks.groupby("week")["records"].sum()
    if total.empty:
        return f"{table} does not cover a whole week."
    spread = f"{total.median():,.0f} records a week at the median, {total.min():,.0f} to {total.max():,.0f}"
    return f"{table}: {spread} over {len(total)} weeks. {_sentence(jump)}"


def _sentence(jump: str) -> str:
    return f"{jump[0].upper()}{jump[1:]}." if jump else "No feed jumps."


def _tally(counts: Mapping[str, int]) -> str:
    return "; ".join(f"{words} ({count:,})" for words, count in counts.items() if count)
