"""How many arrests, for how much work, and what became of them: an arrest is not a success by itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.indicators import INDICATORS, OUTCOMES, measure
from perflib.privacy.people import people
from perflib.result import Result
from perflib.words import indicators as words

#: what arrests are counted for, and the indicator that does it
EXPOSURES = {
    "calls": "arrests_per_calls",
    "stops": "arrests_per_stops",
    "officer_hours": "arrests_per_officer_hours",
    "population": "arrests_per_residents",
}
_UNKNOWN = {words.NOT_RECORDED: "unknown"}


def rates(
    dept: Department, by: str = "district", per: str = "calls", *, level: float = 0.95, name: str = "arrest_rates"
) -> Result:
    """Arrests per exposure, by a column both tables have or a part of local time: an indicator of the dictionary.

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
    names = {"numerator": "arrests", "denominator": "exposure", "value": "rate"}
    return measure(dept, EXPOSURES[per], by, level=level, name=name, names=names)


def outcomes(dept: Department, by: str = "", *, level: float = 0.95, name: str = "arrest_outcomes") -> Result:
    """What became of arrests: the share charged, declined and so on, with intervals; pending and unknown beside.

    Returns
    -------
    Result with a row per group and outcome: ``outcome``, ``arrests``, ``share`` with ``low``/``high`` (Wilson) of the
    arrests whose outcome is known; pending and unknown have a count and no share. Facts: ``arrests``, ``known``, and
    the share of each outcome.
    """
    keys = [by] if by else []
    counts = measure(dept, "arrests", (*keys, "outcome"))
    if counts.reason:
        return Result.not_assessable(name, counts.reason, title=words.OUTCOMES)
    shares = [measure(dept, f"arrests_{outcome}", keys, level=level).table for outcome in OUTCOMES]
    parts = [part.assign(outcome=outcome) for outcome, part in zip(OUTCOMES, shares, strict=True) if len(part)]
    columns = [*keys, "outcome", "denominator", "value", "low", "high"]
    known = pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)
    table = counts.table.assign(outcome=counts.table["outcome"].replace(_UNKNOWN))
    table = table.groupby([*keys, "outcome"], as_index=False)["numerator"].sum().query("numerator > 0")
    table = table.merge(known, how="left").rename(
        columns={"numerator": "arrests", "denominator": "known", "value": "share"}
    )
    order = {outcome: place for place, outcome in enumerate([*OUTCOMES, "pending", "unknown"])}
    table = table.assign(_place=table["outcome"].map(order)).sort_values([*keys, "_place"], ignore_index=True)
    table = table.drop(columns="_place")
    of_group = table.groupby(by)["known"] if by else table["known"]
    table["known"] = (of_group.transform("max") if by else of_group.max()) if parts else 0.0
    whole = table.groupby("outcome")["arrests"].sum()
    decided = whole.reindex(list(OUTCOMES)).dropna()
    facts: dict[str, Any] = {
        "arrests": int(whole.sum()),
        "known": int(decided.sum()),
        "share": (decided / decided.sum()).to_dict(),
    }
    axis = "Share of arrests with a known outcome"
    return Result(
        name,
        table,
        facts=facts,
        chart=Chart("dots", "outcome", "share", "low", "high", by=by or None, x_label="", y_label=axis),
        people=people(
            dept.settings,
            "arrests",
            (*keys, "outcome"),
            ("arrests",),
            across="outcome",
            line=("known", "share", "low", "high"),
            facts=("arrests",),
        ),
        words=partial(words.outcomes, caveats=INDICATORS["arrests"].caveats, level=level),
    )
