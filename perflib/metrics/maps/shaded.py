"""Three maps of the department's areas: a rate, a change with its evidence, a response time."""

from __future__ import annotations

import datetime as dt
import math
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from perflib.agency import COARSE, Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.areas import check_areas, residents
from perflib.metrics.counts.availability import lacking
from perflib.metrics.counts.compare import compare
from perflib.metrics.counts.completeness import last_complete
from perflib.metrics.counts.periods import known
from perflib.metrics.counts.series import ABSENT, Series, daily
from perflib.metrics.maps.boundaries import Boundaries, boundaries
from perflib.metrics.response.by import response
from perflib.models.counts import successive_dispersion
from perflib.models.totals import Residents
from perflib.period import Period, ends
from perflib.privacy.people import HIDDEN, people
from perflib.rates import poisson_limits
from perflib.result import Result
from perflib.verdicts import CHANGES, Verdict
from perflib.words import maps as words
from perflib.words.response import stem as tag

#: exposure -> what a rate is stated for
PER = {"residents": 1000.0, "square_km": 1.0}
YEAR, _WEEKS = 365.25, 8


def rate_map(
    dept: Department,
    table: str = "incidents",
    by: str = "district",
    per: str = "",
    period: Any = "",
    *,
    unit: str | None = None,
    level: float = 0.95,
    name: str = "map_rate",
) -> Result:
    """How many per resident, or per square kilometre, in each area, as a map.

    Parameters
    ----------
    table, by, unit : what is counted, and by which areas ("district" or "beat").
    per : "residents" (the newest year of ``population`` not after the period), "square_km" (of the outlines), or ""
        for residents where every area has them, else square kilometres.
    period : "" (the last 365 complete days, or as many as there are), "YYYY-MM", "YYYY-MM-DD..YYYY-MM-DD", a pair.

    Returns
    -------
    Result with a row per area: ``by``, ``n``, the exposure, ``rate``, ``rate_low``, ``rate_high`` (a year),
    ``note``. Facts: ``areas`` (the same by area), ``rate``, ``low``, ``high`` (all areas), ``period``, ``per``. Not
    assessable without outlines, table or column.

    Raises
    ------
    InputError : keys of counts, outlines or population that do not match (all named); a period outside the data.
    """
    outlines, reason = _outlines(dept, table, by)
    if outlines is None:
        return Result.not_assessable(name, reason, title=words.title("rate", by), method=words.RATE)
    series = daily(dept, table, (by,), unit)
    window, basis = _window(dept, table, series, period)
    counts = pd.DataFrame({by: series.cells[by], "n": series.window(window.first, window.last)})
    rows, notes = _located(counts, by, outlines)
    exposure, per, said = _exposure(dept, rows[by], outlines, per, window)
    dispersion = _dispersion(series, window)
    limits = partial(_limits, per=per, factor=PER[per] * YEAR / window.days, level=level)
    rows = limits(rows.assign(**{per: exposure}), dispersion).assign(note="")
    rows = rows[[by, "n", per, "rate", "rate_low", "rate_high", "note"]]
    n = float(counts.loc[counts[by] != ABSENT, "n"].sum())
    whole = limits(pd.DataFrame({"n": [n], per: [float(exposure.sum())]}), dispersion).iloc[0]
    facts = {
        "areas": _by_area(rows, by),
        "n": n,
        "rate": whole["rate"],
        "low": whole["rate_low"],
        "high": whole["rate_high"],
        "period": str(window),
        "per": per,
        "unit": series.unit,
        "dispersion": dispersion,
    }
    about = people(
        dept.settings,
        "victims" if series.unit == "victims" else table,
        (by,),
        ("n",),
        own=(per, "rate"),
        rounded=("low", "high"),
        facts=("n", "rate", "period", "per", "unit"),
        limits=partial(limits, dispersion=math.ceil(2 * dispersion) / 2),
        again=lambda left: {"areas": _by_area(left, by)},
    )
    chart = _chart(outlines, by, "rate", "rate_low", "rate_high", unit=words.rate_unit(series.unit, per))
    say = partial(words.rate, by=by, notes=[basis, *said, *notes], days=window.days)
    return Result(name, rows, facts=facts, chart=chart, people=about, words=say)


def change_map(
    dept: Department,
    table: str = "incidents",
    by: str = "district",
    period: Any = "",
    against: str = "last_year",
    *,
    name: str = "map_change",
    **asked: Any,
) -> Result:
    """Where did counts change, and is it more than chance? ``perflib.metrics.counts.compare`` as a map.

    Parameters
    ----------
    period, against, asked : as for ``compare`` (``years``, ``q``, ``unit``, ``calendar``, ``level`` ...).

    Returns
    -------
    Result with a row per area: ``by``, ``now``, ``before``, ``expected``, ``ratio``, ``low``, ``high``, ``adjusted``,
    ``verdict``, ``evidence``, ``note``. Facts of ``compare``, and ``areas``. Not assessable without outlines, table,
    column or a period to compare with.

    Raises InputError as ``compare`` does, and for keys that do not match the outlines.
    """
    outlines, reason = _outlines(dept, table, by)
    if outlines is None:
        return Result.not_assessable(name, reason, title=words.title("change", by))
    changes = compare(dept, table, by, period, against, **asked)
    if changes.reason:
        return Result.not_assessable(name, changes.reason, title=words.title("change", by), method=changes.method)
    columns = [by, "now", "before", "expected", "ratio", "low", "high", "adjusted", "verdict"]
    rows, notes = _located(changes.table[columns], by, outlines)
    note = np.where(rows["verdict"] == Verdict.TOO_FEW, "too few to judge", "")
    rows = rows.assign(evidence=rows["verdict"].isin(CHANGES), note=note)
    facts = {key: changes.facts[key] for key in ("period", "against", "missing", "q", "dispersion", "unit")}
    about = people(
        dept.settings,
        "victims" if facts["unit"] == "victims" else table,
        (by,),
        ("now", "before"),
        own=("expected", "ratio", "verdict", "evidence"),
        facts=("period", "against", "missing", "q", "unit"),
        again=partial(_changed, by=by),
    )
    chart = _chart(
        outlines,
        by,
        "ratio",
        "low",
        "high",
        scale="change",
        highlight="evidence",
        strong="change beyond chance",
        unit="Ratio to the period compared with",
    )
    say = partial(words.change, by=by, notes=notes, method=changes.method, labels=changes.labels)
    facts |= _changed(rows, by)
    return Result(name, rows, facts=facts, caveats=changes.caveats, chart=chart, people=about, words=say)


def _changed(rows: pd.DataFrame, by: str) -> dict[str, Any]:
    return {"areas": _by_area(rows, by), "changed": rows.loc[rows["evidence"].eq(True), by].tolist()}


def response_map(
    dept: Department,
    period: Any = "",
    q: float = 0.5,
    by: str = "district",
    *,
    name: str = "map_response",
    **scope: Any,
) -> Result:
    """How long do callers wait, area by area: ``perflib.metrics.response.response`` as a map.

    ``q`` is the quantile, ``scope`` the fields of ``Scope``. A row per area: ``by``, ``n``, ``known``,
    ``missing_share``, the quantile (``median``, ``p90``) with ``_low`` and ``_high`` in minutes, ``note``.
    Facts: ``areas``, ``quantile``. Not assessable without outlines or calls.

    Raises InputError as ``response`` does, and for keys that do not match the outlines.
    """
    interval = scope.get("interval", "response")
    title = words.response_title(q, interval, by)
    outlines, reason = _outlines(dept, "calls", by)
    if outlines is None:
        return Result.not_assessable(name, reason, title=title)
    times = response(dept, by, quantiles=(q,), period=period, **scope)
    if times.reason:
        return Result.not_assessable(name, times.reason, title=title, method=times.method)
    stem = tag(q)
    columns = [stem, f"{stem}_low", f"{stem}_high"]
    rows, notes = _located(times.table[[by, "n", "known", "missing_share", *columns]], by, outlines)
    rows["note"] = np.where(rows[stem].notna(), "", "too few known")
    rows[["missing_share", *columns]] = rows[["missing_share", *columns]].mask(rows["note"].ne(""))
    about = people(
        dept.settings,
        "calls",
        (by,),
        ("n", "known"),
        own=("missing_share", *columns),
        facts=("quantile",),
        again=lambda left: {"areas": _by_area(left, by)},
    )
    chart = _chart(outlines, by, *columns, unit=words.response_unit(q))
    say = partial(
        words.response,
        by=by,
        stem=stem,
        interval=interval,
        notes=notes,
        method=times.method,
        labels=times.labels,
        calls=times.table,
    )
    facts = {"areas": _by_area(rows, by), "quantile": q}
    return Result(name, rows, facts=facts, chart=chart, people=about, words=say)


def _outlines(dept: Department, table: str, by: str) -> tuple[Boundaries | None, str]:
    if reason := lacking(dept, table, (by,)):
        return None, reason
    found = boundaries(dept, by)
    return found, "" if found else f"the department file gives no boundaries of a {by}"


def _window(dept: Department, table: str, series: Series, period: Any) -> tuple[Period, str]:
    last, basis = last_complete(dept, table, series)
    first, end = ends(period)
    if first is None or end is None:
        return Period(max(series.days[0].date(), series.period(last - dt.timedelta(days=364)).first), last), basis
    window = Period(first, end)
    if not known(series, window):
        raise InputError(
            f"the data do not hold {window} whole",
            where="period",
            do=f"they reach from {series.days[0]:%Y-%m-%d} to {series.days[-1]:%Y-%m-%d}",
        )
    late = f"{(end - last).days} of its days are not complete: counted too low. " if end > last else ""
    return window, late + basis


def _located(rows: pd.DataFrame, by: str, outlines: Boundaries) -> tuple[pd.DataFrame, list[str]]:
    """The rows that stand in an area, in the order of the outlines, and what was left out."""
    spare = outlines.join(str(key) for key in rows[by] if key != ABSENT and not pd.isna(key))
    size = "now" if "now" in rows else "n"
    lost = float(rows.loc[(rows[by] == ABSENT) | rows[by].isna(), size].sum())
    place = {key: at for at, key in enumerate(outlines.keys)}
    inside = rows[rows[by].isin(place)]
    inside = inside.sort_values(by, key=lambda keys: keys.map(place), ignore_index=True)
    return inside, words.located(lost, by, spare)


def _exposure(
    dept: Department, areas: pd.Series, outlines: Boundaries, per: str, window: Period
) -> tuple[np.ndarray, str, list[str]]:
    """The exposure of each area, its name, and what to say of it."""
    if per not in ("", *PER):
        raise InputError(f"no rate per {per!r}", where="per", choices=PER, found=per)
    every = residents(dept) if per != "square_km" else Residents(pd.DataFrame(columns=["area", "year", "residents"]))
    newest, year = every.newest(window.last.year)
    if per == "residents" and newest.empty:
        raise InputError(every.reason or "the department has no population", where="per", choices=("square_km",))
    if per == "residents":
        there = [area for area in newest.index if area in set(areas)]
        check_areas(areas, there or list(newest.index), name="population")
    if len(newest) and set(areas) <= set(newest.index):
        notes = [f"Residents of {year}. {words.RESIDENTS}", *map(_sentence, every.notes)]
        return newest[list(areas)].to_numpy(float), "residents", notes
    sizes = outlines.square_km()
    notes = [words.AREA, *([_sentence(every.reason)] if every.reason else [])]
    return np.array([sizes[area] for area in areas]), "square_km", notes


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _dispersion(series: Series, window: Period) -> float:
    """Variance over mean of weekly counts (of longer periods where the dates tell no week), pooled over areas by their
    counts; 1 at least."""
    inside = (series.days >= pd.Timestamp(window.first)) & (series.days <= pd.Timestamp(window.last))
    days = series.counts[:, inside]
    weeks = days[:, : days.shape[1] // 7 * 7].reshape(len(days), -1, 7).sum(axis=2)
    if series.grain in COARSE:
        weeks = np.array([series.window(each.first, each.last) for each in series.periods(window)]).T
    if weeks.shape[1] < _WEEKS or not weeks.sum():
        return 1.0
    return max(1.0, float(np.average([successive_dispersion(each) for each in weeks], weights=weeks.sum(axis=1))))


def _limits(rows: pd.DataFrame, dispersion: float, *, per: str, factor: float, level: float) -> pd.DataFrame:
    """The rows with their rate and its interval."""
    low, high = poisson_limits(rows["n"], level, dispersion)
    each = factor / rows[per]
    return rows.assign(rate=rows["n"] * each, rate_low=low * each, rate_high=high * each)


def _by_area(rows: pd.DataFrame, by: str) -> dict[str, Any]:
    rows = rows[rows["note"] != HIDDEN].drop(columns="note")
    return {str(row.pop(by)): row for row in rows.to_dict("records")}


def _chart(outlines: Boundaries, by: str, value: str, low: str, high: str, **marks: Any) -> Chart:
    shapes = {"shapes": outlines.shapes, "note": "note"}
    return Chart("map", by, value, low, high, y_label=marks["unit"], marks={**shapes, **marks})
