"""Residents counted once: a total that stands beside its parts is found by its name or by adding up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

#: what a row of residents may be a part by; ``group`` only names a row that others describe
PARTS = ("age_group", "sex", "race", "group")
#: a sum is that of its parts within this share, and within one person per part (rounding)
_NEAR = 0.001
#: a number below this may be the sum of others by chance
_LEAST = 100
#: places in which a count must be the sum of the others before it is taken for their total
_FEWEST = 6
#: words of which one says that a label stands for all, and those that may stand beside it
_ALL = frozenset(
    "total totals totale totaux totaal all alle everyone everybody sum summe both beide ambos gesamt insgesamt "
    "zusammen ensemble tous toutes todos todas tutti allen citywide countywide statewide".split()
)
_BESIDE = frozenset(
    "age ages sex sexes race races ethnicity ethnicities group groups person persons people population resident "
    "residents of the and city county geschlechter altersgruppen personen sexos edades".split()
)
_PLACES = ("city", "county", "state", "department", "jurisdiction")
_UNKNOWN = ("unknown", "not stated", "not known", "not recorded", "missing", "unbekannt")


@dataclass(frozen=True, eq=False)
class Residents:
    """``rows`` has one row per area and year: ``area``, ``year``, ``residents``; ``notes`` say what was left out.

    ``reason`` says why residents cannot be counted once; ``rows`` is then empty.
    """

    rows: pd.DataFrame
    notes: tuple[str, ...] = ()
    reason: str = ""

    def newest(self, latest: int | None = None) -> tuple[pd.Series, int]:
        """Residents by area in the newest year up to ``latest`` (else the first there is), and that year; 0: none."""
        years = sorted(set(self.rows["year"]))
        year = max([each for each in years if latest is None or each <= latest], default=years[0] if years else 0)
        found = self.rows[self.rows["year"] == year].set_index("area")["residents"]
        return found[found > 0], int(year)


def counted_once(frame: pd.DataFrame) -> Residents:
    """The residents of each area and year of a table in which totals may stand beside their parts.

    Parameters
    ----------
    frame : ``area``, ``year``, ``residents`` and any of ``PARTS``; an empty part means all.
    """
    empty = pd.DataFrame(columns=["area", "year", "residents"])
    if not set(empty) <= set(frame.columns):
        return Residents(empty)
    rows = frame.dropna(subset=list(empty))
    rows = rows.assign(area=rows["area"].astype(str), year=rows["year"].astype(int))
    rows, notes = _described(rows)
    found, faults = [], []
    for (area, year), held in rows.groupby(["area", "year"], sort=True):
        number, fault = _number(held)
        faults += [f"{area}, {year}: {fault}"] if fault else []
        found.append((area, year, number))
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        do = "keep a row for all, or leave rows out by `filter` in the mapping"
        return Residents(empty, (), f"residents cannot be counted once: {faults[0]}{more}; {do}")
    made = pd.DataFrame(found, columns=empty.columns) if found else empty
    wider = _wider(made)
    if wider:
        made = made[~made["area"].isin(wider)]
        notes.append(f"area {', '.join(map(repr, wider))} holds the other areas and is left out of their sum")
    return Residents(made.reset_index(drop=True), tuple(notes))


def cells(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The rows that name every part of ``by``, totals left out, the parts not asked for added up over."""
    rows, _ = _described(frame.dropna(subset=["residents"]))
    held = rows[rows["_parts"].map(lambda parts: set(by) <= set(parts))]
    return held[held["_parts"].map(len) == held["_parts"].map(len).min()] if len(held) else held


def _described(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows with ``_parts``, the names of the parts each is one of (none: all residents); and notes."""
    named = {part: rows[part].notna() & ~rows[part].map(_total) for part in PARTS if part in rows.columns}
    if "group" in named:
        others = [part for part in named if part != "group"]
        named["group"] &= ~pd.concat([named[part] for part in others], axis=1).any(axis=1) if others else True
    notes = []
    told = {
        part: sorted({str(each) for each in rows.loc[rows[part].notna() & ~named[part], part] if _total(each)})
        for part in named
    }
    notes += [
        f"{part} {', '.join(map(repr, words))} stands for all beside its parts, and is counted once"
        for part, words in told.items()
        if words and named[part].any()
    ]
    # where a row for all is known by its name none is looked for
    known = bool(named) and not pd.concat(named.values(), axis=1).any(axis=1).all()
    for part in named if not known else ():
        if label := _sum_of_others(rows[named[part]], part, [other for other in named if other != part]):
            named[part] &= rows[part].astype(str) != label
            notes.append(f"{part} {label!r} is the sum of the others, and is counted once")
    parts = pd.DataFrame(named) if named else pd.DataFrame(index=rows.index)
    made = [tuple(name for name in parts.columns if row[name]) for row in parts.to_dict("records")]
    return rows.assign(_parts=pd.Series(made or [()] * len(rows), index=rows.index, dtype=object)), notes


def totals_of(counts: pd.DataFrame, column: str, others: Sequence[str]) -> list[str]:
    """The labels of a column of counts (``date``, ``count``) that stand for all its other labels."""
    labels = sorted(set(counts[column].dropna().astype(str)))
    named = [label for label in labels if _total(label)]
    if len(named) == len(labels):
        return []
    rest = counts[~counts[column].astype(str).isin(named)]
    rest = rest.rename(columns={"date": "year", "count": "residents"}).assign(area="")
    added = _sum_of_others(rest, column, others, _FEWEST)
    return [*named, *([added] if added else [])]


def _sum_of_others(rows: pd.DataFrame, part: str, others: Sequence[str], fewest: int = 1) -> str:
    """The label of a part whose residents are those of the other labels together, wherever it stands; else empty.

    It must stand so in ``fewest`` places: small counts add up by chance.
    """
    if rows.empty:
        return ""
    texts = {name: rows[name].astype("string").fillna("") for name in others}
    held = rows.assign(_part=rows[part].astype(str), **texts)
    wide = held.pivot_table(index=["area", "year", *others], columns="_part", values="residents", aggfunc="sum")
    wide = wide[wide.notna().sum(axis=1) > 2]
    if len(wide) < fewest:
        return ""
    for label in wide.columns:
        if not _may_hold(str(label), map(str, wide.columns)):
            continue
        own = wide[label].dropna()
        rest = wide.loc[own.index].drop(columns=label).sum(axis=1)
        if len(own) and _near(own, rest, len(wide.columns)).all() and own.sum() >= _LEAST:
            return str(label)
    return ""


def _may_hold(label: str, labels: Iterable[str]) -> bool:
    """Whether a label can stand for the others: 18-64 cannot, beside 0-17."""
    own = _ages(label)
    others = [found for other in labels if other != label and (found := _ages(other))]
    return own is None or all(own[0] <= first and last <= own[1] for first, last in others)


def _near(one: pd.Series, other: pd.Series, parts: int) -> pd.Series:
    return (one - other).abs() <= (one.abs() * _NEAR).clip(upper=float(parts))


def _number(held: pd.DataFrame) -> tuple[float, str]:
    """The residents of one area and year, or why they cannot be told."""
    whole = held.loc[held["_parts"].map(len) == 0, "residents"]
    if len(whole):
        return (float(whole.iloc[0]), "") if whole.nunique() == 1 else (0.0, "two rows for all residents differ")
    sums: dict[tuple[str, ...], float] = {}
    for key, rows in held.groupby("_parts"):
        parts: tuple[str, ...] = key  # type: ignore[assignment]
        if len(parts) == 1 and (fault := _overlap(rows[parts[0]].astype(str))):
            return 0.0, fault
        sums[parts] = float(rows["residents"].sum())
    most = max(sums.values())
    if min(sums.values()) < 0.99 * most:
        told = ", ".join(f"{number:,.0f} by {' and '.join(parts)}" for parts, number in sums.items())
        return 0.0, f"the parts do not add up to one number ({told})"
    return most, ""


def _overlap(labels: pd.Series) -> str:
    """Why labels of one part do not stand side by side: ages that overlap, or ages beside other groups."""
    ages = {label: found for label in labels if (found := _ages(label))}
    for (one, first), (other, second) in combinations(ages.items(), 2):
        if first[0] <= second[1] and second[0] <= first[1]:
            return f"ages {one!r} and {other!r} overlap"
    rest = [label for label in labels if label not in ages and label.casefold() not in _UNKNOWN]
    return f"{rest[0]!r} stands beside ages" if len(ages) > 1 and rest else ""


def _ages(label: str) -> tuple[float, float] | None:
    """First and last year of age of a label such as 0-17, 65+, under 18, 85 and over; None for any other."""
    text = label.casefold().replace("years", "").replace("year", "").strip()
    if found := re.fullmatch(r"(\d{1,3})\s*(?:-|–|—|to|bis|à|a)\s*(\d{1,3})", text):
        return float(found[1]), float(found[2])
    if found := re.fullmatch(r"(?:(\d{1,3})\s*(?:\+|and over|and older|or older|plus|und älter|et plus))", text):
        return float(found[1]), 999.0
    if found := re.fullmatch(r"(?:under|below|<|unter)\s*(\d{1,3})", text):
        return 0.0, float(found[1]) - 1
    return None


def _wider(rows: pd.DataFrame) -> list[str]:
    """Areas that hold the others: by their name, or since they are their sum in every year."""
    areas = sorted(set(rows["area"]))
    found = [area for area in areas if _total(area) or area.casefold() in _PLACES]
    if len(found) == len(areas):
        return []
    rest = rows[~rows["area"].isin(found)].rename(columns={"area": "place"}).assign(area="")
    label = _sum_of_others(rest, "place", [])
    return [*found, *([label] if label else [])]


def _total(label: object) -> bool:
    if not isinstance(label, str):
        return False
    words = set(re.findall(r"[^\W\d_]+", label.casefold()))
    return _ages(label) == (0.0, 999.0) or (bool(words & _ALL) and words <= _ALL | _BESIDE)
