"""The Result of a look for seasons: its sentence, its caveats, its facts and its figure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from perflib.figures import Chart
from perflib.models.forecast.panel import FREQUENCIES, Panel
from perflib.models.seasonality.events import Hourly
from perflib.verdicts import Verdict

METHOD = (
    "Power at the season's frequencies against a fitted spectrum (exponential model: Bloomfield 1973), Holm-adjusted; "
    "STL (Cleveland et al. 1990) strength on the scale 2 sqrt(y + 3/8) beside that of noise; ratios of a log-linear "
    "model with Newey-West covariance and simultaneous intervals."
)
LABELS = {
    "series": "Series",
    "season": "Season",
    "position": "Position",
    "ratio": "Ratio to the mean",
    "low": "Low end",
    "high": "High end",
    "count": "Count",
    "days": "Days of this kind",
}


def report(
    kind: Any,
    held: Panel,
    rows: pd.DataFrame,
    tests: pd.DataFrame,
    cells: pd.DataFrame | None,
    events: Hourly | None,
    notes: list[str],
    level: float,
) -> Any:
    """Assemble the Result (of class ``kind``)."""
    rows = rows[["series", "season", "position", "ratio", "low", "high", "count", "days"]]
    return kind(
        name="seasonality",
        table=rows,
        title="Which seasons does it have?",
        answer=_answer(tests, held, rows),
        method=METHOD,
        caveats=tuple(_said(tests, held, notes, level)),
        facts=_facts(tests, held, events),
        chart=_chart(rows, held),
        labels=LABELS,
        tests=tests,
        profile=cells,
        panel=held,
    )


def _answer(tests: pd.DataFrame, held: Panel, rows: pd.DataFrame) -> str:
    if len(held.names) == 1:
        return " ".join(sentence(test, rows) for _, test in tests.iterrows())
    words = []
    for season, part in tests.groupby("season", sort=False):
        able = part[part["verdict"] != Verdict.NOT_ASSESSABLE]
        count = int((able["verdict"] == Verdict.SEASONAL).sum())
        words.append(
            f"{count} of {len(able)} series have a season of the {season}."
            if len(able)
            else f"No series can show a season of the {season}: {part['reason'].iloc[0]}."
        )
    return " ".join(words)


def sentence(test: pd.Series, rows: pd.DataFrame) -> str:
    """One test in words, with the highest and lowest position of its season as per cent above or below the mean."""
    season = test["season"]
    if test["verdict"] == Verdict.NOT_ASSESSABLE:
        return f"A season of the {season} is not assessable: {test['reason']}."
    proof = f"p {test['adjusted']:.3f}" if test["adjusted"] >= 0.001 else "p below 0.001"
    if test["verdict"] == Verdict.NOT_SHOWN:
        return f"No pattern of the {season} is shown to repeat ({proof}{_strong(test)})."
    held = rows[rows["season"] == season]
    if held.empty:
        return f"The pattern of the {season} repeats ({proof}{_strong(test)})."
    top, low = held.loc[held["ratio"].idxmax()], held.loc[held["ratio"].idxmin()]
    return f"The pattern of the {season} repeats: {_against(top)}, {_against(low)} the mean ({proof}{_strong(test)})."


def _strong(test: pd.Series) -> str:
    """The strength beside that of noise; no evidence of its own where noise is as strong."""
    if pd.isna(test["strength"]):
        return ""
    weak = ", so the pattern is faint beside the rest" if not exceeds(test) else ""
    return (
        f"; strength {test['strength']:.2f} of 1, where noise of this length shows {test['noise_median']:.2f} and "
        f"seldom over {test['noise_95']:.2f}{weak}"
    )


def exceeds(test: pd.Series) -> bool:
    """Whether a season is stronger than what noise of its length seldom passes."""
    return bool(test["strength"] > test["noise_95"])


def _against(row: pd.Series) -> str:
    """A position above or below the mean, per cent, with its ends."""
    sign = 1 if row["ratio"] >= 1 else -1
    ends = sorted((sign * (100 * row["low"] - 100), sign * (100 * row["high"] - 100)))
    return (
        f"{row['position']} is {abs(100 * row['ratio'] - 100):.0f} % {'above' if sign > 0 else 'below'} "
        f"({ends[0]:.0f} to {ends[1]:.0f} %)"
    )


def few_years(tests: pd.DataFrame) -> str:
    """What to say of a season of the year shown by two or three years only; empty where there are more."""
    few = tests[(tests["season"] == "year") & tests["cycles"].between(2, 3) & tests["p"].notna()]
    if few.empty:
        return ""
    return (
        f"{int(few['cycles'].min())} years show a season of the year only where it is plain: none shown is not "
        f"none there, and strength must be read beside noise ({few['noise_median'].iloc[0]:.2f} at this length)."
    )


def _said(tests: pd.DataFrame, held: Panel, notes: list[str], level: float) -> list[str]:
    said = [f"{note[0].upper()}{note[1:]}{'' if note.endswith('.') else '.'}" for note in notes]
    said += [text] if (text := few_years(tests)) else []
    if held.freq == "M":
        said.append("Months are put to equal length; which weekdays they hold cannot be seen in monthly counts.")
    return [*said, f"Intervals of one season hold for all its positions together at {level:.0%}."]


def _facts(tests: pd.DataFrame, held: Panel, events: Hourly | None) -> dict[str, Any]:
    seasons = {
        str(name): dict(zip(part["season"], part["verdict"], strict=True))
        for name, part in tests.groupby("series", sort=False)
    }
    refused = tests[tests["verdict"] == Verdict.NOT_ASSESSABLE].drop_duplicates("season")
    more = (
        {}
        if events is None
        else {
            "midnight": asdict(events.midnight),
            "spans": events.spans,
            "long": events.long,
            "undated": events.undated,
        }
    )
    return {
        "series": len(held.names),
        "freq": held.freq,
        "step": FREQUENCIES[held.freq][3],
        "first": held.dates[0],
        "last": held.dates[-1],
        "seasons": seasons,
        "seasonal": bool((tests["verdict"] == Verdict.SEASONAL).any()),
        "refused": dict(zip(refused["season"], refused["reason"], strict=True)),
        "tests": tests.to_dict("records"),
        **more,
    }


def _chart(rows: pd.DataFrame, held: Panel) -> Chart | None:
    if len(held.names) > 1 or rows.empty:
        return None
    return Chart(
        "dots",
        "position",
        "ratio",
        "low",
        "high",
        by="season",
        panels=rows["season"].nunique() > 1,
        y_label="ratio to the mean",
        marks={"target": 1.0},
        alt="What each position of each season is worth, with its interval",
    )
