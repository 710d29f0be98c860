"""Officers by month: the panel on which a course or a move is judged."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.metrics.review.areas import counted

#: an officer is in the panel when there is work in at least this share of the months; a quiet month counts 0.
PRESENT = 0.9


def monthly(dept: Department, area: str) -> tuple[pd.DataFrame, str]:
    """One row per officer and month: ``officer``, ``month`` (1, 2, ...), ``opens``, ``count``, ``exposure``,
    ``district``.

    Only officers at work in nearly every month, and only whole months of the records. An empty frame and the reason
    where there is no panel, else with "".
    ``district`` is the one of the officer's first month.
    """
    if area == "training":
        return pd.DataFrame(), "courses are not counted by month"
    keys = ("district",) if dept.has("assignments", "district") else ()
    frame, reason = counted(dept, area, keys)
    if reason:
        return frame, reason
    frame = frame.assign(opens=pd.to_datetime(frame["period"]))
    months = pd.date_range(frame["opens"].min(), frame["opens"].max(), freq="MS")[:-1]
    if len(months) < 6:
        return pd.DataFrame(), f"{len(months)} whole months; a before and an after need at least 6"
    by = frame.groupby(["officer", "opens"])[["events", "exposure"]].sum()
    work, reason = counted(dept, "complaints", ())  # who answered calls, where that is known, else who did this work
    work = frame if reason else work.assign(opens=pd.to_datetime(work["period"]))
    worked = work[(work["exposure"] > 0) & work["opens"].isin(months)].groupby("officer")["opens"].nunique()
    present = worked.index[worked >= PRESENT * len(months)]
    whole = pd.MultiIndex.from_product([present, months], names=["officer", "opens"])
    rows = by.reindex(whole, fill_value=0).reset_index().rename(columns={"events": "count"})
    rows["month"] = rows["opens"].map({at: number for number, at in enumerate(months, 1)})
    rows["district"] = "all"
    if keys:  # where each officer worked most in the first month seen
        order = frame.sort_values(["officer", "opens", "exposure"], ascending=[True, True, False], kind="stable")
        place = order.drop_duplicates("officer").set_index("officer")["district"]
        rows["district"] = rows["officer"].map(place).fillna("all")
    return rows, ""


def starts(rows: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """``rows`` with ``first``: the number of the month with the officer's day (``officer``, ``day``), or missing."""
    opens = pd.to_datetime(days["day"]).dt.to_period("M").dt.to_timestamp()
    first = pd.Series(opens.to_numpy(), index=days["officer"].to_numpy()).groupby(level=0).min()
    number = dict(rows[["opens", "month"]].drop_duplicates().itertuples(index=False, name=None))
    begun = rows["officer"].map(first)
    last = rows["opens"].max()
    month = begun.map(number).where(begun <= last)
    return rows.assign(first=month.mask(begun < rows["opens"].min(), 0).astype(float))


def completed(dept: Department, course: str) -> pd.DataFrame:
    """``officer`` and first ``day`` of completing a course."""
    rows = dept.training.filter(dept.training.course == course)
    return rows.group_by(officer=rows.officer_id).agg(day=rows.completed_on.min()).execute()


def reassigned(dept: Department) -> pd.DataFrame:
    """``officer`` and ``day`` of the first change of unit; a unit that all its members left on that day was renamed."""
    table = dept.assignments
    rows = (
        table.select("officer_id", "unit", day=table.start_on.cast("date"))
        .execute()
        .sort_values(["officer_id", "day"], kind="stable")
    )
    before = rows.groupby("officer_id")["unit"].shift()
    moves = rows.assign(before=before)[before.notna() & (before != rows["unit"])]
    if moves.empty:
        return pd.DataFrame({"officer": pd.Series(dtype=str), "day": pd.Series(dtype="datetime64[ns]")})
    together = moves.groupby(["before", "unit", "day"])["officer_id"].transform("size")
    members = moves["before"].map(rows.groupby("unit")["officer_id"].nunique())
    moves = moves[~((together >= 3) & (together >= 0.8 * members))]
    return moves.groupby("officer_id", as_index=False)["day"].min().rename(columns={"officer_id": "officer"})


def demand(dept: Department) -> tuple[pd.DataFrame, str]:
    """``district``, ``opens`` and ``demand``: log calls a day of the month over the district's own mean; or why not."""
    if not dept.has("calls", "received_at", "district"):
        return pd.DataFrame(), "no calls by district, so demand is not known"
    rows = dept.calls.filter(dept.calls.district.notnull())
    rows = rows.filter(rows.origin == "public") if "origin" in rows.columns else rows
    month = dept.local(rows.received_at).date().truncate("M")
    counts = rows.group_by(opens=month, district=rows.district).agg(calls=ibis._.count()).execute()
    counts["opens"] = pd.to_datetime(counts["opens"])
    counts["demand"] = np.log(counts["calls"] / counts["opens"].dt.days_in_month)
    counts["demand"] -= counts.groupby("district")["demand"].transform("mean")
    return counts[["district", "opens", "demand"]], ""
