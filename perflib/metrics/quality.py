"""What the figures rest on: every record read, accepted or quarantined, what is missing, and what the dates show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from perflib.agency import Department, SourceReport
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.files.shared import once_per_batch
from perflib.models.levels import level_shifts, weekly
from perflib.models.timeline import Timeline, timeline
from perflib.result import Result
from perflib.words import quality as words


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
        reason = "the department carries no report of its sources"
        return Result.not_assessable("quality", reason, method=words.METHOD)
    dates = {table: _timeline(dept, table) for table in dept.tables if dept.stamp(table)}
    table = pd.DataFrame([_row(source, dept.timezone) for source in dept.sources])
    caveats = _caveats(dept.sources, dates)
    return Result("quality", table, caveats=caveats, facts=_facts(dept.sources, dates), words=words.quality)


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
    dates = _timeline(dept, name)
    weeks = pd.concat([_weeks(feed, rows, days) for feed, rows in days.groupby("feed")], ignore_index=True)
    breaks = sorted({shift.at for shifts in dates.shifts.values() for shift in shifts})
    by = "feed" if weeks["feed"].nunique() > 1 else None
    chart = Chart("line", "week", "records", by=by, x_label="Week from", y_label="Records", marks={"breaks": breaks})
    return Result(
        "volume",
        weeks,
        caveats=dates.sentences(),
        facts={"table": name, **dates.facts()},
        chart=chart,
        words=partial(words.volume, jump=dates.jump()),
    )


def _timeline(dept: Department, table: str) -> Timeline:
    return timeline(dept.days(table), dept.full_hours(table), dept.timed(table), dept.resolution(table))


def _row(source: SourceReport, zone: str) -> dict[str, Any]:
    column, share = max(source.missing.items(), key=lambda item: item[1], default=("", 0.0))
    first, last = source.span(zone)
    return {
        "table": source.table,
        "files": len(source.files),
        "rows_read": source.read,
        "accepted": source.accepted,
        "quarantined": source.quarantined,
        "quarantined_share": source.quarantined / source.read if source.read else 0.0,
        "reasons": words.tally(source.reasons),
        "counted": words.tally(source.counted),
        "clock_change_rows": source.clock_change_rows,
        "first": first,
        "last": last,
        "most_missing": f"{column} {share:.1%}" if share else "",
        "trust": " ".join(source.trust.split()),
    }


def _facts(sources: Sequence[SourceReport], dates: Mapping[str, Timeline]) -> dict[str, Any]:
    described = {table: item.facts() for table, item in dates.items()}
    totals = {
        "rows_read": "read",
        "accepted": "accepted",
        "quarantined": "quarantined",
        "clock_change_rows": "clock_change_rows",
    }
    rules = {"by_reason": "reasons", "counted": "counted"}
    return {
        **{fact: sum(getattr(source, name) for source in sources) for fact, name in totals.items()},
        **{fact: _summed(getattr(source, name) for source in sources) for fact, name in rules.items()},
        "missing": {source.table: dict(source.missing) for source in sources},
        **{key: {table: item[key] for table, item in described.items()} for key in ("level_shifts", "shared_shifts")},
        "heaping": {
            table: {key: item[key] for key in ("first_of_month", "midnight")} for table, item in described.items()
        },
    }


def _summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)


def _caveats(sources: Sequence[SourceReport], dates: Mapping[str, Timeline]) -> list[str]:
    texts = [f"{table}: {sentence}." for table, item in dates.items() for sentence in item.sentences()]
    texts += [
        f"{source.table}: accepted although a rule is broken: {words.tally(source.counted)}."
        for source in sources
        if any(source.counted.values())
    ]
    notes: dict[str, list[str]] = {}
    for source in sources:
        for note in (*source.notes, " ".join(source.trust.split())):
            if note:
                notes.setdefault(note, []).append(source.table)
    return texts + words.about_sources(notes)


def _weeks(feed: object, rows: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    every = pd.date_range(pd.to_datetime(days["day"]).min(), pd.to_datetime(days["day"]).max(), freq="D")
    daily = rows.assign(day=pd.to_datetime(rows["day"])).set_index("day")["records"].reindex(every, fill_value=0)
    counts = weekly(daily)
    jumps = [shift.at for shift in level_shifts(counts)]
    return pd.DataFrame(
        {"week": counts.index, "feed": str(feed), "records": counts.to_numpy(), "jump": counts.index.isin(jumps)}
    )
