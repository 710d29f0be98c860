"""Officers beside those who stood at the same scene: who used more, or less, force than colleagues there?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from perflib.agency import Department
from perflib.metrics.officers.cells import check_days
from perflib.result import Result

TITLE = "Who uses more or less force than colleagues at the same scene?"
#: what names a scene, the best first.
SCENE = ("incident_id", "call_id")


def scenes(
    dept: Department,
    *,
    present: bool | None = None,
    first: str = "",
    last: str = "",
    name: str = "same_scene",
    **options: Any,
) -> Result:
    """The same-scene comparison of the department's records of force.

    An officer's level at a scene is the highest recorded there. Only scenes where levels differed tell anything.

    Parameters
    ----------
    present : take officers who answered the call and recorded no force as level 0; default where the records say who
        answered. Without it only officers who recorded force at the scene are compared; with it, whoever was sent and
        never came near looks restrained.
    first, last : ISO dates of the force.
    options : as in ``perflib.models.peers.same_scene``.

    Returns
    -------
    Result of ``perflib.models.peers.same_scene``. Not assessable without levels, scenes or officers. Facts also
    ``without_level``: rows that say no level.
    """
    known = dept.has("force", "call_id") and dept.has("unit_responses", "officer_id")
    present = known if present is None else present
    why = _lacking(dept, present and not known)
    if why:
        return Result.not_assessable(name, why, title=TITLE)
    check_days(first, last)
    rows = dept.force
    rows = _within(dept, rows, first, last)
    scene = ibis.coalesce(*(rows[one] for one in SCENE if one in rows.columns))
    flat = rows.select("officer_id", "level", scene="call_id" if present else scene)
    flat = flat.filter(flat.scene.notnull(), flat.officer_id.notnull())
    unknown = int(flat.filter(flat.level.isnull()).count().execute())
    flat = flat.filter(flat.level.notnull())
    if present:
        sent = dept.unit_responses.filter(lambda sent: sent.officer_id.notnull())
        sent = sent.filter(sent.call_id.isin(flat.scene)).select(
            "officer_id", level=ibis.literal(0, "int64"), scene="call_id"
        )
        flat = flat.mutate(level=flat.level.cast("int64")).union(sent.select(*flat.columns))
    highest = flat.group_by(["scene", "officer_id"]).agg(level=flat.level.max())
    shared = highest.mutate(levels=highest.level.nunique().over(group_by="scene"))
    frame = shared.filter(shared.levels > 1).order_by("scene", "officer_id").execute()
    return _told(frame, present, unknown, name, options)


def _lacking(dept: Department, unanswered: bool) -> str:
    if not dept.has("force", "officer_id", "level"):
        return "the department has no record of force with its level and officer"
    if unanswered:
        return "the records do not say which officers answered the calls that came to force"
    if not any(dept.has("force", one) for one in SCENE):
        return "the records of force do not say which scene they belong to"
    return ""


def _within(dept: Department, rows: ir.Table, first: str, last: str) -> ir.Table:
    day = dept.local(rows.used_at).date()
    rows = rows.filter(day >= ibis.date(first)) if first else rows
    return rows.filter(dept.local(rows.used_at).date() <= ibis.date(last)) if last else rows


def _told(frame: pd.DataFrame, present: bool, unknown: int, name: str, options: dict[str, Any]) -> Result:
    from perflib.models import peers

    if frame.empty:
        return Result.not_assessable(name, "no scene where officers used different levels of force", title=TITLE)
    found = peers.same_scene(frame, "scene", "officer_id", "level", name=name, **options)
    notes = (
        [
            "Officers who answered the call and recorded no force count as level 0; whether they stood near is not "
            "recorded."
        ]
        if present
        else []
    )
    notes += [f"{unknown:,} records of force say no level and are left out."] if unknown else []
    facts = dict(found.facts) | {"without_level": unknown, "present": present}
    return replace(found, title=TITLE, facts=facts).with_caveats(*notes)
