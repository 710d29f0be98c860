"""Each officer's events against other officers' events of the same kind, place and time: the internal benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import ibis
import ibis.expr.types as ir

from perflib.agency import Department
from perflib.errors import InputError
from perflib.metrics.officers import figure
from perflib.metrics.officers.cells import check_days, within
from perflib.metrics.officers.measures import measure as by_name
from perflib.result import Result
from perflib.words import officers as words


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
    from perflib.models import peers

    check_days(first, last)
    counted, name = by_name(measure).words, name or f"similar_{measure}"
    title = words.SIMILAR.format(events=counted)
    reason = f"{counted} are not recorded by the call or stop they came from"
    outcome = OUTCOMES.get(measure)
    reason = _unrecorded(dept, outcome, counted) if outcome else reason
    if reason or outcome is None:
        return Result.not_assessable(name, reason, title=title)
    rows, events = _events(dept, outcome), WORDS[outcome.base]
    there = [one for one in (*FEATURES, *TIMES) if one in rows.columns]
    for one in features or ():
        if one not in there:
            raise InputError(f"no {one!r} is recorded of {outcome.base}", where="features", choices=there, found=one)
    used = list(features or there)
    frame = within(rows, first, last).select("officer", "outcome", *used).order_by("officer", *used).execute()
    unknown = int(frame["outcome"].isna().sum())
    frame = frame.dropna(subset="outcome").astype({"outcome": int})
    if frame.empty:
        return Result.not_assessable(name, f"no {events} with a known outcome", title=title)
    found = peers.internal_benchmark(frame, "officer", "outcome", used, q=q)
    draw = partial(figure.estimates, target=1.0, x_label=events.capitalize(), y_label="Share over expected share")
    facts = {"measure": measure, "features": used, "unknown": unknown}
    say = partial(words.similar, counted=counted, events=events)
    return figure.result(name, found, title, say, draw, facts)


def _unrecorded(dept: Department, outcome: Outcome, counted: str) -> str:
    if not dept.has(outcome.base, "officer_id"):
        return f"the department has no {WORDS[outcome.base]} with their officers"
    if outcome.column and not dept.has(outcome.base, outcome.column):
        return f"the {outcome.base} do not say whether there were {counted}"
    if outcome.of and not dept.has(outcome.of, "call_id", "officer_id"):
        return f"the department has no {counted} with their call and officer"
    return ""


def _events(dept: Department, outcome: Outcome) -> ir.Table:
    rows = dept.table(outcome.base)
    rows = rows.filter(rows.officer_id.notnull(), rows[outcome.stamp].notnull())
    if outcome.of:
        rows = _with_call(dept, rows)
        done = dept.table(outcome.of).filter(lambda of: of.call_id.notnull() & of.officer_id.notnull())
        done = done.select(done_call=done.call_id, done_by=done.officer_id).distinct().mutate(done=True)
        rows = rows.left_join(done, [rows.call_id == done.done_call, rows.officer_id == done.done_by])
        rows = rows.mutate(outcome=rows.done.notnull())
    else:
        rows = rows.mutate(outcome=rows[outcome.column])
    local = dept.local(rows[outcome.stamp])
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
