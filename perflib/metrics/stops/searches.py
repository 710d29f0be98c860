"""What searches find: hit rates, and the threshold test that hit rates need beside them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.metrics.stops.scope import Counted, compared, counted, refused, rules, silent
from perflib.models.disparity import outcome_test, threshold_test
from perflib.privacy.people import people
from perflib.privacy.suppression import hide_lines
from perflib.result import Result

NEEDED = ("searched", "contraband")
#: counts by place and group, which are hidden where small
COUNTED = ("stops", "searches", "hits")
OUTCOME, THRESHOLD = "Do searches find as much in every group?", "How sure were officers before they searched?"
_OUTCOME_METHOD = "Outcome test (Becker 1957)."
_THRESHOLD_METHOD = "Threshold test (Simoiu, Corbett-Davies and Goel 2017; Pierson et al. 2020)."


def outcome(dept: Department, by: str = "subject_race", *, place: str = "district") -> Result:
    """Finds per search by group, pooled and within places. Result ``outcome`` as ``outcome_test``."""
    found = _counted(dept, "outcome", by, place)
    if isinstance(found, str):
        return silent("outcome", found, OUTCOME, _OUTCOME_METHOD)
    searched = found.rows.groupby("group")["searches"].transform("sum") > 0
    made = outcome_test(found.rows[searched], name="outcome")
    if made.reason:
        return made
    about = people(dept.settings, "stops", ("group",), ("searches", "hits"))
    return replace(made, people=about).with_caveats(*found.caveats())


def threshold(dept: Department, by: str = "subject_race", *, place: str = "district", reference: str = "",
              draws: int = 600, warmup: int = 400, seed: int = 0) -> Result:
    """The chance of a find at which officers search, by group and place. Result ``threshold`` as ``threshold_test``.

    Small counts by place and group, and those from which they could be worked out, are not in the table.
    """
    found = _counted(dept, "threshold", by, place)
    if isinstance(found, str):
        return silent("threshold", found, THRESHOLD, _THRESHOLD_METHOD)
    base = compared(found.rows, reference or rules(dept).reference, "reference")
    made = threshold_test(found.rows, reference=base, draws=draws, warmup=warmup, seed=seed, name="threshold")
    if made.reason:
        return made
    lower = {group: each["probability_lower"] for group, each in made.facts["differences"].items()}
    words = ", ".join(f"{group} {chance:.0%}" for group, chance in lower.items())
    below = _below(made.table, base)
    named = "; ".join(f"{row['place']}, {row['group']} {row['threshold']:.0%} against {row['other']:.0%}"
                      for row in below)
    answer = (f"{made.answer} Probability that the bar is lower than for {base}: {words}. Places where a group's "
              f"interval lies wholly below that of {base}: {named or 'none'}.")
    about = people(dept.settings, "stops", ("place", "group"), COUNTED)
    table = _hidden(made.table, about.threshold) if about else made.table
    shown = replace(made, table=table, answer=answer, facts={**made.facts, "below": below})
    return shown.with_caveats("Places are looked at one by one: with many places some intervals part by chance.",
                              *_doubts(made), *found.caveats())


def _counted(dept: Department, test: str, by: str, place: str) -> Counted | str:
    """Stops, searches and hits by place and group, or why they cannot be had."""
    if reason := refused(dept, test, by, (*NEEDED, place)):
        return reason
    kinds = rules(dept).search_kinds
    narrowed = dept.stops.filter(dept.stops.searched.notnull() & dept.stops.contraband.notnull())
    found = counted(replace(dept, tables={**dept.tables, "stops": narrowed}), by, place, NEEDED, kinds=kinds)
    rows = found.rows.rename(columns={"searched": "searches", "contraband": "hits"})
    unsearched = int((rows["hits"] - rows["searches"]).clip(lower=0).sum())
    rows["hits"] = rows[["hits", "searches"]].min(axis=1)
    if rows.empty or rows["searches"].sum() == 0:
        return "no search is recorded"
    more = {"with something seized but no search recorded (their finds)": unsearched}
    return Counted(rows, {**found.left_out, **more})


def _below(table: pd.DataFrame, base: str) -> list[dict[Hashable, Any]]:
    """Rows whose interval ends below the start of the reference group's at the same place."""
    other = table[table["group"] == base].set_index("place")[["threshold", "low"]]
    pairs = table.join(other.rename(columns={"threshold": "other", "low": "other_low"}), on="place")
    return pairs.loc[pairs["high"] < pairs["other_low"], ["place", "group", "threshold", "other"]].to_dict("records")


def _doubts(made: Result) -> list[str]:
    facts, lines = made.facts, []
    if facts["hit_misfit"] > 0.1:
        lines.append(f"The model misses hit rates by {facts['hit_misfit']:.0%} on average: read it with caution.")
    return lines


def _hidden(table: pd.DataFrame, least: int) -> pd.DataFrame:
    """The table without small counts of stops, searches and finds, and the rates that would give them away."""
    shown = table.copy()
    gone = np.zeros(len(table), dtype=bool)
    for count in COUNTED:
        wide = table.pivot(index="place", columns="group", values=count)
        safe = pd.DataFrame(hide_lines(wide.fillna(0).to_numpy(float), least).mask, wide.index, wide.columns)
        # a zero that had to be hidden but stands in no row would be told by its absence
        absent = bool((safe & wide.isna()).any(axis=None))
        gone |= np.array([absent or bool(safe.at[row.place, row.group]) for row in table.itertuples()])
    for name in (*COUNTED, "search_rate", "hit_rate"):
        shown[name] = shown[name].astype(float).mask(gone)
    return shown
