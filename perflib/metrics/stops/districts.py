"""District by district: differences between groups, and whether one ratio describes all districts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from perflib.models.disparity import pooled

#: the most that counts may vary, as a multiple of chance, for one ratio per group to describe the districts
MOST_DISPERSION = 5.0
#: ... or the most that a group's ratios in the districts may lie apart: with many counts more than chance may be little
MOST_SPREAD = 1.5
#: records of each group below which a district's own difference is not given
LEAST_EACH = 50


def alike(dispersion: float | None, found: list[dict[str, Any]]) -> bool:
    """Whether one ratio per group describes the districts; ``found`` as ``spans``."""
    if dispersion is not None and dispersion <= MOST_DISPERSION:
        return True
    return bool(found) and all(each["high"] <= MOST_SPREAD * each["low"] for each in found)


def by_place(rows: pd.DataFrame, groups: Iterable[str], base: str, *, of: str, count: str) -> list[dict[str, Any]]:
    """Difference of ``count / of`` from the group ``base`` in each place with at least 50 records of both.

    One dictionary each: ``place``, ``group``, ``value``, ``low``, ``high``. ``rows`` are those that may be shown.
    """
    found = []
    for place, own in rows[rows[of] >= LEAST_EACH].groupby("place"):
        there = set(own["group"])
        found += [
            {
                "place": str(place),
                "group": group,
                **{
                    key: value
                    for key, value in pooled(own, focus=group, reference=base, of=of, count=count).facts().items()
                    if key in ("value", "low", "high")
                },
            }
            for group in groups
            if {group, base} <= there
        ]
    return found


def doubts(facts: dict[str, Any]) -> list[str]:
    """What must be read with the comparison with arrests."""
    told = [
        "The baseline is arrests of the same period by the same officers: where arrests follow stops, it hides "
        "what it should show."
    ]
    if facts["one_ratio"]:
        return told
    model = facts["models"]["place"]
    return [
        f"One ratio per group does not describe these districts (deviance {model['deviance']:,.0f} on "
        f"{model['df']} degrees of freedom): none is given for all districts together.",
        *told,
    ]


def spans(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The smallest and largest ratio of each group among the shown districts, groups of most stops first."""
    known = table[table["ratio"].notna()]
    found = []
    for group in known.groupby("group")["stops"].sum().sort_values(ascending=False).index:
        own = known[known["group"] == group].sort_values("ratio").reset_index(drop=True)
        first, last = own.iloc[0], own.iloc[-1]
        found.append(
            {
                "group": group,
                "low": first["ratio"],
                "low_place": first["place"],
                "high": last["ratio"],
                "high_place": last["place"],
            }
        )
    return found
