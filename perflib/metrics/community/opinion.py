"""What do residents say? Answers raked to the population, by wave and area; a new questionnaire breaks the line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib import schema
from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.lacking import lacking
from perflib.models.survey import Raked, difference, fay_herriot, mean, poststratified, rake
from perflib.models.survey.areas import HIDDEN, apart, direct, less_the_whole
from perflib.models.totals import cells
from perflib.privacy.people import people as counted_people
from perflib.privacy.quoting import no_such
from perflib.result import Result

FACTORS = ("age_group", "sex")
METHOD = (
    "Weights raked to the population by age and sex within bounds (Deming & Stephan 1940; Deville & Sarndal 1992); "
    "linearised variance; Kish design effect."
)
AREAS = (
    "Multilevel regression and post-stratification by area, age and sex (Gelman & Little 1997); without a population "
    "by age and sex, means drawn together as their errors require (Fay & Herriot 1979)."
)
LABELS = {
    "wave": "Wave",
    "date": "Date",
    "estimate": "Mean answer",
    "low": "Low end (95 %)",
    "high": "High end (95 %)",
    "n": "Answers",
    "n_effective": "Effective answers",
    "deff": "Design effect",
    "instrument": "Questionnaire",
    "basis": "Basis",
    "own": "Own mean",
    "against": "Less the city's mean",
    "against_low": "Low end (95 %, all areas)",
    "against_high": "High end (95 %, all areas)",
}


def waves(dept: Department, question: str = "trust", *, name: str = "survey_waves", **cell: Any) -> Result:
    """The mean answer to one question by wave, with its interval; the line breaks where the questionnaire changed.

    Parameters
    ----------
    question : as the survey names it. cell : ``area="0412"``; empty values mean all.

    Returns
    -------
    Result ``survey_waves``: ``wave, date, instrument, estimate, low, high, n, n_effective, deff, raked``, in order of
    time; the newest first, and one questionnaire drawn at a time, where it changed. Facts
    ``breaks`` (dates from which another questionnaire was used), ``deff``, ``scale`` (lowest and highest answer on
    record), ``change`` (last two waves of one questionnaire) with ends and p, ``comparable``. Waves of fewer than
    ``HIDDEN`` answers are not shown.

    Raises
    ------
    InputError : a question, column or value that does not exist.
    """
    title = f"What do residents answer? {question.capitalize()}{_where(cell)}"
    held = _answers(dept, question, cell)
    if isinstance(held, str):
        return Result.not_assessable(name, held, title=title, method=METHOD)
    margins = _margins(dept, cell)
    rows, notes, estimates = [], [], {}
    for wave, part in held.groupby("wave", sort=True):
        if len(part) < HIDDEN:
            notes.append(f"Wave {wave} has fewer than {HIDDEN} answers and is not shown.")
            continue
        weights, said, raked = _weighted(part, margins)
        found = mean(part["answer"].to_numpy(float), weights)
        estimates[wave] = found
        notes += [f"Wave {wave}: {said}"] if said else []
        rows.append(
            {
                "wave": str(wave),
                "date": part["date"].min(),
                "instrument": _most(part["instrument"]),
                "estimate": found.mean,
                "low": found.low,
                "high": found.high,
                "n": found.n,
                "n_effective": found.n_effective,
                "deff": found.deff,
                "raked": raked,
            }
        )
    if not rows:
        return Result.not_assessable(name, f"no wave has {HIDDEN} answers", title=title, method=METHOD)
    table = pd.DataFrame(rows).sort_values("date", ignore_index=True)
    scale = (float(held["answer"].min()), float(held["answer"].max()))
    facts, answer = _told(table, estimates, question, scale)
    facts["cell"] = {column: str(value) for column, value in cell.items() if value not in ("", None)}
    chart = Chart(
        "line",
        "date",
        "estimate",
        "low",
        "high",
        by="instrument",
        y_label="mean answer",
        x_label="wave",
        marks={"breaks": facts["breaks"], "zero": False, **_apart(facts["breaks"])},
        alt=answer,
    )
    table = table.sort_values("date", ascending=not facts["breaks"], ignore_index=True)
    caveats = [_unworded(question, scale), *_broken(table), *dict.fromkeys(notes), *_without(margins)]
    about = counted_people(
        dept.settings,
        "surveys",
        ("wave", "date", "instrument"),
        ("n",),
        facts=("question", "wave", "breaks", "raked", "comparable", "scale", "cell"),
    )
    return Result(name, table, title, answer, METHOD, caveats, facts, chart, LABELS, people=about)


def areas(dept: Department, question: str = "trust", wave: str = "", *, name: str = "survey_areas") -> Result:
    """The mean answer by area in one wave, each area drawn to what its people and the others say.

    Parameters
    ----------
    question : as the survey names it. wave : empty for the last.

    Returns
    -------
    Result ``survey_areas``: ``area, estimate, low, high, own, n, basis`` and ``against`` (less the mean of the whole
    city, by the same model) with ends that hold for all areas together and know that the city's mean is unsure too;
    ``own`` is the area's raked mean, ``basis`` "multilevel", "shrunken" (the stated fallback where the population by
    age and sex lacks) or "too few answers" (fewer than ``HIDDEN``: nothing is shown). Facts ``wave``, ``basis``,
    ``spread``, ``apart`` (areas whose ``against`` leaves out zero).
    """
    title = f"Where do residents answer differently? {question.capitalize()}"
    held = _answers(dept, question, {}, "area")
    if isinstance(held, str):
        return Result.not_assessable(name, held, title=title, method=AREAS)
    last = wave or str(held.sort_values("date")["wave"].iloc[-1])
    part = held[held["wave"] == last]
    if part.empty:
        raise no_such("wave", wave, sorted(held["wave"].unique()))
    weights, _, _ = _weighted(part, _margins(dept, {}))
    part = part.assign(w=weights)
    own = direct(part, "answer", "area", "w")
    found, basis = _small(dept, part, own)
    table = own[["area", "n"]].merge(found, on="area", how="left").assign(own=own["estimate"].to_numpy())
    few = table["n"] < HIDDEN
    table.loc[few, ["estimate", "low", "high", "own", *AGAINST]] = np.nan
    table["basis"] = np.where(few, "too few answers", basis)
    city = mean(part["answer"].to_numpy(float), weights)
    table = table.sort_values("estimate", ascending=False, ignore_index=True)
    table = table[["area", "estimate", "low", "high", "own", "n", "basis", *AGAINST]]
    out = table[(table["against_low"] > 0) | (table["against_high"] < 0)]
    answer = f"In wave {last} the city's mean answer is {city.mean:.2f} ({city.low:.2f} to {city.high:.2f}). " + (
        f"Apart from it, all areas compared together: {_gaps(out)}."
        if len(out)
        else "No area can be told apart from it when all are compared together."
    )
    facts = {
        "wave": last,
        "basis": basis,
        "city": city.mean,
        "apart": out["area"].tolist(),
        "n": city.n,
        "deff": city.deff,
        "spread": float(table["estimate"].max() - table["estimate"].min()),
    }
    chart = Chart(
        "dots",
        "area",
        "against",
        "against_low",
        "against_high",
        alt=answer,
        marks={"note": "basis"},
        y_label="mean answer less the city's",
    )
    caveats = [
        "Intervals, not ranks. Differences from the city hold for all areas together (95 %): where no area "
        "differs, one survey in twenty or fewer would name any.",
        f"Areas with fewer than {HIDDEN} answers are not shown.",
    ]
    about = counted_people(
        dept.settings, "surveys", ("area", "basis"), ("n",), facts=("wave", "basis", "city", "n", "deff")
    )
    return Result(name, table, title, answer, AREAS, caveats, facts, chart, {**LABELS, "area": "Area"}, people=about)


#: how far an area lies from the city's mean.
AGAINST = ["against", "against_low", "against_high"]


def _gaps(out: pd.DataFrame) -> str:
    return "; ".join(
        f"{row['area']} {row['against']:+.2f} ({row['against_low']:+.2f} to {row['against_high']:+.2f})"
        for _, row in out.iterrows()
    )


def _small(dept: Department, part: pd.DataFrame, own: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    cells = _people(dept)
    factors = [name for name in FACTORS if cells is not None and name in part.columns]
    if cells is not None and factors:
        people = cells[["area", *factors, "residents"]].dropna()
        known = part.dropna(subset=["area", *factors])
        fits = all(set(known[each].astype(str)) <= set(people[each].astype(str)) for each in ["area", *factors])
        if fits and len(known) >= 30:
            made = poststratified(known, "answer", "area", factors, people)
            return made[["area", "estimate", "low", "high", *AGAINST]], "multilevel"
    able = own[own["se"] > 0]
    if len(able) >= 3:
        table, _ = fay_herriot(able["estimate"].to_numpy(float), able["se"].to_numpy(float))
        return table.assign(area=able["area"].to_numpy())[["area", "estimate", "low", "high", *AGAINST]], "shrunken"
    share = part[part["area"].isin(able["area"])].groupby("area")["w"].sum()
    gap = less_the_whole(
        able["estimate"].to_numpy(float),
        np.diag(able["se"].to_numpy(float) ** 2),
        (share / share.sum()).reindex(able["area"]).to_numpy(float),
    )
    table = apart(*gap).assign(area=able["area"].to_numpy()) if len(able) else pd.DataFrame(columns=["area", *AGAINST])
    return own[["area", "estimate", "low", "high"]].merge(table, on="area", how="left"), "direct"


def _answers(dept: Department, question: str, cell: dict[str, Any], *columns: str) -> pd.DataFrame | str:
    asked = schema.asked(cell)
    if reason := lacking(dept, "surveys", [*asked, *columns]):
        return reason
    rows = dept.surveys
    held = rows.filter(rows.answer.notnull()).execute()
    if held.empty:
        return "no answer is known"
    known = sorted(held["question"].unique())
    if question not in known:
        raise no_such("question", question, known)
    held = held[held["question"] == question]
    for column, value in asked.items():
        if value not in set(held[column].astype(str)):
            raise no_such(column, value, sorted(set(held[column].astype(str))))
        held = held[held[column].astype(str) == value]
    date = pd.to_datetime(held["answered_on" if "answered_on" in held else "wave"], errors="coerce")
    instrument = held["instrument"].astype("string").fillna("not recorded") if "instrument" in held else "not recorded"
    return held.assign(date=date, instrument=instrument, wave=held["wave"].astype(str))


def _people(dept: Department) -> pd.DataFrame | None:
    """Residents by area and factors in the newest year, where the population table holds them."""
    if not dept.has("population", "residents", *FACTORS):
        return None
    held = cells(dept.population.execute(), FACTORS)
    return held[held["year"] == held["year"].max()] if len(held) else None


def _margins(dept: Department, cell: dict[str, Any]) -> dict[str, dict[str, float]] | None:
    people = _people(dept)
    if people is None or not dept.has("surveys", *FACTORS):
        return None
    area = str(cell.get("area") or "")
    people = people[people["area"].astype(str) == area] if area else people
    if people.empty:
        return None
    sums = {name: people.groupby(name)["residents"].sum() for name in FACTORS}
    return {name: {str(level): float(total) for level, total in held.items()} for name, held in sums.items()}


def _weighted(part: pd.DataFrame, margins: Any) -> tuple[np.ndarray, str, bool]:
    """Raked weights; where raking fails, the design weights, with the margin at fault named."""
    base = part["weight"].fillna(1.0).to_numpy(float) if "weight" in part.columns else np.ones(len(part))
    base = np.where(base > 0, base, 1.0)
    if margins is None or part[list(FACTORS)].isna().any().any():
        return base, "" if margins is None else "age or sex is missing in some answers: design weights only", False
    try:
        found: Raked = rake(part.assign(_base=base), margins, "_base", strict=False)
    except InputError as fault:
        return base, f"not raked, {fault.what}; design weights only", False
    if not found.converged:
        return base, f"not raked, {found.fault}; design weights only", False
    return found.weights, "", True


def _most(column: pd.Series) -> str:
    return str(column.mode().iloc[0])


def _apart(breaks: list[str]) -> dict[str, list[str]]:
    """One questionnaire is drawn at a time, the newest first: on one axis two would be compared."""
    return {"choose": ["instrument"]} if breaks else {}


def _unworded(question: str, scale: tuple[float, float]) -> str:
    return (
        f"The records name the question ({question}) and hold answers from {scale[0]:g} to {scale[1]:g}; they hold "
        "neither its wording nor which end is good: read the questionnaire before a direction."
    )


def _told(
    table: pd.DataFrame, estimates: dict[Any, Any], question: str, scale: tuple[float, float]
) -> tuple[dict[str, Any], str]:
    new = table["instrument"].ne(table["instrument"].shift()) & (table.index > 0)
    last = table.iloc[-1]
    facts: dict[str, Any] = {
        "question": question,
        "wave": last["wave"],
        "estimate": last["estimate"],
        "low": last["low"],
        "high": last["high"],
        "n": int(last["n"]),
        "n_effective": last["n_effective"],
        "deff": last["deff"],
        "breaks": [f"{day:%Y-%m-%d}" for day in table.loc[new, "date"]],
        "raked": bool(table["raked"].all()),
        "scale": list(scale),
    }
    words = (
        f"Wave {last['wave']}: the mean answer to {question} is {last['estimate']:.2f} ({last['low']:.2f} to "
        f"{last['high']:.2f}) where answers on record run from {scale[0]:g} to {scale[1]:g}. {last['n']:.0f} "
        f"answered; since they are weighted, they tell as much as {last['n_effective']:.0f} of equal weight."
    )
    if len(table) < 2:
        return facts, words
    before = table.iloc[-2]
    facts["comparable"] = bool(before["instrument"] == last["instrument"])
    if not facts["comparable"]:
        return facts, f"{words} It cannot be compared with the wave before: the questionnaire changed."
    gap, low, high, p = difference(estimates[before["wave"]], estimates[last["wave"]])
    facts |= {"change": gap, "change_low": low, "change_high": high, "p": p}
    verdict = "more than chance explains" if p < 0.05 else "no more than chance explains"
    return facts, f"{words} Against wave {before['wave']}: {gap:+.2f} ({low:+.2f} to {high:+.2f}), {verdict}."


def _broken(table: pd.DataFrame) -> list[str]:
    names = list(dict.fromkeys(table.sort_values("date")["instrument"]))
    if len(names) < 2:
        return []
    return [
        f"The questionnaire changed ({' to '.join(names)}): the line is broken there and shows one at a time; a "
        "difference across it is not a change of opinion."
    ]


def _without(margins: Any) -> list[str]:
    if margins is not None:
        return []
    return [
        "Age and sex of respondents or residents are not loaded: design weights only, so who answers may decide "
        'the figures (open the department with personal=["age_group", "sex"]).'
    ]


def _where(cell: dict[str, Any]) -> str:
    asked = {column: value for column, value in cell.items() if value not in ("", None)}
    return f", {', '.join(f'{column} {value}' for column, value in asked.items())}" if asked else ""
