"""How many arrests, for how much work, and what became of them: an arrest is not a success by itself."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import ibis
import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.areas import residents
from perflib.metrics.response.groups import NONE, TIMES
from perflib.models.totals import Residents
from perflib.privacy.people import people, register
from perflib.privacy.releases import Register
from perflib.rates import poisson_limits, wilson
from perflib.result import Result

#: what arrests are counted for: table, its time, unit of the rate and the words.
EXPOSURES = {
    "calls": ("calls", "received_at", 1000, "calls answered"),
    "stops": ("stops", "stopped_at", 1000, "stops"),
    "officer_hours": ("shifts", "started_at", 1000, "officer hours"),
    "population": ("population", "", 1000, "residents"),
}
_NOT_A_SUCCESS = (
    "An arrest is not a success by itself: more arrests can mean more crime, more officers or a lower "
    "threshold, and many are not charged. Read the rate beside what became of the arrests."
)
_METHOD = (
    "Exact Poisson limits (Garwood 1936); where counts vary more than Poisson from group to group or month to "
    "month, those of the count over its dispersion, times the dispersion (McCullagh and Nelder 1989)."
)
OUTCOMES = ("charged", "declined", "diverted", "dismissed", "convicted", "pending", "unknown")


def rates(
    dept: Department, by: str = "district", per: str = "calls", *, level: float = 0.95, name: str = "arrest_rates"
) -> Result:
    """Arrests per exposure, by a column both tables have or a part of local time.

    Parameters
    ----------
    by : ``district``, ``month``, ``quarter``, ``year`` ...
    per : ``calls``, ``stops``, ``officer_hours``, ``population``.

    Returns
    -------
    Result with a row per group: ``by``, ``arrests``, ``exposure``, ``rate`` (per 1,000) with ``low``/``high``. Facts by
    group, and ``dispersion`` (variance over mean of monthly counts; 1 for Poisson), ``overall``.

    Raises
    ------
    InputError : unknown exposure, or a column one of the tables lacks.
    """
    if per not in EXPOSURES:
        raise InputError(f"no exposure {per!r}", where="per", choices=EXPOSURES, found=per)
    table, _, unit, words = EXPOSURES[per]
    title = f"How many arrests per {unit:,} {words}, by {by}?"
    absent = next((one for one in ("arrests", table) if not dept.has(one)), "")
    if absent:
        return Result.not_assessable(name, f"the department has no table {absent}", title=title)
    notes: list[str] = []
    if per == "population":
        held = residents(dept)
        if held.reason:
            return Result.not_assessable(name, held.reason, title=title)
        dept, notes = _of_years(dept, held)
    counted = _arrests(dept, by)
    exposure = _residents(held.rows, by) if per == "population" else _exposure(dept, by, per)
    found = pd.DataFrame({"arrests": counted, "exposure": exposure}).dropna(subset=["exposure"]).fillna(0)
    found = found.sort_index()  # the engine gives groups in any order
    found = found[found["exposure"] > 0]
    if found.empty:
        return Result.not_assessable(name, f"no group has both arrests and {words}", title=title)
    spread = _dispersion(dept)
    each = unit / found["exposure"]
    low, high = poisson_limits(found["arrests"], level, spread)
    frame = found.assign(rate=each * found["arrests"], low=each * low, high=each * high)
    frame = frame.rename_axis(by).reset_index()
    overall = unit * found["arrests"].sum() / found["exposure"].sum()
    facts = {
        _said(row[by]): {key: row[key] for key in ("arrests", "exposure", "rate", "low", "high")}
        for row in frame.to_dict("records")
    } | {"overall": float(overall), "dispersion": spread, "per": unit}
    start = f"{found['arrests'].sum():,.0f} arrests, {overall:.1f} per {unit:,} {words}; "
    answer = f"{start}{_ends(frame, by)}"
    kind = "line" if by in TIMES else "dots"
    return Result(
        name,
        frame,
        title,
        answer,
        _METHOD,
        [_NOT_A_SUCCESS, _doubt(spread), *notes],
        facts,
        Chart(
            kind,
            by,
            "rate",
            "low",
            "high",
            x_label=by.capitalize(),
            y_label=f"Arrests per {unit:,} {words}",
            marks={} if kind == "line" else {"target": float(overall), "target_words": "all"},
            alt=answer,
        ),
        {
            by: by.capitalize(),
            "arrests": "Arrests",
            "exposure": words.capitalize(),
            "rate": f"Arrests per {unit:,}",
            "low": f"{level:.0%} low",
            "high": f"{level:.0%} high",
        },
        people=people(
            dept.settings,
            "arrests",
            (by,),
            ("arrests",),
            facts=("overall", "dispersion", "per"),
            answer=partial(_told_shown, start=start, by=by),
            register=_register(dept, by),
        ),
    )


def _register(dept: Department, by: str) -> Register | None:
    """Where earlier lists of arrests by this column are remembered; parts of time are no list of one period."""
    if by in TIMES:
        return None
    moment = dept.local(dept.arrests.arrested_at)
    ends = dept.arrests.aggregate(first=moment.min(), last=moment.max()).execute().iloc[0]
    rules = [step.rule for step in dept.log if step.table == "arrests"]
    first, last = (None if pd.isna(end) else end.date() for end in (ends["first"], ends["last"]))
    return register(dept.settings, f"{dept.name}: arrests by {by}", rules, first, last)


def _told_shown(table: pd.DataFrame, start: str, by: str) -> str:
    return f"{start}of those shown, {_ends(table, by)}"


def _ends(frame: pd.DataFrame, by: str) -> str:
    """The lowest and the highest rate with their intervals."""
    named = frame[frame[by].astype(str) != NONE]
    top = (named if len(named) else frame).sort_values("rate").iloc[[-1, 0]].to_dict("records")
    return (
        f"from {top[1]['rate']:.1f} ({top[1]['low']:.1f} to {top[1]['high']:.1f}) in {_said(top[1][by])} to "
        f"{top[0]['rate']:.1f} ({top[0]['low']:.1f} to {top[0]['high']:.1f}) in {_said(top[0][by])}."
    )


def outcomes(dept: Department, by: str = "", *, level: float = 0.95, name: str = "arrest_outcomes") -> Result:
    """What became of arrests: the share charged, declined and so on, with intervals; pending and unknown beside.

    Returns
    -------
    Result with a row per group and outcome: ``outcome``, ``arrests``, ``share`` with ``low``/``high`` (Wilson) of the
    arrests whose outcome is known; pending and unknown have a count and no share. Facts: ``arrests``, ``known``, and
    the share of each outcome (by group when grouped).
    """
    title = "What became of the arrests?"
    if not dept.has("arrests", "outcome"):
        return Result.not_assessable(name, "the arrests record no outcome", title=title)
    rows = _keyed(dept, dept.arrests, "arrested_at", by) if by else dept.arrests.mutate(all=ibis.literal("all"))
    key = by or "all"
    found = rows.group_by([key, rows.outcome.fill_null("unknown").name("outcome")]).agg(arrests=rows.count()).execute()
    decided = found[~found["outcome"].isin(["pending", "unknown"])]
    known = found[key].map(decided.groupby(key)["arrests"].sum()).fillna(0).to_numpy(float)
    final = ~found["outcome"].isin(["pending", "unknown"]).to_numpy()
    low, high = wilson(np.where(final, found["arrests"], 0), np.where(final, known, 1), level)
    table = found.assign(
        known=known,
        share=np.where(final, found["arrests"] / np.maximum(known, 1), np.nan),
        low=np.where(final, low, np.nan),
        high=np.where(final, high, np.nan),
    )
    order = {word: place for place, word in enumerate(OUTCOMES)}
    table = table.sort_values(
        [key, "outcome"], key=lambda held: held.map(order).fillna(held) if held.name == "outcome" else held
    )
    table = table.drop(columns=[] if by else ["all"]).reset_index(drop=True)
    found = _told(table, by, level, name, title)
    about = people(
        dept.settings,
        "arrests",
        (by, "outcome") if by else ("outcome",),
        ("arrests",),
        across="outcome",
        facts=("arrests",),
    )
    return replace(found, people=about)


def _told(table: pd.DataFrame, by: str, level: float, name: str, title: str) -> Result:
    whole = table.groupby("outcome")["arrests"].sum()
    decided = float(whole.drop(["pending", "unknown"], errors="ignore").sum())
    shares = (
        {str(word): float(n / decided) for word, n in whole.items() if word not in ("pending", "unknown")}
        if decided
        else {}
    )
    facts: dict[str, Any] = {"arrests": int(whole.sum()), "known": int(decided), "share": shares}
    said = ", ".join(f"{word} {share:.1%}" for word, share in sorted(shares.items(), key=lambda item: -item[1]))
    answer = (
        f"The outcome is known for {decided:,.0f} of {whole.sum():,.0f} arrests: {said}."
        if decided
        else f"No outcome is known for {whole.sum():,.0f} arrests."
    )
    caveats = [_NOT_A_SUCCESS, "Shares are of arrests whose outcome is known; recent arrests are still pending."]
    return Result(
        name,
        table,
        title,
        answer,
        "Wilson intervals (Wilson 1927).",
        caveats,
        facts,
        Chart(
            "dots",
            "outcome",
            "share",
            "low",
            "high",
            by=by or None,
            x_label="",
            alt=answer,
            y_label="Share of arrests with a known outcome",
        ),
        {
            "outcome": "Outcome",
            "arrests": "Arrests",
            "known": "With a known outcome",
            "share": "Share of known",
            "low": f"{level:.0%} low",
            "high": f"{level:.0%} high",
        },
    )


def _keyed(dept: Department, rows: Any, stamp: str, by: str) -> Any:
    if by in TIMES:
        return rows.mutate(**{by: TIMES[by](dept.local(rows[stamp]))})
    if by not in rows.columns:
        raise InputError(f"no column {by!r}", where="by", choices=(*TIMES, *rows.columns), found=by)
    return rows.mutate(**{by: rows[by].fill_null("not recorded")})


def _arrests(dept: Department, by: str) -> pd.Series:
    rows = _keyed(dept, dept.arrests, "arrested_at", by)
    return rows.group_by(by).agg(n=rows.count()).execute().set_index(by)["n"]


def _exposure(dept: Department, by: str, per: str) -> pd.Series:
    table, stamp, _, _ = EXPOSURES[per]
    rows = dept.table(table)
    rows = rows.filter(rows.service == "police") if "service" in rows.columns else rows
    rows = _keyed(dept, rows, stamp, by)
    if per == "officer_hours":
        hours = rows.ended_at.delta(rows.started_at, unit="second") / 3600
        return rows.group_by(by).agg(n=hours.sum()).execute().set_index(by)["n"]
    return rows.group_by(by).agg(n=rows.count()).execute().set_index(by)["n"]


def _of_years(dept: Department, held: Residents) -> tuple[Department, list[str]]:
    """The department with the arrests of years whose residents are known, and what to say of the residents."""
    years = sorted({int(year) for year in held.rows["year"]})
    rows = dept.arrests
    kept = rows.filter(dept.local(rows.arrested_at).year().isin(years))
    lost = int(rows.count().execute()) - int(kept.count().execute())
    notes = [f"Of the population, {note}." for note in held.notes]
    notes += [f"{lost:,} arrests of years without a population are left out."] if lost else []
    return replace(dept, tables={**dept.tables, "arrests": kept}), notes


def _residents(rows: pd.DataFrame, by: str) -> pd.Series:
    """Residents by district (the latest year) or, as person-years, by year."""
    if by not in ("district", "year"):
        raise InputError(
            f"population is known by district and year, not by {by}", where="by", choices=("district", "year")
        )
    return rows.groupby("year" if by == "year" else "area")["residents"].sum()


def _dispersion(dept: Department) -> float:
    """Variance over mean of successive monthly counts, by squared differences; at least 1."""
    months = _arrests(dept, "month").sort_index().to_numpy(float)[1:-1]  # the ends may be part months
    if len(months) < 6:
        return 1.0
    return float(max(1.0, np.mean(np.diff(months) ** 2) / 2 / max(months.mean(), 1e-9)))


def _said(value: Any) -> str:
    return f"{value:%Y-%m-%d}" if hasattr(value, "strftime") else str(value)


def _doubt(spread: float) -> str:
    if spread > 1.05:
        return (
            f"Monthly counts vary {spread:.1f} times as much as Poisson counts; the intervals are widened accordingly."
        )
    return "Monthly counts vary no more than Poisson counts."
