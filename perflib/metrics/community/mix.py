"""What do residents ask for, and has that changed? The mix of 311 requests or of calls, by area, over time."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from perflib import schema
from perflib.agency import COARSE, Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.community.shares import periods
from perflib.metrics.counts.completeness import last_complete
from perflib.metrics.counts.lacking import lacking
from perflib.metrics.counts.series import Series, daily
from perflib.metrics.seasons.read import silent
from perflib.models.composition import METHOD, against, moved_words, shift
from perflib.models.counts import adjusted
from perflib.privacy.quoting import no_such
from perflib.result import Result
from perflib.verdicts import Verdict

KIND = {"requests": "kind", "calls": "call_type", "incidents": "offence", "feedback": "topic"}
#: kinds told apart; the rarest are put together. The share of areas called in error that is accepted.
MOST, Q = 10, 0.10
#: years back to what the mix is compared with, where the records reach.
YEARS = 3
REST = "all others"
_NAMES = {"kind": "Kind", "share": "Share", "count": "Number", "quarter": "Quarter"}


def course(
    dept: Department, table: str = "requests", origin: str = "public", *, name: str = "mix_course", **cell: Any
) -> Result:
    """The share of each kind by quarter.

    Parameters
    ----------
    table : requests or calls. origin : of calls, whose calls count ("public": without what officers began); empty: all;
        ignored where the table has no such column. cell : column = value, such as ``district="0412"``; empty values
        mean all.

    Returns
    -------
    Result ``mix_course``: ``quarter, kind, count, share`` with ``share_low`` and ``share_high`` (95 %, from the
    variation between weeks). Facts ``kinds``, ``quarters``. Whole quarters only; months where there is no whole
    quarter. Not assessable where the table or a column lacks.
    """
    of = named(table, origin)
    title = f"What is asked for? The mix of {of}{_where(cell)}"
    held = _held(dept, table, cell, origin=origin)
    if isinstance(held, str):
        return Result.not_assessable(name, held, title=title)
    frame, last, notes = held
    table_, grain = periods(frame, last)
    if table_.empty:
        return Result.not_assessable(name, "no whole month of records", title=title)
    ends = table_.groupby("kind")["share"].agg(["first", "last"]).reset_index()
    row = ends.iloc[int((ends["last"] - ends["first"]).abs().to_numpy().argmax())]
    answer = (
        f"From the first to the last whole {grain}, {row['kind']} moved most: {row['first']:.1%} to "
        f"{row['last']:.1%} of {of}. Whether that is more than chance is tested below."
    )
    chart = Chart(
        "line",
        "quarter",
        "share",
        "share_low",
        "share_high",
        by="kind",
        y_label=f"share of {of}",
        marks={"zero": True},
        alt=answer,
    )
    facts = {"kinds": sorted(table_["kind"].unique()), "quarters": table_["quarter"].nunique(), "grain": grain}
    return Result(
        name,
        table_,
        title,
        answer,
        "Shares with linearised intervals from the variation between weeks.",
        notes,
        facts,
        chart,
        _NAMES,
    )


def drivers(
    dept: Department,
    table: str = "requests",
    since: str = "",
    origin: str = "public",
    *,
    name: str = "mix_drivers",
    **cell: Any,
) -> Result:
    """Whether the mix changed, tested as a whole, and which kinds drive it.

    Parameters
    ----------
    since : the day (YYYY-MM-DD) from which the mix is compared with the same days a year earlier; empty: the last 52
        weeks against the same weeks up to three years before, so that a shift in between lies in neither; or two
        halves where the records are shorter than that. origin : as of ``course``.

    Returns
    -------
    Result ``mix_drivers``: columns and facts of ``perflib.models.composition.shift``, and the fact ``cell``; what is
    put together stands last.

    Raises
    ------
    InputError : a day that is none or lies outside the records, a column or value that does not exist.
    """
    title = f"Has the mix of {named(table, origin)} changed?{_where(cell)}"
    held = _held(dept, table, cell, origin=origin)
    if isinstance(held, str):
        return Result.not_assessable(name, held, title=title, method=METHOD)
    frame, last, notes = held
    before, after, said = windows(frame["date"].min().date(), last, since)
    found = shift(frame, before, after, name=name)
    chart = (
        None
        if found.reason
        else Chart(
            "dots",
            "kind",
            "change",
            "change_low",
            "change_high",
            y_label="change of its share (points of 100)",
            marks={"highlight": "stands_out", "name": "because"},
            alt=found.answer,
        )
    )
    made = _last(found.table.assign(stands_out=found.table["verdict"] != Verdict.AS_BEFORE)) if chart else found.table
    asked = schema.asked(cell)
    facts = found.facts if found.reason else {**found.facts, "cell": asked}
    when = against(before, after)
    return Result(
        name,
        made,
        f"{title}{': ' if asked else ' '}{when}",
        found.answer,
        METHOD,
        [*notes, *said, *found.caveats],
        facts,
        chart,
        {**found.labels, "kind": "Kind", "stands_out": "Stands out"},
        found.reason,
    )


def _last(table: pd.DataFrame) -> pd.DataFrame:
    """What is put together is no kind: it stands below them."""
    return table.sort_values("kind", key=lambda kind: kind == REST, kind="stable", ignore_index=True)


def by_area(
    dept: Department,
    table: str = "requests",
    by: str = "district",
    since: str = "",
    origin: str = "public",
    *,
    name: str = "mix_by_area",
) -> Result:
    """Where did the mix change? One test per area, adjusted for their number; the strongest first.

    Returns
    -------
    Result ``mix_by_area``: the area, ``verdict``, ``drivers``, ``kind`` (its first driver, or what adds most to its
    shift) with ``share_before``, ``share_after`` and ``change`` (points, with ends), ``records`` (after), ``jsd``
    (bits), ``null_95``, ``p``, ``adjusted``, ``changed``, ``beyond`` (``jsd`` over ``null_95``).
    Facts ``changed`` (areas), ``moves`` (area -> its kind and how it moved), ``q``, ``before``, ``after``. Areas with
    too little are "not assessable".
    """
    of = named(table, origin)
    title = f"In which {by}s has the mix of {of} changed?"
    held = _held(dept, table, {}, by, origin)
    if isinstance(held, str):
        return Result.not_assessable(name, held, title=title, method=METHOD)
    frame, last, notes = held
    before, after, said = windows(frame["date"].min().date(), last, since)
    rows = [_area(str(area), part, before, after) for area, part in frame.groupby("area")]
    found = pd.DataFrame(rows).rename(columns={"area": by})
    if found["p"].isna().all():
        return Result.not_assessable(name, f"too few records in every {by}", title=title, method=METHOD)
    found["adjusted"] = adjusted(found["p"].to_numpy(dtype=float))
    found["verdict"] = np.where(
        found["p"].isna(), Verdict.NOT_ASSESSABLE, np.where(found["adjusted"] < Q, "changed", Verdict.AS_BEFORE)
    )
    found.loc[found["verdict"] != "changed", "drivers"] = ""
    found["beyond"] = found["jsd"] / found["null_95"]
    found = found.sort_values("beyond", ascending=False, ignore_index=True)
    called = found.loc[found["verdict"] == "changed", by].tolist()
    able = int(found["p"].notna().sum())
    facts = {
        "changed": called,
        "assessable": able,
        "q": Q,
        "before": [str(day) for day in before],
        "after": [str(day) for day in after],
        "moves": found[found["verdict"] == "changed"].set_index(by)[list(_MOVED)].to_dict("index"),
    }
    answer = _told(found, by, of, facts)
    chart = Chart(
        "bars",
        by,
        "beyond",
        alt=answer,
        y_label="shift of the mix (what chance seldom passes = 1)",
        marks={"highlight": "changed", "name": "kind", "target": 1.0, "target_words": "chance seldom passes"},
    )
    order = [by, "verdict", "drivers", *_MOVED, "records", "jsd", "null_95", "p", "adjusted", "beyond"]
    table_ = found[order].assign(changed=found["verdict"] == "changed")
    return Result(
        name, table_, title, answer, METHOD, [*notes, *said, _CALLED], facts, chart, {**_AREA, by: by.capitalize()}
    )


#: how the kind that adds most to an area's shift moved; and the words for a table of areas.
_MOVED = ("kind", "share_before", "share_after", "change", "change_low", "change_high")
_AREA = {
    "records": "Records",
    "jsd": "Divergence (bits)",
    "null_95": "Chance, 95 %",
    "p": "p",
    "adjusted": "Adjusted p",
    "verdict": "Verdict",
    "drivers": "Driven by",
    "beyond": "Multiple of chance",
    "changed": "Changed",
    "kind": "Moved most",
    "share_before": "Share before",
    "share_after": "Share after",
    "change": "Change (points)",
    "change_low": "Low end (95 %)",
    "change_high": "High end (95 %)",
}
_CALLED = (
    f"On average at most {Q:.0%} of the areas called would be so by chance; one that lies little beyond chance "
    "is the likelier to be."
)


def _told(found: pd.DataFrame, by: str, of: str, facts: dict[str, Any]) -> str:
    """Which areas changed, from when to when, in what, which way and by how much."""
    rows = found[found["verdict"] == "changed"]
    told = "; ".join(
        f"{row[by]}: {moved_words(row)}, {row['beyond']:.1f} times what chance seldom passes"
        for _, row in rows.iterrows()
    )
    spans = f"{' to '.join(facts['after'])} against {' to '.join(facts['before'])}"
    return (
        f"The mix of {of} changed in {len(rows)} of {facts['assessable']} {by}s ({spans}){': ' + told if told else ''}."
    )


def windows(first: dt.date, last: dt.date, since: str = "") -> tuple[tuple[Any, Any], tuple[Any, Any], list[str]]:
    """The two periods compared, the same season of two years where the records allow; and what to say of them."""
    year = dt.timedelta(days=364)
    if since:
        try:
            start = dt.date.fromisoformat(since)
        except ValueError:
            raise InputError(f"{since!r} is no day", where="since", do="write it as YYYY-MM-DD") from None
        if not first < start <= last:
            raise InputError(
                f"{since} lies outside the records", where="since", do=f"choose a day from {first} to {last}"
            )
        end = min(last, start + year - dt.timedelta(days=1))
        if start - year >= first:
            return (start - year, end - year), (start, end), []
        return (first, start - dt.timedelta(days=1)), (start, end), [_UNLIKE]
    if (last - first).days + 1 >= 2 * 364:
        start = last - year + dt.timedelta(days=1)
        years = min((start - first).days // 364, YEARS)
        return (start - years * year, last - years * year), (start, last), []
    half = first + (last - first) / 2
    return (first, half), (half + dt.timedelta(days=1), last), [_UNLIKE]


_UNLIKE = "The records do not hold the same season of two years: a season of the mix would look like a shift."


def _area(area: str, part: pd.DataFrame, before: Any, after: Any) -> dict[str, Any]:
    found = shift(part, before, after, draws=1999)
    late = pd.to_datetime(part["date"]).dt.date >= after[0]
    row: dict[str, Any] = {
        "area": area,
        "records": float(part.loc[late, "count"].sum()),
        "jsd": np.nan,
        "null_95": np.nan,
        "p": np.nan,
        "drivers": "",
        **dict.fromkeys(_MOVED, np.nan),
        "kind": "",
    }
    if found.reason:
        return row
    called = found.table["verdict"].ne(Verdict.AS_BEFORE)
    most = found.table[called if called.any() else ~called].iloc[0]
    kept = {name: found.facts[name] for name in ("jsd", "null_95", "p")}
    return row | {name: most[name] for name in _MOVED} | kept | {"drivers": ", ".join(found.facts["drivers"])}


def named(table: str, origin: str) -> str:
    """What is counted, in words."""
    return f"calls from the {origin}" if table == "calls" and origin else table


def _held(
    dept: Department, table: str, cell: dict[str, Any], by: str = "", origin: str = ""
) -> tuple[pd.DataFrame, dt.date, list[str]] | str:
    """``date, kind, count`` (and ``area``) to the last complete day, that day, and notes; or why there are none."""
    asked = schema.asked(cell)
    if table not in KIND:
        raise InputError(f"no kinds are known for {table!r}", where="table", choices=KIND, found=table)
    kind = KIND[table]
    if reason := lacking(dept, table, [kind, *asked, *([by] if by else [])]):
        return reason
    if (grain := dept.resolution(table)) in COARSE and grain != "week":
        return f"the dates tell the {grain} alone; a mix is compared week by week"
    parts = [*asked, *([by] if by else [])]
    if dept.has(table, "district") and set(parts) <= {"district"}:
        parts = ["district"]  # one reading for all districts
    whose = {"origin": origin} if origin and dept.has(table, "origin") and "origin" not in parts else {}
    series, last, basis = _counted(dept, table, (kind, *parts, *whose))
    if whose and origin not in set(series.cells["origin"]):
        return f"no {table} has the origin {origin}"
    for column, value in asked.items():
        known = sorted(set(series.cells[column]))
        if value not in known:
            raise no_such(column, value, known)
    said = [f"Only {table} whose origin is {origin}: what officers begin themselves is no request." for _ in whose]
    return _long(series, asked | whose, kind, by, last), last, [basis, *series.notes, *said]


@lru_cache(maxsize=8)
def _counted(dept: Department, table: str, by: tuple[str, ...]) -> tuple[Series, dt.date, str]:
    series = daily(dept, table, by)
    last, basis = last_complete(dept, table, series)
    _, gone = silent(dept, table, last)
    # the windows stay whole: a few days of one district move no mix, a shorter record might lose a year's season
    stopped = f" Some feeds stopped: {gone}; their last days are missing from the later period." if gone else ""
    return series, last, f"{basis}{stopped}"


def _long(series: Series, asked: dict[str, str], kind: str, by: str, last: dt.date) -> pd.DataFrame:
    chosen = np.ones(len(series.cells), dtype=bool)
    for column, value in asked.items():
        chosen &= (series.cells[column] == value).to_numpy()
    cells, until = series.cells[chosen], series.days.searchsorted(pd.Timestamp(last)) + 1
    wide = pd.DataFrame(series.counts[chosen][:, :until].T, index=series.days[:until])
    common = pd.Series(series.counts[chosen].sum(axis=1)).groupby(cells[kind].to_numpy()).sum().nlargest(MOST).index
    named = cells[kind].where(cells[kind].isin(common), REST).to_numpy()
    frame = (
        wide.set_axis(range(wide.shape[1]), axis=1)
        .rename_axis("date")
        .reset_index()
        .melt("date", var_name="cell", value_name="count")
    )
    place = frame["cell"].to_numpy(dtype=int)
    frame["kind"] = named[place]
    keys = ["date", "kind"]
    if by:
        frame["area"] = cells[by].to_numpy()[place]
        keys = ["date", "area", "kind"]
    return frame.groupby(keys)["count"].sum().reset_index()


def _where(cell: dict[str, Any]) -> str:
    asked = {column: value for column, value in cell.items() if value not in ("", None)}
    told = ", ".join(f"{column} {value}" for column, value in asked.items())
    return f" {told[0].upper()}{told[1:]}" if told else ""
