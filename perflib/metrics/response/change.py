"""Differences between periods with intervals, and comparisons at equal hour, nature and priority."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.engine.tables import sample
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.response.by import FEWEST, response
from perflib.metrics.response.groups import grouped
from perflib.metrics.response.scope import Scope, measured, unanswerable
from perflib.period import ends
from perflib.rates import combined
from perflib.result import Result
from perflib.words import response_changes as words
from perflib.words.response import stem

#: rows the regression sees; more are sampled by a hash of the call's id.
MOST = 10_000
#: names of the two groups of a comparison of periods; the earlier one sorts first
_PERIODS = {"a_before": "before", "b_now": "now"}
_GROUP = "group: "
_RARE, _NATURES, _LEAST_MINUTES = 50, 8, 1 / 60


def compare(
    dept: Department,
    period: Any,
    against: Any,
    *,
    by: str = "priority",
    quantiles: Sequence[float] = (0.5, 0.9),
    level: float = 0.95,
    **scope: Any,
) -> Result:
    """How much each quantile differs between two periods, in minutes, with an interval; never a bare percentage.

    Returns
    -------
    Result ``response_change``: ``by``, ``quantile``, ``now``, ``before`` (min), ``difference`` (now - before) with
    ``low``/``high``, ``n_now``, ``n_before``, ``clear`` (the interval excludes 0), ``note`` where there is none.

    Raises
    ------
    InputError : the periods overlap, or one is none.
    """
    (first, last), (other_first, other_last) = ends(period), ends(against)
    if first is None or last is None or other_first is None or other_last is None:
        raise InputError("both periods must be named", where="period, against", do="write YYYY-MM or first..last")
    if first <= other_last and other_first <= last:
        raise InputError(f"{period} and {against} overlap", where="period, against")
    parts = [
        response(dept, by, quantiles=quantiles, level=level, period=(one, two), **scope)
        for one, two in ((first, last), (other_first, other_last))
    ]
    reasons = [part.reason for part in parts if part.reason]
    if reasons:
        return Result.not_assessable("response_change", reasons[0])
    merged = parts[0].table.merge(parts[1].table, on=by, suffixes=("_now", "_before"))
    table = pd.DataFrame([_difference(row, by, q) for row in merged.to_dict("records") for q in quantiles])
    if table.empty:
        return Result.not_assessable("response_change", f"no {by} occurs in both periods")
    return _changed(table, by, f"{first} to {last}", f"{other_first} to {other_last}")


def _difference(row: dict[Any, Any], by: str, q: float) -> dict[str, Any]:
    column = stem(q)
    (now, now_low, now_high), (old, old_low, old_high) = (
        [row[column + end + side] for end in ("", "_low", "_high")] for side in ("_now", "_before")
    )
    difference, low, high = combined((1, -1), (now, old), (now_low, old_low), (now_high, old_high))
    known = bool(np.isfinite(low) and np.isfinite(high))
    return {
        by: row[by],
        "quantile": words.quantile(q),
        "now": now,
        "before": old,
        "difference": difference,
        "low": low,
        "high": high,
        "n_now": row["n_now"],
        "n_before": row["n_before"],
        "clear": known and (low > 0 or high < 0),
        "note": "" if known else f"too few for an interval: {row['known_now']} and {row['known_before']} known",
    }


def _changed(table: pd.DataFrame, by: str, now: str, before: str) -> Result:
    facts: dict[str, Any] = {}
    for row in table.to_dict("records"):
        facts.setdefault(str(row[by]), {})[row["quantile"]] = {
            key: row[key] for key in ("now", "before", "difference", "low", "high", "n_now", "n_before", "clear")
        }
    chart = Chart(
        "dots",
        by,
        "difference",
        "low",
        "high",
        by="quantile",
        x_label=words.GROUPS.get(by, by),
        y_label="Difference (minutes)",
    )
    return Result(
        "response_change", table, facts=facts, chart=chart, words=partial(words.change, by=by, now=now, before=before)
    )


def adjusted(
    dept: Department,
    compare: str = "district",
    *,
    tau: float | Sequence[float] = (0.5, 0.9),
    period: Any = "",
    against: Any = "",
    level: float = 0.95,
    most: int = MOST,
    **scope: Any,
) -> Result:
    """Groups compared at equal hour of week, nature of call and priority, by quantile regression of log minutes.

    Parameters
    ----------
    compare : a column such as ``district``, or "period" (then ``period`` and ``against`` are the two groups).
    most : with more rows than this, those whose hashed id is lowest are used; the caveats say so.

    Returns
    -------
    Result ``response_adjusted``: ``group``, ``tau``, ``ratio`` to the reference group with ``low``/``high`` and ``p``.
    Minutes below one second count as one second, which no quantile above it notices.
    """
    from perflib.models.quantiles import quantile_regression

    if reason := unanswerable(dept, Scope(**scope).interval, [compare]):
        return Result.not_assessable("response_adjusted", reason, title="Compared on like calls")
    if compare == "period":
        rows = _two_periods(dept, period, against, scope)
    else:
        rows = grouped(dept, measured(dept, Scope(period=period, **scope)), [compare]).rename(group=compare)
    frame, total = _frame(dept, rows, most)
    if frame.empty or frame["group"].nunique() < 2:
        return Result.not_assessable("response_adjusted", f"fewer than two groups of {compare} with known times")
    terms = [term for term in ("group", "block", "nature", "code") if frame[term].nunique() > 1]
    fitted = quantile_regression(frame, "log_minutes", terms, tau, level=level, name="response_adjusted")
    return fitted if fitted.reason else _ratios(fitted, frame, compare, terms, min(total, most), total)


def _two_periods(dept: Department, period: Any, against: Any, scope: dict[str, Any]) -> ir.Table:
    parts = [
        measured(dept, Scope(period=span, **scope)).mutate(group=ibis.literal(name))
        for span, name in ((against, "a_before"), (period, "b_now"))
    ]
    return parts[0].union(parts[1])


def _frame(dept: Department, rows: ir.Table, most: int) -> tuple[pd.DataFrame, int]:
    known = rows.filter(rows.minutes.notnull())
    local = dept.local(known.received_at)
    part = (local.day_of_week.index() >= 5).ifelse("weekend ", "weekday ")
    block = part.concat((local.hour() // 6 * 6).cast("string"))
    text = {
        new: known[old].fill_null("none") if old in known.columns else ibis.literal("none")
        for new, old in (("nature", "call_type"), ("code", "priority"))
    }
    plain = known.select("call_id", "group", "minutes", block=block, **text)
    total = int(plain.count().execute())
    if total > most:
        plain = sample(plain, most, by="call_id")
    return _tidy(plain.order_by("call_id").execute()), total


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Rare levels joined, the largest level of each term first (the reference), minutes in logarithms."""
    frame = frame.assign(log_minutes=np.log(frame["minutes"].astype(float).clip(lower=_LEAST_MINUTES)))
    for term in ("nature", "code"):
        sizes = frame[term].value_counts()
        keep = set(sizes[sizes >= _RARE].index[:_NATURES])
        frame[term] = frame[term].where(frame[term].isin(keep), "other")
    sizes = frame["group"].value_counts()
    frame = frame[frame["group"].map(sizes) >= FEWEST].copy()
    for term in ("group", "nature", "code", "block"):
        counts = frame[term].value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
        order = sorted(counts.index) if term == "group" and "a_before" in counts.index else list(counts.index)
        frame[term] = pd.Categorical(frame[term].astype(str), [str(name) for name in order])
    return frame


def _ratios(fitted: Result, frame: pd.DataFrame, compare: str, terms: Sequence[str], used: int, total: int) -> Result:
    table = fitted.table[fitted.table["term"].str.startswith(_GROUP)].copy()
    table["group"] = table["term"].str.removeprefix(_GROUP).replace(_PERIODS)
    for new, old in (("ratio", "estimate"), ("low", "low"), ("high", "high")):
        table[new] = np.exp(table[old].astype(float))
    table = table[["group", "tau", "ratio", "low", "high", "p"]].reset_index(drop=True)
    reference = str(frame["group"].cat.categories[0])
    base = _PERIODS.get(reference, reference)
    facts: dict[str, Any] = {"reference": base, "n": len(frame)}
    for row in table.to_dict("records"):
        kept = {key: row[key] for key in ("ratio", "low", "high", "p")}
        facts.setdefault(str(row["group"]), {})[f"{row['tau']:g}"] = kept
    chart = Chart(
        "dots",
        "group",
        "ratio",
        "low",
        "high",
        by="tau",
        x_label=words.GROUPS.get(compare, compare),
        y_label=f"Ratio to {base} for like calls",
        marks={"target": 1},
    )
    say = partial(
        words.adjusted, compare=compare, terms=terms, used=used, total=total, method=fitted.method, notes=fitted.caveats
    )
    return Result("response_adjusted", table, facts=facts, chart=chart, words=say)
