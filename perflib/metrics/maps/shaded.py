"""Three maps: a rate, a change with its evidence, a response time; small counts never leave this room."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from perflib.agency import COARSE, Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.areas import check_areas, residents
from perflib.metrics.counts.compare import compare
from perflib.metrics.counts.completeness import last_complete
from perflib.metrics.counts.lacking import lacking
from perflib.metrics.counts.periods import known
from perflib.metrics.counts.series import ABSENT, Series, daily
from perflib.metrics.maps.boundaries import Boundaries, boundaries
from perflib.metrics.response.by import response
from perflib.models.counts import successive_dispersion
from perflib.models.totals import Residents
from perflib.period import Period, ends
from perflib.privacy.suppression import hide_rows
from perflib.rates import poisson_limits
from perflib.result import Result
from perflib.verdicts import CHANGES, Verdict
from perflib.words.response import INTERVALS, missing
from perflib.words.response import quantile as quantile_name
from perflib.words.response import stem as tag

#: counts below this are not shown; the year a rate is stated for.
THRESHOLD, YEAR = 5, 365.25
_WEEKS = 8
HIDDEN = "too few to show, or needed to hide one that is"
PER = {
    "residents": (1000.0, "per 1,000 residents a year", "Residents"),
    "square_km": (1.0, "per square kilometre a year", "Square kilometres"),
}
_RATE = (
    "Counts per exposure with exact Poisson intervals (Garwood 1936), widened by the variance over mean of weekly "
    "counts where it exceeds 1; areas joined by key; small counts hidden with those from which they follow."
)


def rate_map(
    dept: Department,
    table: str = "incidents",
    by: str = "district",
    per: str = "",
    period: Any = "",
    *,
    unit: str | None = None,
    threshold: int = THRESHOLD,
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
    threshold : counts from 1 to one less are not shown.

    Returns
    -------
    Result with a row per area: ``by``, ``n``, the exposure, ``rate``, ``rate_low``, ``rate_high`` (a year),
    ``note``. Facts: ``areas`` (the same by area), ``rate``, ``low``, ``high`` (all areas), ``period``, ``per``,
    ``suppressed``. Not assessable without outlines, table or column.

    Raises
    ------
    InputError : keys of counts, outlines or population that do not match (all named); a period outside the data.
    """
    title = f"Where are the {table}? Rate by {by}"
    outlines, reason = _outlines(dept, table, by)
    if outlines is None:
        return Result.not_assessable(name, reason, title=title, method=_RATE)
    series = daily(dept, table, (by,), unit)
    window, basis = _window(dept, table, series, period)
    counts = pd.DataFrame({by: series.cells[by], "n": series.window(window.first, window.last)})
    rows, notes = _located(counts, by, outlines)
    exposure, chosen, said = _exposure(dept, rows[by], outlines, per, window)
    varied = _dispersion(series, window)
    rows = _hidden(rows.assign(**{chosen: exposure}), by, ["n"], threshold)
    rows = _rates(rows, window, chosen, level, varied)
    total = _whole(counts, by, exposure, window, chosen, level, varied)
    facts = {
        "areas": _by_area(rows, by),
        **total,
        "period": str(window),
        "per": chosen,
        "unit": series.unit,
        "dispersion": varied,
        "suppressed": int(rows["note"].eq(HIDDEN).sum()),
    }
    words = f"{series.unit} {PER[chosen][1]}"
    answer = _rate_answer(rows, facts, words, by)
    chart = _chart(outlines, by, "rate", "rate_low", "rate_high", answer, unit=f"{words[0].upper()}{words[1:]}")
    labels = {
        by: by.capitalize(),
        "n": series.unit.capitalize(),
        chosen: PER[chosen][2],
        "rate": f"Rate, {PER[chosen][1]}",
        "note": "Note",
    }
    caveats = [basis, *said, *_short(window), *notes, *_private(rows, threshold)]
    return Result(name, rows, f"{title}, {window}", answer, _RATE, caveats, facts, chart, labels)


def change_map(
    dept: Department,
    table: str = "incidents",
    by: str = "district",
    period: Any = "",
    against: str = "last_year",
    *,
    threshold: int = THRESHOLD,
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
    ``verdict``, ``evidence``, ``note``. Facts of ``compare``, less what is suppressed, and ``areas``. Not
    assessable without outlines, table, column or a period to compare with.

    Raises InputError as ``compare`` does, and for keys that do not match the outlines.
    """
    title = f"Where did the {table} change? By {by}"
    outlines, reason = _outlines(dept, table, by)
    if outlines is None:
        return Result.not_assessable(name, reason, title=title)
    found = compare(dept, table, by, period, against, **asked)
    if found.reason:
        return Result.not_assessable(name, found.reason, title=title, method=found.method)
    wanted = [by, "now", "before", "expected", "ratio", "low", "high", "adjusted", "verdict"]
    rows, notes = _located(found.table[wanted], by, outlines)
    rows = _hidden(rows, by, ["now", "before"], threshold)
    shown = ["expected", "ratio", "low", "high", "adjusted"]
    rows[shown] = rows[shown].mask(rows["note"] == HIDDEN)
    rows["verdict"] = rows["verdict"].mask(rows["note"] == HIDDEN, Verdict.TOO_FEW)
    rows["note"] = rows["note"].where(rows["verdict"].ne(Verdict.TOO_FEW) | rows["note"].ne(""), "too few to judge")
    rows["evidence"] = rows["verdict"].isin(CHANGES)
    changed = rows.loc[rows["evidence"], by].tolist()
    facts = {key: found.facts[key] for key in ("period", "against", "missing", "q", "dispersion", "unit")}
    facts |= {"areas": _by_area(rows, by), "changed": changed, "suppressed": int(rows["note"].eq(HIDDEN).sum())}
    answer = _change_answer(rows, facts, by)
    chart = _chart(
        outlines,
        by,
        "ratio",
        "low",
        "high",
        answer,
        scale="change",
        highlight="evidence",
        strong="change beyond chance",
        unit="Ratio to the period compared with",
    )
    return Result(
        name,
        rows,
        f"{title}, {found.facts['period']}",
        answer,
        found.method,
        [*found.caveats, *notes, *_private(rows, threshold)],
        facts,
        chart,
        {**found.labels, by: by.capitalize(), "evidence": "More than chance", "note": "Note"},
    )


def response_map(
    dept: Department,
    period: Any = "",
    q: float = 0.5,
    by: str = "district",
    *,
    threshold: int = THRESHOLD,
    name: str = "map_response",
    **scope: Any,
) -> Result:
    """How long do callers wait, area by area: ``perflib.metrics.response.response`` as a map.

    ``q`` is the quantile, ``scope`` the fields of ``Scope``. A row per area: ``by``, ``n``, ``known``,
    ``missing_share``, the quantile (``median``, ``p90``) with ``_low`` and ``_high`` in minutes, ``note``.
    Facts: ``areas``, ``quantile``, ``suppressed``. Not assessable without outlines or calls.

    Raises InputError as ``response`` does, and for keys that do not match the outlines.
    """
    kind = scope.get("interval", "response")
    measured = "response time" if kind == "response" or kind not in INTERVALS else INTERVALS[kind]
    title = f"Where do callers wait longest? {quantile_name(q).capitalize()}, {measured}, by {by}"
    outlines, reason = _outlines(dept, "calls", by)
    if outlines is None:
        return Result.not_assessable(name, reason, title=title)
    found = response(dept, by, quantiles=(q,), period=period, **scope)
    if found.reason:
        return Result.not_assessable(name, found.reason, title=title, method=found.method)
    stem = tag(q)
    columns = [stem, f"{stem}_low", f"{stem}_high"]
    rows, notes = _located(found.table[[by, "n", "known", "missing_share", *columns]], by, outlines)
    rows = _hidden(rows, by, ["n", "known"], threshold)
    rows["note"] = rows["note"].where(rows[stem].notna() | rows["note"].ne(""), "too few known")
    rows[["missing_share", *columns]] = rows[["missing_share", *columns]].mask(rows["note"].ne(""))
    facts = {"areas": _by_area(rows, by), "quantile": q, "suppressed": int(rows["note"].eq(HIDDEN).sum())}
    minutes = f"{quantile_name(q).capitalize()} (minutes)"
    answer = _extremes(rows, by, stem, "minutes", columns[1], columns[2])
    chart = _chart(outlines, by, stem, columns[1], columns[2], answer, unit=minutes)
    drawn = missing(found.table)
    caveats = [missing(found.table, lines=False), *(each for each in found.caveats if each != drawn)]
    return Result(
        name,
        rows,
        title,
        answer,
        found.method,
        [*caveats, *notes, *_private(rows, threshold)],
        facts,
        chart,
        {**found.labels, "note": "Note"},
    )


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
    size = next((name for name in ("n", "now") if name in rows), "")
    lost = rows.loc[(rows[by] == ABSENT) | rows[by].isna(), size].sum()
    place = {key: at for at, key in enumerate(outlines.keys)}
    kept = rows[rows[by].isin(place)]
    kept = kept.sort_values(by, key=lambda keys: keys.map(place), ignore_index=True)
    notes = [f"{lost:,.0f} records name no {by} and are on no map."] if lost else []
    return kept, notes + ([f"No record ever names {by} {', '.join(spare)}: grey, not zero."] if spare else [])


def _hidden(rows: pd.DataFrame, by: str, counts: list[str], threshold: int) -> pd.DataFrame:
    """Small counts emptied, with those from which they follow; ``note`` says where."""
    small = rows[counts].astype(float).round().clip(lower=0)
    few = pd.Series(hide_rows(small.fillna(0).to_numpy(), threshold).mask, index=rows.index)
    found = rows.assign(**{name: rows[name].astype(float).mask(few) for name in counts})
    return found.assign(note=np.where(few, HIDDEN, ""))


def _exposure(
    dept: Department, areas: pd.Series, outlines: Boundaries, per: str, window: Period
) -> tuple[np.ndarray, str, list[str]]:
    if per not in ("", *PER):
        raise InputError(f"no rate per {per!r}", where="per", choices=PER, found=per)
    found = residents(dept) if per != "square_km" else Residents(pd.DataFrame(columns=["area", "year", "residents"]))
    people, year = found.newest(window.last.year)
    if per == "residents" and people.empty:
        raise InputError(found.reason or "the department has no population", where="per", choices=("square_km",))
    if per == "residents":
        there = [area for area in people.index if area in set(areas)]
        check_areas(areas, there or list(people.index), name="population")
    if len(people) and set(areas) <= set(people.index):
        said = (
            f"Residents of {year}. Where many people work, shop or pass through, a rate by residents exceeds "
            "the risk of any of them."
        )
        return people[list(areas)].to_numpy(float), "residents", [said, *map(_sentence, found.notes)]
    sizes = outlines.square_km()
    return (
        np.array([sizes[area] for area in areas]),
        "square_km",
        ["By area, not by people: busy places stand out.", *([_sentence(found.reason)] if found.reason else [])],
    )


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _dispersion(series: Series, window: Period) -> float:
    """Variance over mean of weekly counts (of longer periods where the dates tell no week), pooled over areas by their
    counts; 1 at least."""
    held = (series.days >= pd.Timestamp(window.first)) & (series.days <= pd.Timestamp(window.last))
    days = series.counts[:, held]
    weeks = days[:, : days.shape[1] // 7 * 7].reshape(len(days), -1, 7).sum(axis=2)
    if series.grain in COARSE:
        weeks = np.array([series.window(each.first, each.last) for each in series.periods(window)]).T
    if weeks.shape[1] < _WEEKS or not weeks.sum():
        return 1.0
    return max(1.0, float(np.average([successive_dispersion(each) for each in weeks], weights=weeks.sum(axis=1))))


def _rates(rows: pd.DataFrame, window: Period, per: str, level: float, dispersion: float) -> pd.DataFrame:
    factor = PER[per][0] * YEAR / window.days / rows[per]
    low, high = poisson_limits(rows["n"], level, dispersion)
    found = rows.assign(rate=rows["n"] * factor, rate_low=low * factor, rate_high=high * factor)
    return found[[*rows.columns.drop("note"), "rate", "rate_low", "rate_high", "note"]]


def _whole(
    counts: pd.DataFrame, by: str, exposure: np.ndarray, window: Period, per: str, level: float, dispersion: float
) -> dict[str, float]:
    n = float(counts.loc[counts[by] != ABSENT, "n"].sum())
    factor = PER[per][0] * YEAR / window.days / float(exposure.sum())
    low, high = poisson_limits(n, level, dispersion)
    return {"n": n, "rate": n * factor, "low": float(low) * factor, "high": float(high) * factor}


def _by_area(rows: pd.DataFrame, by: str) -> dict[str, Any]:
    return {str(row.pop(by)): row for row in rows.drop(columns="note").to_dict("records")}


def _rate_answer(rows: pd.DataFrame, facts: Mapping[str, Any], words: str, by: str) -> str:
    whole = f"{facts['rate']:,.1f} {words} (interval {facts['low']:,.1f} to {facts['high']:,.1f}) in all areas together"
    return f"{whole}. {_extremes(rows, by, 'rate', '', 'rate_low', 'rate_high')}"


def _extremes(rows: pd.DataFrame, by: str, value: str, unit: str, low: str, high: str) -> str:
    held = rows[rows[value].notna()]
    if held.empty:
        return "No area has enough records to show."
    ends = [held.iloc[int(place)] for place in (held[value].to_numpy().argmin(), held[value].to_numpy().argmax())]
    texts = [
        f"{row[value]:,.1f} ({row[low]:,.1f} to {row[high]:,.1f}){f' {unit}' if unit else ''} in {by} {row[by]}"
        for row in ends
    ]
    return f"By {by} from {texts[0]} to {texts[1]}; neighbours in this order may differ by chance alone."


def _change_answer(rows: pd.DataFrame, facts: Mapping[str, Any], by: str) -> str:
    shown = [
        f"{row[by]} {row['now']:,.0f} against {row['expected']:,.1f} (ratio {row['ratio']:.2f}, {row['low']:.2f} "
        f"to {row['high']:.2f})"
        for _, row in rows[rows["evidence"]].iterrows()
    ]
    scarce = int((rows["verdict"] == Verdict.TOO_FEW).sum())
    few = f", {scarce} have too few to say" if scarce else ""
    told = f": {'; '.join(shown[:6])}" if shown else ""
    return f"{len(shown)} of {len(rows)} areas changed by more than chance at {facts['q']:.0%} false flags{few}{told}."


def _short(window: Period) -> Iterable[str]:
    if window.days >= 365:
        return []
    return [f"{window.days} days stated as a year: the season they lie in is not taken out."]


def _private(rows: pd.DataFrame, threshold: int) -> list[str]:
    many = int(rows["note"].eq(HIDDEN).sum())
    return (
        [
            f"{many} areas are not shown: they, or another that could be computed from them, have fewer than "
            f"{threshold} records."
        ]
        if many
        else []
    )


def _chart(outlines: Boundaries, by: str, value: str, low: str, high: str, alt: str, **marks: Any) -> Chart:
    return Chart(
        "map",
        by,
        value,
        low,
        high,
        y_label=marks["unit"],
        alt=alt,
        marks={"shapes": outlines.shapes, "note": "note", **marks},
    )
