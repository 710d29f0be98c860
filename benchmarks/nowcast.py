"""Nowcasts of San Francisco's daily counts, each release by what was published up to then, scored on the newest.

    python -m benchmarks.nowcast [--data FOLDER] [--horizon]

Releases 2 to 9 of the ten are nowcast citywide and by category (all together with a category's own delay) and compared
with the newest release: the coverage of the 80 % interval and the mean absolute error for days 2 to 14 old, as a share
of that of the raw count. The nowcast is of the count as the newest release gives it; with ``--horizon`` of the count
when the day is 90 days old, which the newest release has not reached. The last line is the citywide ratio of errors.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from pathlib import Path

import pandas as pd

from perflib.models.trend import nowcast

OLDEST, LEVEL = 14, 0.8
MOST_CITY, MOST_CATEGORY, COVERAGE = 0.5, 0.7, (0.72, 0.88)


def folder() -> Path:
    """The public records: $PERFLIB_REALDATA, or shared/data beside the checkout."""
    return Path(os.environ.get("PERFLIB_REALDATA") or Path(__file__).parents[2] / "shared" / "data")


def load(data: Path) -> pd.DataFrame:
    """All releases: ``release``, ``date``, ``category``, ``count``."""
    files = sorted((data / "sf_daily" / "vintages").glob("*_crime-data.json.gz"))
    return pd.concat([_one(path) for path in files], ignore_index=True)


def _one(path: Path) -> pd.DataFrame:
    held = json.loads(gzip.decompress(path.read_bytes()))
    rows = pd.DataFrame(held["records"]).groupby(["date", "category"], as_index=False)["count"].sum()
    return rows.assign(release=pd.Timestamp(held["updatedAt"]).tz_localize(None), date=pd.to_datetime(rows["date"]))


def score(releases: pd.DataFrame, *, horizon: bool = False) -> pd.DataFrame:
    """A row per release (2 to the last but one), scope (city, category), category and day 2 to 14 old.

    Columns: ``reported``, ``nowcast``, ``low``, ``high``, ``truth`` (newest release), ``covered``, ``error``,
    ``raw_error``, ``size`` (mean records a day of the category).
    """
    names = sorted(releases["release"].unique())
    newest = releases[releases["release"] == names[-1]]
    parts = []
    for place in range(2, len(names)):
        known = releases[releases["release"].isin(names[:place])]
        at = None if horizon else names[-1]
        for scope, by in (("city", None), ("category", "category")):
            table = nowcast(known, (LEVEL,), group=by, at=at).table
            truth = newest.groupby(["date", by] if by else ["date"])["count"].sum()
            keys = [table["date"], table["group"]] if by else [table["date"]]
            index = pd.MultiIndex.from_arrays(keys) if by else pd.Index(keys[0])
            parts.append(
                table.assign(
                    release=names[place - 1], place=place, scope=scope, truth=truth.reindex(index).fillna(0).to_numpy()
                )
            )
    found = pd.concat(parts, ignore_index=True)
    recent = newest[newest["date"] >= newest["date"].max() - pd.Timedelta(days=180)]
    sizes = recent.groupby("category")["count"].sum() / 180
    found = found[found["age"] <= OLDEST]
    return found.assign(
        covered=found["truth"].between(found["low_80"], found["high_80"]),
        error=(found["nowcast"] - found["truth"]).abs(),
        raw_error=(found["count"] - found["truth"]).abs(),
        size=found["group"].map(sizes).where(found["scope"] == "category", float(sizes.sum())).fillna(0.0),
    )


def by_release(scores: pd.DataFrame) -> pd.DataFrame:
    """A row per release and scope: days scored, coverage, mean absolute errors and their ratio; and all releases."""
    rows = [
        _line(f"{place} ({part['release'].iloc[0]:%Y-%m-%d})", scope, part)
        for (place, scope), part in scores.groupby(["place", "scope"])
    ]
    rows += [_line("all", scope, part) for scope, part in scores.groupby("scope")]
    rows += [
        _line("all", f"category, {least} a day or more", part)
        for least in (1, 5)
        for part in [scores[(scores["scope"] == "category") & (scores["size"] >= least)]]
    ]
    return pd.DataFrame(rows)


def _line(release: str, scope: str, part: pd.DataFrame) -> dict[str, object]:
    return {
        "release": release,
        "scope": scope,
        "days": len(part),
        "coverage": part["covered"].mean(),
        "error": part["error"].mean(),
        "raw_error": part["raw_error"].mean(),
        "ratio": part["error"].sum() / part["raw_error"].sum(),
    }


def main(arguments: list[str] | None = None) -> int:
    """Print the table by release; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=folder())
    parser.add_argument("--horizon", action="store_true", help="nowcast the final count, not the newest release's")
    asked = parser.parse_args(arguments)
    table = by_release(score(load(asked.data), horizon=asked.horizon))
    print(table.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    whole = table[table["release"] == "all"].set_index("scope")
    pooled = float(whole.loc["category", "coverage"])
    city, category = float(whole.loc["city", "ratio"]), float(whole.loc["category", "ratio"])
    print(f"coverage by category: {pooled:.3f} (bar {COVERAGE[0]} to {COVERAGE[1]})")
    print(f"error by category: {category:.3f} of the raw count's (bar {MOST_CATEGORY})")
    print(f"ratio: {city:.2f}")
    return int(not (COVERAGE[0] <= pooled <= COVERAGE[1] and category <= MOST_CATEGORY and city <= MOST_CITY))


if __name__ == "__main__":
    sys.exit(main())
