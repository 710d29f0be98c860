"""What do residents say? Answers raked to the population, by wave and area; a new questionnaire breaks the line."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from perflib import schema
from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.availability import lacking
from perflib.models.survey import Estimate, difference, fay_herriot, mean, poststratified, rake
from perflib.models.survey.areas import HIDDEN, apart, direct, less_the_whole
from perflib.models.totals import cells
from perflib.privacy.people import people as counted_people
from perflib.privacy.quoting import no_such
from perflib.result import Result
from perflib.words import community as words

FACTORS = ["age_group", "sex"]
#: how far an area lies from the city's mean.
AGAINST = ["against", "against_low", "against_high"]
_WAVE = ["wave", "date", "instrument", "estimate", "low", "high", "n", "n_effective", "deff", "raked"]
Margins = dict[str, dict[str, float]]


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
    asked = schema.asked(cell)
    answers, reason = _answers(dept, question, asked)
    margins = _margins(dept, asked.get("area", ""))
    rows: list[dict[str, Any]] = []
    estimates: list[Estimate] = []
    hidden, unraked = [], {}
    for wave, part in answers.groupby("wave", sort=True) if not reason else ():
        if len(part) < HIDDEN:
            hidden.append(str(wave))
            continue
        weights, fault = _weighted(part, margins)
        estimates.append(mean(part["answer"].to_numpy(float), weights))
        if fault is not None:
            unraked[str(wave)] = fault
        about = {"wave": str(wave), "date": part["date"].min(), "instrument": str(part["instrument"].mode().iloc[0])}
        rows.append(about | asdict(estimates[-1]) | {"raked": fault is None})
    if not rows:
        reason = reason or f"no wave has {HIDDEN} answers"
        return Result.not_assessable(name, reason, title=words.waves_title(question, asked), method=words.SURVEY)
    table = pd.DataFrame(rows).rename(columns={"mean": "estimate"})[_WAVE].sort_values("date")
    facts = _facts(table, estimates) | {
        "question": question,
        "scale": [float(answers["answer"].min()), float(answers["answer"].max())],
        "cell": asked,
    }
    breaks = facts["breaks"]
    # one questionnaire is drawn at a time, the newest first: on one axis two would be compared
    chart = Chart(
        "line",
        "date",
        "estimate",
        "low",
        "high",
        by="instrument",
        y_label="mean answer",
        x_label="wave",
        marks={"breaks": breaks, "zero": False, **({"choose": ["instrument"]} if breaks else {})},
    )
    table = table.sort_values("date", ascending=not breaks, ignore_index=True)
    open_facts = ("question", "wave", "breaks", "raked", "comparable", "scale", "cell")
    own = ("estimate", "low", "high", "n_effective", "deff", "raked")
    people = counted_people(dept.settings, "surveys", ("wave", "date", "instrument"), ("n",), own=own, facts=open_facts)
    say = partial(words.waves, hidden=hidden, unraked=unraked, few=HIDDEN)
    return Result(name, table, facts=facts, chart=chart, people=people, words=say)


def _facts(table: pd.DataFrame, estimates: list[Estimate]) -> dict[str, Any]:
    """Facts of the newest wave of a table in order of time; ``estimates`` belong to its index."""
    new = table["instrument"].ne(table["instrument"].shift())[1:]
    last = table.iloc[-1]
    facts: dict[str, Any] = {key: last[key] for key in ("wave", "estimate", "low", "high", "n", "n_effective", "deff")}
    facts |= {"breaks": [f"{day:%Y-%m-%d}" for day in table["date"][1:][new]], "raked": bool(table["raked"].all())}
    if len(table) > 1:
        facts["comparable"] = not new.iloc[-1]
        if facts["comparable"]:
            change = difference(*(estimates[at] for at in table.index[-2:]))
            facts |= dict(zip(("change", "change_low", "change_high", "p"), change, strict=True))
    return facts


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
    age and sex is not known) or "too few answers" (fewer than ``HIDDEN``: nothing is shown). Facts ``wave``, ``basis``,
    ``spread``, ``apart`` (areas whose ``against`` leaves out zero).
    """
    answers, reason = _answers(dept, question, {}, "area")
    if reason:
        return Result.not_assessable(name, reason, title=words.areas_title(question), method=words.AREAS)
    newest = wave or str(answers.sort_values("date")["wave"].iloc[-1])
    part = answers[answers["wave"] == newest]
    if part.empty:
        raise no_such("wave", wave, sorted(answers["wave"].unique()))
    part = part.assign(w=_weighted(part, _margins(dept))[0])
    own = direct(part, "answer", "area", "w")
    estimates, basis = _small(dept, part, own)
    table = own[["area", "n"]].merge(estimates, on="area", how="left").assign(own=own["estimate"].to_numpy())
    few = table["n"] < HIDDEN
    table.loc[few, ["estimate", "low", "high", "own", *AGAINST]] = np.nan
    table["basis"] = np.where(few, "too few answers", basis)
    table = table.sort_values("estimate", ascending=False, ignore_index=True)
    table = table[["area", "estimate", "low", "high", "own", "n", "basis", *AGAINST]]
    city = mean(part["answer"].to_numpy(float), part["w"].to_numpy(float))
    facts = {
        "wave": newest,
        "basis": basis,
        "city": city.mean,
        "apart": table.loc[(table["against_low"] > 0) | (table["against_high"] < 0), "area"].tolist(),
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
        marks={"note": "basis"},
        y_label="mean answer less the city's",
    )
    open_facts = ("wave", "basis", "city", "n", "deff")
    people = counted_people(
        dept.settings,
        "surveys",
        ("area", "basis"),
        ("n",),
        own=("own",),
        rounded=("estimate", "low", "high", *AGAINST),
        facts=open_facts,
    )
    say = partial(words.areas, question=question, few=HIDDEN)
    return Result(name, table, facts=facts, chart=chart, people=people, words=say)


def _small(dept: Department, part: pd.DataFrame, own: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Estimates by area, and their basis: multilevel, else shrunken, else each area's own."""
    columns = ["area", "estimate", "low", "high"]
    people = _people(dept)
    factors = [name for name in FACTORS if name in part.columns]
    if people is not None and factors:
        residents = people[["area", *factors, "residents"]].dropna()
        known = part.dropna(subset=["area", *factors])
        fits = all(known[each].astype(str).isin(residents[each].astype(str)).all() for each in ("area", *factors))
        if fits and len(known) >= 30:
            return poststratified(known, "answer", "area", factors, residents)[[*columns, *AGAINST]], "multilevel"
    able = own[own["se"] > 0]
    if len(able) >= 3:
        table, _ = fay_herriot(able["estimate"].to_numpy(float), able["se"].to_numpy(float))
        return table.assign(area=able["area"].to_numpy())[[*columns, *AGAINST]], "shrunken"
    if able.empty:
        return own.reindex(columns=[*columns, *AGAINST]), "direct"
    share = part.groupby("area")["w"].sum().reindex(able["area"]).to_numpy(float)
    cover = np.diag(able["se"].to_numpy(float) ** 2)
    gaps = apart(*less_the_whole(able["estimate"].to_numpy(float), cover, share / share.sum()))
    return own[columns].merge(gaps.assign(area=able["area"].to_numpy()), on="area", how="left"), "direct"


def _answers(dept: Department, question: str, cell: dict[str, str], *columns: str) -> tuple[pd.DataFrame, str]:
    """The known answers to a question, or the reason why there are none."""
    if reason := lacking(dept, "surveys", [*cell, *columns]):
        return pd.DataFrame(), reason
    rows = dept.surveys
    answers = rows.filter(rows.answer.notnull()).execute()
    if answers.empty:
        return answers, "no answer is known"
    for column, value in {"question": question, **cell}.items():
        known = answers[column].astype(str)
        if value not in set(known):
            raise no_such(column, value, sorted(set(known)))
        answers = answers[known == value]
    date = pd.to_datetime(answers["answered_on" if "answered_on" in answers else "wave"], errors="coerce")
    instrument = "not recorded"
    if "instrument" in answers:
        instrument = answers["instrument"].astype("string").fillna(instrument)
    return answers.assign(date=date, instrument=instrument, wave=answers["wave"].astype(str)), ""


def _people(dept: Department) -> pd.DataFrame | None:
    """Residents by area and factors in the newest year, where the population table holds them."""
    if not dept.has("population", "residents", *FACTORS):
        return None
    people = cells(dept.population.execute(), FACTORS)
    return people[people["year"] == people["year"].max()] if len(people) else None


def _margins(dept: Department, area: str = "") -> Margins | None:
    """Residents by each factor; None where they or the respondents' are not known."""
    people = _people(dept)
    if people is None or not dept.has("surveys", *FACTORS):
        return None
    people = people[people["area"].astype(str) == area] if area else people
    sums = {name: people.groupby(name)["residents"].sum() for name in FACTORS}
    margins = {name: {str(level): float(total) for level, total in held.items()} for name, held in sums.items()}
    return margins if len(people) else None


def _weighted(part: pd.DataFrame, margins: Margins | None) -> tuple[np.ndarray, str | None]:
    """Raked weights and None; else the design weights and why (empty: age or sex is not loaded)."""
    design = part["weight"].fillna(1.0).to_numpy(float) if "weight" in part.columns else np.ones(len(part))
    design = np.where(design > 0, design, 1.0)
    if margins is None:
        return design, ""
    if part[FACTORS].isna().any().any():
        return design, "age or sex is missing in some answers"
    try:
        raked = rake(part.assign(_design=design), margins, "_design", strict=False)
    except InputError as fault:
        return design, fault.what
    return (raked.weights, None) if raked.converged else (design, raked.fault)
