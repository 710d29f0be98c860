"""The executor: makes query, interval, suppression, figure, labels and words of any indicator, by anything."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import ibis
import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.areas import residents
from perflib.metrics.indicators.dictionary import INDICATORS
from perflib.metrics.indicators.question import Question
from perflib.metrics.indicators.record import Exposure, Indicator
from perflib.metrics.response.cells import ranked
from perflib.metrics.response.groups import TIMES
from perflib.models.counts import successive_dispersion
from perflib.period import ends
from perflib.privacy.people import People, people, register
from perflib.privacy.releases import Register
from perflib.rates import poisson_limits, wilson
from perflib.result import Result
from perflib.selection import fiscal_start, listed
from perflib.words import indicators as words
from perflib.words.response import stem as tag

#: parts of time that follow each other: groups without a record are zeros, not gaps
ORDERED = {"day": "D", "week": "W-MON", "month": "MS", "quarter": "QS", "year": "YS"}
#: with fewer whole months the scatter of counts cannot be estimated, and counts are taken for Poisson
FEWEST_MONTHS = 6


def measure(
    dept: Department,
    indicator: str | Indicator,
    by: str | Sequence[str] = (),
    *,
    period: Any = "",
    level: float = 0.95,
    quantiles: Sequence[float] = (0.5, 0.9),
    name: str = "",
    names: Mapping[str, str] | None = None,
    **only: Any,
) -> Result:
    """Any indicator of the dictionary, by anything, with its interval.

    Parameters
    ----------
    indicator : a name of the dictionary (``perflib indicators`` lists them), or a record of one's own.
    by : up to two of ``day, week, month, quarter, year, weekday, hour, shift`` or columns of the table; none: all rows.
    period : "" or "all", "YYYY-MM", "YYYY-MM-DD..YYYY-MM-DD" or a pair of days (local, both included).
    quantiles : of a quantile indicator. level : coverage of the intervals. name : of the Result.
    names : other names of the columns ``numerator``, ``denominator`` and ``value``, and of the facts of a group.
    only : column = value or list of values, such as ``district="0412"``, of every table the indicator reads.

    Returns
    -------
    Result with a row per group: ``by``, ``numerator``, ``denominator`` (rate, share), ``value``, ``low``, ``high``;
    of a quantile ``n`` (rows), ``known``, and ``median``, ``median_low``, ``median_high`` ...
    Facts: the same by group, ``dispersion`` of counts and rates, ``overall`` and ``per`` of rates. A rate of residents
    is one per person-year of all the years they are known for; of a period, over the residents of its last year. Not
    assessable where a column is not recorded.

    Raises
    ------
    InputError : an unknown indicator, group, column or value, with the valid ones listed; or a period that is none.
    """
    record = indicator if isinstance(indicator, Indicator) else _named(indicator)
    keys = (by,) if isinstance(by, str) and by else tuple(by)
    if len(keys) > 2:
        raise InputError(f"{len(keys)} groups at once, two at most", where="by")
    first, last = ends(period, fiscal_start(dept))
    chosen = {column: values for column, value in only.items() if (values := listed(value))}
    heading = words.title(record.label, keys, chosen, first, last)
    label = name or "_".join((record.name, *(("by", *keys) if keys else ())))
    asked = Question(dept, record, keys, first, last, chosen, level, tuple(quantiles))
    doubtful = residents(dept).reason if asked.counts_residents() else ""
    if reason := record.missing(dept, (*keys, *chosen)) or doubtful:
        return Result.not_assessable(label, reason, title=heading, method=record.definition)
    table, facts = _quantiles(asked) if record.kind == "quantile" else _counted(asked)
    if table.empty:
        return Result.not_assessable(label, "no record is left to count", title=heading, method=record.definition)
    about = None
    if record.people and record.kind != "quantile":
        table, about = _about(asked, table, names or {}, facts.get("dispersion"))
    table = table.rename(columns=names or {})
    groups = table[list(keys)].map(words.text).agg(" | ".join, axis=1) if keys else pd.Series("all", table.index)
    value = tag(quantiles[0]) if record.kind == "quantile" else (names or {}).get("value", "value")
    notes = words.residents(residents(dept).notes, asked.years()) if asked.counts_residents() else []
    return Result(
        label,
        table,
        facts=dict(zip(groups, table.drop(columns=list(keys)).to_dict("records"), strict=True)) | facts,
        chart=_chart(asked, table, value, facts.get("overall")) if keys else None,
        people=about,
        words=partial(
            words.indicator,
            record=record,
            heading=heading,
            by=keys,
            value=value,
            level=level,
            quantiles=quantiles,
            names=names or {},
            notes=notes,
        ),
    )


def _chart(asked: Question, table: pd.DataFrame, value: str, overall: float | None) -> Chart:
    """A line over time, else a dot per group beside the value of all."""
    record, (first, *more) = asked.indicator, asked.by
    timed, second = first in TIMES, more[0] if more else None
    ends = (f"{value}_low", f"{value}_high") if record.kind == "quantile" else ("low", "high")
    marks = {} if timed or overall is None else {"target": overall, "target_words": "all"}
    return Chart(
        "line" if timed else "dots",
        first,
        value,
        *ends,
        by=second,
        x_label=first.replace("_", " ").capitalize(),
        y_label=f"{record.label} ({record.unit})",
        marks=marks,
        panels=second is not None and timed and table[second].nunique() > 4,
    )


def _named(name: str) -> Indicator:
    if name not in INDICATORS:
        raise InputError(f"no indicator {name!r}", where="indicator", choices=INDICATORS, found=name)
    return INDICATORS[name]


def _total(asked: Question, table: str, time: str, amount: Any, only: Any = None) -> pd.Series:
    rows = asked.rows(table, time, only)
    if not asked.by:
        return pd.Series([rows.agg(value=amount).execute()["value"].iloc[0]], name="value")
    return rows.group_by(list(asked.by)).agg(value=amount).execute().set_index(list(asked.by))["value"].sort_index()


def _counted(asked: Question) -> tuple[pd.DataFrame, dict[str, Any]]:
    record = asked.indicator
    events = _total(asked, record.table, record.time, record.numerator)
    frame = _whole(asked, events).rename("numerator").to_frame()
    if isinstance(record.denominator, Exposure):
        exposure = record.denominator
        amount = _total(asked, exposure.table, exposure.time, exposure.amount, exposure.only)
        frame = frame.join(amount.rename("denominator"), how="outer").fillna({"numerator": 0})
        frame = frame[frame["denominator"] > 0]
    elif record.denominator is not None:
        frame["denominator"] = _total(asked, record.table, record.time, record.denominator)
        frame = frame[frame["denominator"] > 0]
    if frame.empty:
        return frame, {}
    n, size = frame["numerator"].to_numpy(float), frame.get("denominator", pd.Series(1.0, frame.index)).to_numpy(float)
    facts: dict[str, Any] = {}
    if record.kind == "share":
        low, high = wilson(n, size, asked.level)
    else:
        facts["dispersion"] = _dispersion(asked)
        if record.kind == "rate":
            facts |= {"overall": float(record.per * n.sum() / size.sum()), "per": record.per}
        low, high = (end / size for end in poisson_limits(n, asked.level, facts["dispersion"]))
    frame = frame.assign(
        value=record.per * n / size, low=record.per * np.asarray(low), high=record.per * np.asarray(high)
    )
    return frame.reset_index(drop=not asked.by), facts


def _whole(asked: Question, events: pd.Series) -> pd.Series:
    """The counts with the zeros of parts of time in which nothing was counted, between the first and the last."""
    for place, key in enumerate(asked.by):
        if key in ORDERED and len(events):
            at = pd.to_datetime(events.index.get_level_values(key).astype(str))
            every = pd.date_range(at.min(), at.max(), freq=ORDERED[key])
            labels = every.year if key == "year" else every
            if len(asked.by) == 1:
                return events.reindex(labels.rename(key), fill_value=0)
            other = asked.by[1 - place]
            levels = {key: labels, other: events.index.get_level_values(other).unique()}
            grid = pd.MultiIndex.from_product([levels[name] for name in asked.by], names=list(asked.by))
            return events.reindex(grid, fill_value=0)
    return events


def _dispersion(asked: Question) -> float:
    """Variance over mean of the numerator's whole months, by squared successive differences; at least 1."""
    record = asked.indicator
    monthly = Question(asked.dept, record, ("month",), asked.first, asked.last, asked.only, asked.level, ())
    months = _whole(monthly, _total(monthly, record.table, record.time, record.numerator)).to_numpy(float)[1:-1]
    if len(months) < FEWEST_MONTHS:
        return 1.0
    return max(1.0, successive_dispersion(months))


def _quantiles(asked: Question) -> tuple[pd.DataFrame, dict[str, Any]]:
    record = asked.indicator
    rows = asked.rows(record.table, record.time)
    rows = rows.mutate(_value=record.numerator)
    keys = list(asked.by) or [ibis.literal("all").name("all")]
    grouped = rows.group_by(keys).agg(
        n=rows.count(), known=rows._value.count(), ordered=rows._value.collect(where=rows._value.notnull())
    )
    found = grouped.mutate(ordered=grouped.ordered.sort()).execute()
    if found.empty or not found["known"].sum():
        return pd.DataFrame(), {}
    values = np.concatenate([np.asarray(part, dtype=float) for part in found["ordered"] if part is not None])
    places = ranked(values, found["known"].to_numpy(), found["n"].to_numpy(), asked.quantiles, asked.level)
    kept = {name: column for name, column in places.items() if not name.endswith(("_lower", "_upper"))}
    found = found.drop(columns="ordered").assign(**kept)
    return (found.sort_values(list(asked.by), ignore_index=True) if asked.by else found.drop(columns="all")), {}


def _about(
    asked: Question, table: pd.DataFrame, names: Mapping[str, str], dispersion: float | None
) -> tuple[pd.DataFrame, People | None]:
    """The counts of people in the table; of a share the others too, since all but two of them tell of two.

    Limits of counts rest on the dispersion of months. Beside hidden months they would give it, and so the months, away;
    beside other hidden groups they are made again with a dispersion rounded up to a half.
    """
    dept, record = asked.dept, asked.indicator
    counts: tuple[str, ...] = (names.get("numerator", "numerator"),)
    if asked.indicator.kind == "share":
        table = table.assign(others=table["denominator"] - table["numerator"])
        counts = (*counts, "others")
        if len(asked.by) > 1:
            raise InputError(
                "a share of people by two groups at once is not offered: small counts could not be hidden",
                where="by",
                do="ask for one group, or for the count",
            )
    one_list = len(asked.by) == 1 and asked.by[0] not in TIMES and len(counts) == 1
    count, size, value = (names.get(name, name) for name in ("numerator", "denominator", "value"))
    limits = None
    if dispersion is not None and not set(asked.by) & set(TIMES):
        wide = math.ceil(2 * dispersion) / 2
        limits = partial(_limits, count=count, size=size, per=record.per, level=asked.level, dispersion=wide)
    across = asked.by[1] if len(asked.by) > 1 else ""
    about = people(
        dept.settings,
        record.people,
        asked.by,
        counts,
        across=across,
        own=(size, value, *(("low", "high") if record.kind == "share" else ())),
        facts=("overall", "per"),
        limits=limits,
        register=_register(asked) if one_list else None,
    )
    return table, about


def _limits(table: pd.DataFrame, *, count: str, size: str, per: float, level: float, dispersion: float) -> pd.DataFrame:
    """The table with the interval of each count or rate."""
    each = per / table.get(size, 1.0)
    low, high = poisson_limits(table[count], level, dispersion)
    return table.assign(low=each * low, high=each * high)


def _register(asked: Question) -> Register | None:
    """Where earlier lists of this count by this column are remembered."""
    dept, table = asked.dept, asked.indicator.table
    moment = dept.local(dept.table(table)[asked.indicator.time])
    edges = dept.table(table).aggregate(first=moment.min(), last=moment.max()).execute().iloc[0]
    first, last = (None if pd.isna(edges[name]) else edges[name].date() for name in ("first", "last"))
    rules = [step.rule for step in dept.log if step.table == table]
    rules += [f"{column}={values}" for column, values in asked.only.items()]
    series = f"{dept.name}: {table} by {asked.by[0]}"
    return register(dept.settings, series, rules, asked.first or first, asked.last or last)
