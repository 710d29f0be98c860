"""What searches find: hit rates, and the threshold test that hit rates need beside them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.stops import hiding, words
from perflib.metrics.stops.districts import by_place
from perflib.metrics.stops.hiding import least
from perflib.metrics.stops.scope import Counted, base_of, counted, refused, rules, silent
from perflib.models.disparity import outcome_test, pooled, threshold_test, within_places
from perflib.privacy.people import People, people
from perflib.result import Result

NEEDED = ("searched", "contraband")
#: counts by place and group, which are hidden where small
COUNTED = ("stops", "searches", "hits")
_PARTED = (*COUNTED, "unsearched", "nothing")
_AGAINST = ("difference", "low", "high", "together", "together_low", "together_high")
OUTCOME, THRESHOLD = "Do searches find as much in every group?", "How sure were officers before they searched?"
_OUTCOME_METHOD = "Outcome test (Becker 1957)."
_THRESHOLD_METHOD = "Threshold test (Simoiu, Corbett-Davies and Goel 2017; Pierson et al. 2020)."


def outcome(dept: Department, by: str = "subject_race", *, place: str = "district", reference: str = "") -> Result:
    """Finds per search by group, and how they differ from the reference group's within places.

    Result ``outcome`` with a row per group: ``searches``, ``hits``, ``nothing`` (searches without a find),
    ``hit_rate`` (``hit_share`` with its Wilson interval), and in points against the reference ``difference`` within
    places (``low``, ``high``; ``within_places`` of the models, weights ``overlap``) and ``together``, with nothing
    held fixed. Facts as ``outcome_test``, with ``reference``, ``differences``, ``places`` (differences of
    districts with 50 searches of both groups whose counts may be shown), ``stops``, ``searches``, ``hits``.
    """
    found = _counted(dept, "outcome", by, place)
    if isinstance(found, str):
        return silent("outcome", found, OUTCOME, _OUTCOME_METHOD)
    rows = found.rows[found.rows.groupby("group")["searches"].transform("sum") > 0]
    made = outcome_test(rows, name="outcome")
    if made.reason:
        return made
    base = base_of(dept, rows, by, reference)
    about = people(dept.settings, "stops", ("group",), ("searches", "hits", "nothing"))
    told = _compared(made, rows, base)
    if about and told.table.loc[_few(told.table, about), "group"].eq(base).any():
        # whoever sees another group's rate and its difference sees the rate that is hidden
        told = replace(told, table=told.table.assign(**dict.fromkeys(_AGAINST, np.nan)))
    safe = rows[~hiding.cells(_parted(rows), _PARTED, least(dept.settings, "stops"))]
    others = [group for group in told.table["group"] if group != base]
    facts = {
        **told.facts,
        "kinds": list(rules(dept).search_kinds),
        **_sums(found.rows),
        "places": by_place(safe, others, base, of="searches", count="hits"),
    }
    return replace(told, facts=facts, people=about).with_caveats(*found.caveats())


def _few(table: pd.DataFrame, about: People) -> np.ndarray:
    return hiding.lists(table, about.counts, about.threshold)


def _compared(made: Result, rows: pd.DataFrame, base: str) -> Result:
    """The outcome test with each group's difference from ``base``, within places and pooled."""
    among: dict[str, Any] = {"reference": base, "of": "searches", "count": "hits"}
    gaps = {
        group: {
            "within": within_places(rows, focus=group, **among).facts(),
            "pooled": pooled(rows, focus=group, **among).facts(),
        }
        for group in made.table["group"]
        if group != base
    }
    table = made.table.rename(columns={"low": "hit_share_low", "high": "hit_share_high"}).drop(columns="within_places")
    table = table.assign(nothing=table["searches"] - table["hits"], hit_share=table["hit_rate"])
    for name, kind in (("difference", "within"), ("together", "pooled")):
        for end, key in (("", "value"), ("_low", "low"), ("_high", "high")):
            table[name + end] = [100 * gaps[group][kind][key] if group in gaps else np.nan for group in table["group"]]
    table = table.rename(columns={"difference_low": "low", "difference_high": "high"})
    facts = {**made.facts, "reference": base, "differences": gaps}
    each = "; ".join(
        f"{words.people(group)} {words.between(gap['within'])}, all districts together {words.between(gap['pooled'])}"
        for group, gap in gaps.items()
        if gap["within"]["places"]
    )
    chart = Chart(
        "dots",
        "group",
        "difference",
        "low",
        "high",
        alt=each,
        marks={
            "target": 0.0,
            "target_words": "no difference",
            "label": "in the same district",
            "also": [
                {"y": "together", "low": "together_low", "high": "together_high", "label": "all districts together"}
            ],
        },
        y_label=f"Finds per 100 searches, less those of {words.people(base)}",
    )
    order = [
        "group",
        "searches",
        "hits",
        "nothing",
        "hit_rate",
        "hit_share",
        "hit_share_low",
        "hit_share_high",
        *_AGAINST,
    ]
    return replace(
        made,
        table=table[order],
        facts=facts,
        chart=chart,
        labels={
            "group": "Group",
            "searches": "Searches",
            "hits": "Finds",
            "nothing": "No find",
            "hit_share": "Hit rate",
            "difference": f"Points against {base}, same district",
            "together": "All districts together",
        },
        answer=f"{words.outcome(facts)} Finds per 100 searches, against {words.people(base)} in the same district: "
        f"{each}.",
        method=f"{_OUTCOME_METHOD} Differences within districts weighted as Mantel and Haenszel, Wilson limits joined "
        "(Newcombe 1998; Zou and Donner 2008).",
    )


def threshold(
    dept: Department,
    by: str = "subject_race",
    *,
    place: str = "district",
    reference: str = "",
    draws: int = 1500,
    warmup: int = 500,
    seed: int = 0,
) -> Result:
    """The chance of a find at which officers search, by group and place. Result ``threshold`` as ``threshold_test``.

    Where the sampler has not settled it draws once more with four times the draws; where it still has not, the test is
    not assessable. Small counts by place and group, and those from which they could be worked out, are not in the
    table (``note`` says where); ``threshold_share`` repeats ``threshold`` with its interval for print.
    """
    found = _counted(dept, "threshold", by, place)
    if isinstance(found, str):
        return silent("threshold", found, THRESHOLD, _THRESHOLD_METHOD)
    base = base_of(dept, found.rows, by, reference)
    made = _settled(found.rows, base, draws, warmup, seed)
    if made.reason:
        return made
    facts = {
        **made.facts,
        "below": _below(made.table, base),
        "kinds": list(rules(dept).search_kinds),
        **_sums(found.rows),
    }
    gaps = "; ".join(
        f"{words.people(group)} {words.points(gap['mean'])} points ({words.points(gap['low'])} to "
        f"{words.points(gap['high'])}, probability of a lower bar {gap['probability_lower']:.0%})"
        for group, gap in facts["differences"].items()
    )
    answer = (
        f"{words.threshold(facts)} Over all districts, weighted by stops, the chance of a find at which officers "
        f"search {words.people(base)} is {facts['thresholds'][base]['mean']:.0%}; against it: {gaps}."
    )
    smallest = least(dept.settings, "stops")
    table = _hidden(made.table, smallest)
    gone = (table["note"] == "hidden").to_numpy() if "note" in table else np.zeros(len(table), dtype=bool)
    return replace(_printed(made, table), answer=answer, facts=facts).with_caveats(
        "Places are looked at one by one: with many places some intervals part by chance.",
        *_doubts(made),
        *hiding.words(gone, smallest, "stops, searches or finds"),
        *found.caveats(),
    )


def _settled(rows: pd.DataFrame, base: str, draws: int, warmup: int, seed: int) -> Result:
    """The threshold test, drawn longer where it has not settled; not assessable where that does not help."""
    made = threshold_test(rows, reference=base, draws=draws, warmup=warmup, seed=seed, name="threshold")
    if made.reason or made.facts["settled"]:
        return made
    made = threshold_test(rows, reference=base, draws=4 * draws, warmup=2 * warmup, seed=seed, name="threshold")
    if made.facts["settled"]:
        return made
    return silent(
        "threshold",
        f"the sampler has not settled (R-hat {made.facts['rhat']:.3f}, effective draws "
        f"{made.facts['ess']:.0f}): give more draws",
        THRESHOLD,
        _THRESHOLD_METHOD,
    )


def _printed(made: Result, table: pd.DataFrame) -> Result:
    """With its shares named as such, so that they are printed in per cent."""
    table = table.rename(columns={"low": "threshold_share_low", "high": "threshold_share_high"})
    table = table.assign(
        threshold_share=table["threshold"], search_share=table["search_rate"], hit_share=table["hit_rate"]
    )
    if made.chart is None:
        return replace(made, table=table)
    chart = replace(
        made.chart,
        y="threshold_share",
        low="threshold_share_low",
        high="threshold_share_high",
        y_label="Chance of a find at which officers search",
    )
    return replace(
        made,
        table=table,
        chart=chart,
        labels={
            "place": "District",
            "group": "Group",
            "stops": "Stops",
            "searches": "Searches",
            "hits": "Finds",
            "threshold_share": "Threshold",
            "search_share": "Search rate",
            "hit_share": "Hit rate",
            "note": "Small counts",
        },
    )


def _counted(dept: Department, test: str, by: str, place: str) -> Counted | str:
    """Stops, searches and hits by place and group, or why they cannot be had."""
    if reason := refused(dept, test, by, (*NEEDED, place)):
        return reason
    found = searched(dept, by, place)
    return "no search is recorded" if found.rows.empty or found.rows["searches"].sum() == 0 else found


def searched(dept: Department, by: str, place: str) -> Counted:
    """``stops``, ``searches`` and ``hits`` by place and group, of stops that record searches and finds, as ``counted``.

    A find without a search is not counted.
    """
    kinds = rules(dept).search_kinds
    narrowed = dept.stops.filter(dept.stops.searched.notnull() & dept.stops.contraband.notnull())
    found = counted(replace(dept, tables={**dept.tables, "stops": narrowed}), by, place, NEEDED, kinds=kinds)
    rows = found.rows.rename(columns={"searched": "searches", "contraband": "hits"})
    unsearched = int((rows["hits"] - rows["searches"]).clip(lower=0).sum())
    rows["hits"] = rows[["hits", "searches"]].min(axis=1)
    return Counted(rows, {**found.left_out, "with something seized but no search recorded (their finds)": unsearched})


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


def _hidden(table: pd.DataFrame, smallest: int) -> pd.DataFrame:
    """The table without small counts of stops, searches and finds, and the rates that would give them away.

    All but a few searched, or all but a few searches with a find, tell of these few as small counts do.
    """
    gone = hiding.cells(_parted(table), _PARTED, smallest)
    return hiding.noted(table, gone, (*COUNTED, "search_rate", "hit_rate"))


def _parted(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(unsearched=table["stops"] - table["searches"], nothing=table["searches"] - table["hits"])


def _sums(rows: pd.DataFrame) -> dict[str, int]:
    return {count: int(rows[count].sum()) for count in COUNTED}
