"""What stops themselves hide: bounds on a difference in what happens after a stop, when some stops are undue."""

from __future__ import annotations

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.stops.scope import compared, counted, refused, rules, silent
from perflib.models.disparity import bounds
from perflib.result import Result

TITLE = "What could selection into stops hide?"
METHOD = "Bounds under selection into stops (Knox, Lowe and Mummolo 2020), for several assumed shares of undue stops."
UNDUE = (0.0, 0.05, 0.10, 0.20, 0.30)
OUTCOMES = {"searched": "a search", "frisked": "a pat-down", "arrested": "an arrest"}


def selection(dept: Department, by: str = "subject_race", *, outcome: str = "", reference: str = "", focus: str = "",
              place: str = "district") -> Result:
    """Bounds of the difference in ``outcome`` (searched, frisked or arrested) between ``focus`` and ``reference``.

    ``outcome``: the first of these that the stops record. ``reference``: as the department file says,
    else the group with most stops; ``focus``: the largest other one.
    Within a stop recorded for no reason but the person's group nothing can be compared; how many such stops there are
    these records cannot show, so the figure is given for several shares. Result ``selection``, a row per share:
    ``undue``, ``observed``, ``att``, ``low``, ``high``.
    """
    found = outcome or next((name for name in OUTCOMES if dept.has("stops", name)), "searched")
    if reason := refused(dept, "selection", by, (found, place)):
        return silent("selection", reason, TITLE, METHOD)
    kinds = () if found == "arrested" else rules(dept).search_kinds
    held = counted(dept, by, place, (found,), kinds=kinds)
    total = held.rows.groupby("group")[["stops", found]].sum()
    if len(total) < 2:
        return silent("selection", "fewer than two groups have enough stops", TITLE, METHOD)
    base = compared(held.rows, reference or rules(dept).reference, "reference")
    other = focus or str(total.drop(index=base)["stops"].sort_values(kind="stable").index[-1])
    compared(held.rows, other, "focus")
    stops, led = total["stops"].to_dict(), total[found].to_dict()
    shares = [led[group] / stops[group] for group in (base, other)]
    part = stops[base] / (stops[base] + stops[other])
    rows = [bounds(*shares, undue=each, share_reference=part) for each in UNDUE]
    table = pd.concat([each.table for each in rows], ignore_index=True)
    table.insert(0, "assumed", [f"{each:.0%} undue" for each in UNDUE])
    return _tell(table, rows[0], found, base, other, held.caveats())


def _tell(table: pd.DataFrame, one: Result, found: str, base: str, other: str, more: list[str]) -> Result:
    last = table.iloc[-1].to_dict()
    answer = (f"Stops that led to {OUTCOMES.get(found, found)}: {other} {100 * last['observed']:+.1f} points against "
              f"{base} as recorded. If {last['undue']:.0%} of the stops of {other} were undue, the difference among "
              f"all stops would lie between {100 * last['low']:+.1f} and {100 * last['high']:+.1f} points.")
    facts = {"outcome": found, "reference": base, "focus": other, "observed": last["observed"],
             "rows": table[["undue", "att", "low", "high"]].to_dict("records")}
    return Result("selection", table, TITLE, answer, METHOD, [*one.caveats, *more], facts,
                  Chart("dots", "assumed", "att", "low", "high", y_label=f"Difference, {other} less {base}",
                        marks={"target": 0.0, "target_words": "no difference"}, alt=answer),
                  {"assumed": "Assumed", "undue": "Share undue", "observed": "As recorded", "att": "Among the group",
                   "low": "Low", "high": "High"})
