"""Each officer's events beside other officers' events of the same kind, place and time: the internal benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from perflib.agency import Department
from perflib.errors import InputError
from perflib.metrics.officers.cells import check_days, within
from perflib.metrics.officers.measures import measure as by_name
from perflib.result import Result

TITLE = "Whose outcomes differ from those of other officers at the same kind of work?"


@dataclass(frozen=True)
class Outcome:
    """An outcome of a row of ``base``: a column of its own, or a row of ``of`` with the same call and officer."""

    base: str
    stamp: str
    column: str = ""
    of: str = ""


OUTCOMES = {
    "force": Outcome("unit_responses", "assigned_at", of="force"),
    "arrests": Outcome("unit_responses", "assigned_at", of="arrests"),
    "frisks": Outcome("stops", "stopped_at", "frisked"),
    "searches": Outcome("stops", "stopped_at", "searched"),
}
#: what the rows of a base are called.
WORDS = {"unit_responses": "responses to calls", "stops": "stops"}
#: what an event is matched on: words -> columns of the event, or of its call, the first that is there.
FEATURES = {"kind": ("call_type", "reason", "kind"), "priority": ("priority",), "district": ("district",)}
TIMES = ("hours", "weekday", "quarter")


def similar(
    dept: Department,
    measure: str,
    features: Sequence[str] | None = None,
    *,
    first: str = "",
    last: str = "",
    q: float = 0.10,
    name: str = "",
) -> Result:
    """Doubly robust internal benchmark: is the outcome commoner at this officer's events than at others' like them?

    Parameters
    ----------
    measure : ``force`` or ``arrests`` at responses to calls, ``frisks`` or ``searches`` at stops.
    features : of ``kind`` (type of call, or reason of the stop), ``priority``, ``district``, ``hours`` (four-hour
        blocks of the local day), ``weekday``, ``quarter``; default all that are recorded.
    first, last : ISO dates of the events.

    Returns
    -------
    Result of ``perflib.models.peers.internal_benchmark``, a row per officer. Facts also ``measure``, ``features``
    and ``unknown`` (events whose outcome is not recorded; left out).

    Raises
    ------
    InputError : an unknown measure, or a feature that is not recorded. Not assessable: a measure that is not recorded
        by the event it came from.
    """
    check_days(first, last)
    words, name = by_name(measure).words, name or f"similar_{measure}"
    if measure not in OUTCOMES:
        return Result.not_assessable(name, f"{words} are not recorded by the call or stop they came from", title=TITLE)
    asked = OUTCOMES[measure]
    why = _lacking(dept, asked, words)
    if why:
        return Result.not_assessable(name, why, title=TITLE)
    rows = _events(dept, asked)
    there = [one for one in (*FEATURES, *TIMES) if one in rows.columns]
    for one in features or ():
        if one not in there:
            raise InputError(f"no {one!r} is recorded of {asked.base}", where="features", choices=there, found=one)
    used = list(features or there)
    frame = within(rows, first, last).select("officer", "outcome", *used).order_by("officer", *used).execute()
    unknown = int(frame["outcome"].isna().sum())
    frame = frame.dropna(subset="outcome").astype({"outcome": int})
    if frame.empty:
        return Result.not_assessable(name, f"no {WORDS[asked.base]} with a known outcome", title=TITLE)
    from perflib.models import peers

    events = WORDS[asked.base]
    found = peers.internal_benchmark(
        frame, "officer", "outcome", used, q=q, name=name, counted_words=f"{words} at the same kind of {events}"
    )
    facts = dict(found.facts) | {"measure": measure, "features": used, "unknown": unknown}
    notes = [f"Events are matched on {', '.join(used)}. What else differed between them is not seen."]
    notes += [f"{unknown:,} {events} say nothing of {words} and are left out."] if unknown else []
    labels = dict(found.labels) | {"exposure": events.capitalize(), "events": f"With {words}"}
    chart = replace(found.chart, x_label=events.capitalize()) if found.chart else None
    told = replace(found, title=TITLE, facts=facts, chart=chart, labels=labels)
    return told.with_caveats(*notes)


def _lacking(dept: Department, asked: Outcome, words: str) -> str:
    if not dept.has(asked.base, "officer_id"):
        return f"the department has no {WORDS[asked.base]} with their officers"
    if asked.column and not dept.has(asked.base, asked.column):
        return f"the {asked.base} do not say whether there were {words}"
    if asked.of and not dept.has(asked.of, "call_id", "officer_id"):
        return f"the department has no {words} with their call and officer"
    return ""


def _events(dept: Department, asked: Outcome) -> ir.Table:
    rows = dept.table(asked.base)
    rows = rows.filter(rows.officer_id.notnull(), rows[asked.stamp].notnull())
    if asked.of:
        rows = _with_call(dept, rows)
        done = dept.table(asked.of).filter(lambda of: of.call_id.notnull() & of.officer_id.notnull())
        done = done.select(done_call=done.call_id, done_by=done.officer_id).distinct().mutate(done=True)
        rows = rows.left_join(done, [rows.call_id == done.done_call, rows.officer_id == done.done_by])
        rows = rows.mutate(outcome=rows.done.notnull())
    else:
        rows = rows.mutate(outcome=rows[asked.column])
    local = dept.local(rows[asked.stamp])
    named = {
        word: rows[column]
        for word, columns in FEATURES.items()
        if (column := next((one for one in columns if one in rows.columns), ""))
    }
    block = (local.hour() // 4 * 4).cast("string")
    return rows.select(
        officer=rows.officer_id,
        outcome=rows.outcome,
        day=local.date(),
        **named,
        hours=block + ibis.literal("-") + (local.hour() // 4 * 4 + 4).cast("string"),
        weekday=local.day_of_week.full_name(),
        quarter=local.truncate("Q").cast("date").cast("string"),
    )


def _with_call(dept: Department, rows: ir.Table) -> ir.Table:
    """One row per officer and call, with what the call says of itself."""
    first = rows.group_by(["call_id", "officer_id"]).agg(assigned_at=rows.assigned_at.min())
    if not dept.has("calls"):
        return first
    about = [one for one in ("call_type", "priority", "district") if dept.has("calls", one)]
    calls = dept.calls.select(*about, called=dept.calls.call_id)
    return first.left_join(calls, first.call_id == calls.called).drop("called")
