"""Officers against colleagues at the same scene: who used more, or less, force than they did?"""

from __future__ import annotations

from functools import partial
from typing import Any

import ibis
import pandas as pd

from perflib.agency import Department
from perflib.metrics.officers import figure
from perflib.metrics.officers.cells import check_days, within
from perflib.result import Result
from perflib.words import officers as words

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

    An officer's level at a scene is the highest recorded there. Only scenes where levels differed count.

    Parameters
    ----------
    present : take officers who answered the call and recorded no force as level 0; default where the records say who
        answered. Without it only officers who recorded force at the scene are compared; with it, whoever was sent and
        never came near looks restrained.
    first, last : ISO dates of the force.
    options : as in ``perflib.models.same_scene.same_scene``.

    Returns
    -------
    Result of ``perflib.models.same_scene.same_scene``. Not assessable without levels, scenes or officers. Facts also
    ``without_level``: rows that say no level.
    """
    from perflib.models.same_scene import same_scene

    known = dept.has("force", "call_id") and dept.has("unit_responses", "officer_id")
    present = known if present is None else present
    reason = _unrecorded(dept, present and not known)
    if reason:
        return Result.not_assessable(name, reason, title=words.SCENES)
    check_days(first, last)
    frame, unknown = _levels(dept, present, first, last)
    if frame.empty:
        reason = "no scene where officers used different levels of force"
        return Result.not_assessable(name, reason, title=words.SCENES)
    found = same_scene(frame, "scene", "officer_id", "level", **options)
    label = "Compared with colleagues (log odds per level)"
    draw = partial(figure.estimates, target=0.0, x_label="Scenes", y_label=label)
    facts = {"without_level": unknown, "present": present}
    return figure.result(name, found, words.SCENES, words.scenes, draw, facts)


def _levels(dept: Department, present: bool, first: str, last: str) -> tuple[pd.DataFrame, int]:
    """Each officer's highest level at scenes where levels differed, and how many records say no level."""
    rows = dept.force
    scene = rows.call_id if present else ibis.coalesce(*(rows[one] for one in SCENE if one in rows.columns))
    flat = within(rows.select("officer_id", "level", scene=scene, day=dept.local(rows.used_at).date()), first, last)
    flat = flat.drop("day").filter(flat.scene.notnull(), flat.officer_id.notnull())
    unknown = int(flat.filter(flat.level.isnull()).count().execute())
    flat = flat.filter(flat.level.notnull())
    if present:
        sent = dept.unit_responses.filter(lambda rows: rows.officer_id.notnull() & rows.call_id.isin(flat.scene))
        sent = sent.select("officer_id", level=ibis.literal(0, "int64"), scene="call_id")
        flat = flat.mutate(level=flat.level.cast("int64")).union(sent.select(*flat.columns))
    highest = flat.group_by(["scene", "officer_id"]).agg(level=flat.level.max())
    shared = highest.mutate(levels=highest.level.nunique().over(group_by="scene"))
    return shared.filter(shared.levels > 1).order_by("scene", "officer_id").execute(), unknown


def _unrecorded(dept: Department, unanswered: bool) -> str:
    if not dept.has("force", "officer_id", "level"):
        return "the department has no record of force with its level and officer"
    if unanswered:
        return "the records do not say which officers answered the calls that came to force"
    if not any(dept.has("force", one) for one in SCENE):
        return "the records of force do not say which scene they belong to"
    return ""
