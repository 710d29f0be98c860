"""Maps in words: where it is most and least, and what the map cannot show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from perflib.result import Words
from perflib.words.numbers import count, listed, percent
from perflib.words.response import INTERVALS, missing
from perflib.words.response import quantile as quantile_name

Facts = Mapping[str, Any]
#: exposure -> words of the rate, heading of the column
PER = {
    "residents": ("per 1,000 residents a year", "Residents"),
    "square_km": ("per square kilometre a year", "Square kilometres"),
}
RATE = (
    "Counts per exposure with exact Poisson intervals (Garwood 1936), widened by the variance over mean of weekly "
    "counts where it exceeds 1; areas joined by key."
)
RESIDENTS = "Where many people work or shop, a rate by residents overstates their risk."
ORDER = "Areas with similar figures may differ by chance."
AREA = "By area, not by people: busy places stand out."


def title(what: str, by: str) -> str:
    """The question of a map of a rate or a change."""
    return {"rate": f"Where is it most frequent? Rate by {by}", "change": f"Where did counts change? By {by}"}[what]


def response_title(q: float, interval: str, by: str) -> str:
    """The question of a map of response times."""
    what = "response time" if interval == "response" else f"time from {INTERVALS.get(interval, interval)}"
    return f"Where is the {quantile_name(q)} {what} longest?"


def response_unit(q: float) -> str:
    """What a map of response times is shaded by."""
    return f"{quantile_name(q).capitalize()} (minutes)"


def rate_unit(unit: str, per: str) -> str:
    """What the map is shaded by."""
    text = f"{unit} {PER[per][0]}"
    return text[:1].upper() + text[1:]


def located(lost: float, by: str, spare: Sequence[str]) -> list[str]:
    """Records without an area, and areas without records."""
    notes = [f"{count(lost, 'record')} without a {by} are on no map."] if lost else []
    return notes + ([f"No record names {by} {listed(spare)}: grey, not zero."] if spare else [])


def rate(facts: Facts, table: pd.DataFrame, *, by: str, notes: Sequence[str], days: int) -> Words:
    """The rate of all areas, the lowest and the highest."""
    unit = f"{facts['unit']} {PER[facts['per']][0]}"
    short = [f"{days} days stated as a year: the season is not taken out."] if days < 365 else []
    labels = {
        by: by.capitalize(),
        "n": str(facts["unit"]).capitalize(),
        facts["per"]: PER[facts["per"]][1],
        "rate": f"Rate, {PER[facts['per']][0]}",
        "note": "Note",
    }
    answer = f"{facts['rate']:,.1f} {unit} in all areas. {_extremes(table, by, 'rate')}"
    return Words(f"{title('rate', by)}, {facts['period']}", answer, RATE, [*notes, *short, ORDER], labels)


def change(facts: Facts, table: pd.DataFrame, *, by: str, notes: Sequence[str], method: str, labels: Facts) -> Words:
    """Which areas changed."""
    rows = table[table[by].isin(facts["changed"])].to_dict("records")
    texts = [f"{by} {row[by]} ({row['now']:,.0f} against {row['expected']:,.1f})" for row in rows[:3]]
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    few = int((table["note"] != "").sum())
    answer = f"{len(rows)} of {len(table)} areas changed{f': {listed(texts)}{more}' if texts else ''}."
    answer += f" {count(few, 'area has', 'areas have')} too few records to judge." if few else ""
    caveats = [*notes, f"Up to {percent(facts['q'])} of the changes may be chance."]
    made = {**labels, by: by.capitalize(), "evidence": "More than chance", "note": "Note"}
    return Words(f"{title('change', by)}, {facts['period']}", answer, method, caveats, made)


def response(
    facts: Facts,
    table: pd.DataFrame,
    *,
    by: str,
    stem: str,
    interval: str,
    notes: Sequence[str],
    method: str,
    labels: Facts,
    calls: pd.DataFrame,
) -> Words:
    """The shortest and the longest time."""
    caveats = [missing(calls, lines=False), *notes, ORDER]
    answer = _extremes(table, by, stem, " minutes")
    return Words(response_title(facts["quantile"], interval, by), answer, method, caveats, {**labels, "note": "Note"})


def _extremes(table: pd.DataFrame, by: str, value: str, unit: str = "") -> str:
    rows = table[table[value].notna()].sort_values(value, kind="stable")
    if rows.empty:
        return "No area has enough records to show."
    first, last = rows.iloc[0], rows.iloc[-1]
    return f"By {by} from {first[value]:,.1f} ({first[by]}) to {last[value]:,.1f}{unit} ({last[by]})."
