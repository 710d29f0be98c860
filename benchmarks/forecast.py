"""Forecasts by perflib beside Prophet, AutoETS, AutoTheta, MSTL and seasonal naive, on public or your own counts.

    python -m benchmarks.forecast [--sets chicago nsw rtci] [--series 150] [--peers all|none|NAME ...]
    python -m benchmarks.forecast --data FILE --date COLUMN [--group COLUMN] [--count COLUMN] [--freq D|W|M]
                                  --horizon H --origins K
    python -m benchmarks.forecast --sets nsw --skip 48 --origins 10      the years before the last four

Origins lie one horizon apart, back from the end. Series with a mean above 0.3 a day or 3 a month; negative monthly
corrections are unknown (peers, which cannot take unknown values, get them interpolated). MASE: mean over series and
origins, denominators from what was known at the origin. Scaled CRPS: nine deciles, pooled. perflib is scored by its
median, the peers by their point forecasts; Prophet's deciles are those of its predictive samples.
Imports and compilation are timed for no model.

Peers but Prophet need statsforecast, which pins pandas below 3: it is installed with pip into a virtual environment
in the cache folder and run as a subprocess. Where that fails the table says so and has no such rows.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from perflib.models.forecast import forecast, mase, seasonal_scale
from perflib.models.forecast.scores import DECILES, mean_present, pinball_sums, pit_share, randomised_pit

ROOT = Path(__file__).parents[1]
STATS = ("SeasonalNaive", "MSTL", "AutoTheta", "AutoETS")
PEERS = ("Prophet", *STATS)
LAGS = {"D": 7, "W": 52, "M": 12}
ALIASES = {"D": "D", "M": "MS"}
LEAST = {"D": 0.3, "W": 2.1, "M": 3.0}
OFFENCES = ["aggravated_assault", "burglary", "motor_vehicle_theft", "murder", "rape", "robbery", "theft"]


@dataclass(frozen=True)
class Case:
    """Counts (dates x series) to be forecast and how."""

    name: str
    counts: pd.DataFrame
    freq: str
    horizon: int
    origins: int

    def stops(self) -> list[int]:
        """How many dates were known at each origin."""
        return [len(self.counts) - self.horizon * back for back in range(self.origins, 0, -1)]

    @property
    def lag(self) -> int:
        """Seasonal lag of the data."""
        return LAGS[self.freq]


def main(arguments: list[str] | None = None) -> int:
    """Print one table per data set and the last line."""
    given = _parser().parse_args(arguments)
    cases = [_own(given)] if given.data else [_public(name, given) for name in given.sets]
    cases = [replace(case, counts=case.counts.iloc[: len(case.counts) - given.skip]) for case in cases]
    wanted = PEERS if given.peers == ["all"] else () if given.peers == ["none"] else tuple(given.peers)
    tables = []
    for case in cases:
        print(
            f"\n{case.name}: {case.counts.shape[1]} series, {len(case.counts)} dates, horizon {case.horizon}, "
            f"{case.origins} origins",
            flush=True,
        )
        made = {"perflib": _perflib(case), **_peers(case, wanted)}
        table = pd.DataFrame([_scored(case, name, one) for name, one in made.items()])
        print(_shown(table).to_string(index=False), flush=True)
        tables.append((case, table))
    if len(tables) > 1:
        _pooled(tables)
    print(_last_line(tables[0][1]))
    return 0


@dataclass(frozen=True)
class Made:
    """Point forecasts (K, N, H), deciles (K, N, H, 9), seconds, and the PIT where a distribution is known."""

    point: Any
    deciles: Any
    seconds: float
    pit: Any = None


def _perflib(case: Case) -> Made:
    points, deciles, pits = [], [], []
    _warm(case)
    rng, spent = np.random.default_rng(0), 0.0
    for stop in case.stops():
        known = case.counts.iloc[:stop].rename_axis("date").reset_index()
        known = known.melt("date", var_name="series", value_name="count")
        start = time.perf_counter()
        made = forecast(known, case.horizon, freq=case.freq).forecasts
        each = [made[name] for name in case.counts]
        found = np.stack([one.quantile(DECILES).T for one in each])
        spent += time.perf_counter() - start
        actual = case.counts.iloc[stop : stop + case.horizon].to_numpy().T
        upto, below = (
            np.stack([one.cdf(row - less) for one, row in zip(each, actual, strict=True)]) for less in (0, 1)
        )
        pits.append(np.where(np.isfinite(actual), randomised_pit(below, upto, rng), np.nan))
        points.append(found[..., 4])
        deciles.append(found)
    return Made(np.stack(points), np.stack(deciles), spent, np.stack(pits))


def _warm(case: Case) -> None:
    """One forecast that is not timed: imports and compilation are counted for no model (Prophet's come compiled)."""
    first = case.counts.iloc[:, :2].iloc[-8 * case.horizon - 2 * case.lag :].rename_axis("date").reset_index()
    forecast(first.melt("date", var_name="series", value_name="count"), case.horizon, freq=case.freq)


def _peers(case: Case, wanted: tuple[str, ...]) -> dict[str, Made]:
    made = {"Prophet": _prophet(case)} if "Prophet" in wanted else {}
    names = [name for name in STATS if name in wanted]
    python = _environment() if names else None
    if names and python is None:
        print("statsforecast cannot be installed here: its rows are left out")
        return made
    for name in names:
        one = _statsforecast(case, name, Path(str(python)))
        made |= {name: one} if one else {}
    return made


def _trains(case: Case) -> list[pd.DataFrame]:
    return [case.counts.iloc[:stop].interpolate(limit_direction="both") for stop in case.stops()]


def _prophet(case: Case) -> Made:
    from prophet import Prophet

    for name in ("cmdstanpy", "prophet"):
        logging.getLogger(name).disabled = True

    start, points, deciles = time.perf_counter(), [], []
    for train in _trains(case):
        future = pd.DataFrame({"ds": pd.date_range(train.index[-1], periods=case.horizon + 1, freq=_alias(case))[1:]})
        for name in train:
            model = Prophet().fit(pd.DataFrame({"ds": train.index, "y": train[name].to_numpy()}))
            points.append(model.predict(future)["yhat"].to_numpy())
            deciles.append(np.quantile(model.predictive_samples(future)["yhat"], DECILES, axis=1).T)
    shape = (case.origins, case.counts.shape[1], case.horizon)
    return Made(np.reshape(points, shape), np.reshape(deciles, (*shape, 9)), time.perf_counter() - start)


def _statsforecast(case: Case, name: str, python: Path) -> Made | None:
    parts = [
        train.set_axis(range(train.shape[1]), axis=1)
        .rename_axis("ds")
        .reset_index()
        .melt("ds", var_name="unique_id", value_name="y")
        .assign(origin=len(train))
        for train in _trains(case)
    ]
    with tempfile.TemporaryDirectory() as folder:
        train, out = Path(folder) / "train.csv", Path(folder) / "out.csv"
        pd.concat(parts).to_csv(train, index=False)
        script = Path(__file__).with_name("forecast_peers.py")
        command = [python, script, train, out, _alias(case), str(case.lag), str(case.horizon), name]
        ran = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            print(f"{name} failed: {(ran.stderr.strip().splitlines() or ['no message'])[-1]}")
            return None
        rows = pd.read_csv(out).sort_values(["origin", "series", "h"])
    shape = (case.origins, case.counts.shape[1], case.horizon)
    deciles = rows[[f"q{decile}" for decile in range(1, 10)]].to_numpy().reshape(*shape, 9)
    return Made(rows["mean"].to_numpy().reshape(shape), deciles, float(rows["seconds"].iloc[0]))


def _alias(case: Case) -> str:
    return ALIASES.get(case.freq) or f"W-{case.counts.index[0]:%a}".upper()


def _environment() -> Path | None:
    """The interpreter of a virtual environment with statsforecast, made on first use; None if it cannot be made."""
    cache = Path(os.environ.get("PERFLIB_CACHE") or Path.home() / ".cache" / "perflib") / "forecast-peers"
    python = cache / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = [str(python), "-c", "import statsforecast"]
    try:
        if python.exists() and subprocess.run(ready, capture_output=True, check=False).returncode == 0:
            return python
        venv.create(cache, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "statsforecast"], capture_output=True, check=True)
        subprocess.run(ready, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no environment for the peers: {error}", file=sys.stderr)
        return None
    return python


def _scored(case: Case, name: str, made: Made) -> dict[str, Any]:
    counts, losses, per_series = case.counts.to_numpy().T, np.zeros(2), []
    for at, stop in enumerate(case.stops()):
        actual = counts[:, stop : stop + case.horizon]
        per_series.append(mase(counts[:, :stop], actual, made.point[at], case.lag))
        losses += pinball_sums(actual, made.deciles[at])
    errors = mean_present(np.stack(per_series).T)
    shares = [pit_share(made.pit, level) if made.pit is not None else np.nan for level in (0.8, 0.95)]
    return {
        "model": name,
        "MASE": np.nanmean(errors),
        "sCRPS": losses[0] / losses[1],
        "PIT 80": shares[0],
        "PIT 95": shares[1],
        "seconds": made.seconds,
        "errors": errors,
        "crps": _crps_of_series(case, made),
    }


def _crps_of_series(case: Case, made: Made) -> Any:
    """Each series' pinball loss over its own training scale: what is paired when two models are compared."""
    counts = case.counts.to_numpy().T
    actual = np.stack([counts[:, stop : stop + case.horizon] for stop in case.stops()])
    gap = actual[..., None] - made.deciles
    loss = 2 * np.maximum(DECILES * gap, (DECILES - 1) * gap).mean(axis=-1)
    scale = np.stack([seasonal_scale(counts[:, :stop], case.lag) for stop in case.stops()])
    return mean_present((mean_present(loss) / scale).T)


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    shown = table.drop(columns=["errors", "crps"]).round(4)
    for column, label in (("errors", "MASE less perflib's (s.e.)"), ("crps", "scaled loss less perflib's (s.e.)")):
        own = table[column].iloc[0]
        gaps = [each - own for each in table[column]]
        shown[label] = [
            f"{np.nanmean(gap):+.4f} ({np.nanstd(gap, ddof=1) / np.sqrt(np.isfinite(gap).sum()):.4f})"
            if len(gap) > 1
            else f"{np.nanmean(gap):+.4f}"
            for gap in gaps
        ]
    return shown


def _pooled(tables: list[tuple[Case, pd.DataFrame]]) -> None:
    """The monthly sets together: mean over all their series."""
    monthly = [table.set_index("model") for case, table in tables if case.freq == "M"]
    if len(monthly) < 2:
        return
    names = [name for name in monthly[0].index if all(name in table.index for table in monthly)]
    rows = [
        {
            "model": name,
            **{
                label: np.nanmean(np.concatenate([table.loc[name, column] for table in monthly]))
                for label, column in (("MASE", "errors"), ("scaled loss", "crps"))
            },
        }
        for name in names
    ]
    print("\nmonthly sets pooled (mean over series)\n" + pd.DataFrame(rows).round(4).to_string(index=False))


def _last_line(table: pd.DataFrame) -> str:
    rows = table.set_index("model")
    own, peers = rows.loc["perflib"], rows.drop(index="perflib")
    line = f"perflib MASE {own['MASE']:.3f} sCRPS {own['sCRPS']:.3f}; "
    if peers.empty:
        return line + "best peer none MASE nan sCRPS nan; time nan x Prophet"
    best = peers["MASE"].astype(float).idxmin()
    ratio = own["seconds"] / peers.loc["Prophet", "seconds"] if "Prophet" in peers.index else float("nan")
    return line + (
        f"best peer {best} MASE {peers.loc[best, 'MASE']:.3f} sCRPS {peers.loc[best, 'sCRPS']:.3f}; "
        f"time {ratio:.3f} x Prophet"
    )


def _public(name: str, given: argparse.Namespace) -> Case:
    folder = Path(os.environ.get("PERFLIB_REALDATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        raise SystemExit("no public records: set PERFLIB_REALDATA to their folder, or give --data")
    if name == "chicago":
        rows = pd.read_csv(folder / "crime_series" / "chicago_aggravated_assaults.csv.gz", usecols=["date", "district"])
        return _case(name, rows.rename(columns={"district": "series"}).assign(count=1.0), "D", 28, given.origins)
    if name == "nsw":
        rows = pd.read_csv(folder / "crime_series" / "nsw_offences.csv.gz")
        days = pd.to_datetime(rows["Month"], unit="D")
        tidy = pd.DataFrame({"date": days, "series": rows["Type"], "count": rows["Count"]})
        return _case(name, tidy, "M", 12, given.origins)
    newest = sorted((folder / "rtci" / "vintages").glob("*.csv.gz"))[-1]
    rows = pd.read_csv(newest).melt(["date", "agency_full"], OFFENCES, value_name="count").dropna(subset="count")
    rows["series"] = rows["agency_full"] + " / " + rows["variable"]
    case = _case(name, rows, "M", 12, given.origins)
    # A fixed draw, so that AutoETS needs minutes and not hours: by a hash of the name, which knows no count.
    order = sorted(case.counts, key=lambda each: hashlib.sha256(str(each).encode()).hexdigest())[: given.series or None]
    return Case(case.name, case.counts[sorted(order)], "M", 12, given.origins)


def _own(given: argparse.Namespace) -> Case:
    rows = pd.read_csv(given.data)
    asked = [given.date, *filter(None, (given.group, given.count))]
    lacking = [column for column in asked if column not in rows]
    if lacking:
        raise SystemExit(f"no column {lacking[0]!r}; there are {', '.join(rows.columns)}")
    counts = pd.to_numeric(rows[given.count]) if given.count else 1.0
    series = rows[given.group].astype(str) if given.group else "all"
    tidy = pd.DataFrame({"date": rows[given.date], "series": series}).assign(count=counts)
    return _case(Path(given.data).name, tidy, given.freq, given.horizon, given.origins)


def _case(name: str, rows: pd.DataFrame, freq: str, horizon: int, origins: int) -> Case:
    """Sum events to periods; a period without an event is none where rows are daily events, else unknown."""
    dates = pd.to_datetime(rows["date"]).dt.tz_localize(None)
    rows = rows.assign(date=dates.dt.to_period("W-SUN" if freq == "W" else freq).dt.start_time)
    rows = rows[rows["count"].notna()]
    wide = rows.groupby(["date", "series"])["count"].sum().unstack("series").astype(float)
    alias = ALIASES.get(freq) or f"W-{wide.index[0]:%a}".upper()
    wide = wide.reindex(pd.date_range(wide.index[0], wide.index[-1], freq=alias))
    wide = wide.fillna(0.0) if freq != "M" or (rows["count"] == 1).all() else wide.where(wide >= 0)
    return Case(name, wide.loc[:, wide.mean() > LEAST[freq]], freq, horizon, origins)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Forecasts by perflib beside its peers.")
    parser.add_argument("--sets", nargs="+", default=["chicago", "nsw", "rtci"], choices=["chicago", "nsw", "rtci"])
    parser.add_argument("--series", type=int, default=150, help="series of rtci that are compared; 0 for all")
    parser.add_argument("--peers", nargs="+", default=["all"], choices=["all", "none", *PEERS])
    parser.add_argument("--data", help="a CSV file of your own instead")
    parser.add_argument("--date", help="its column of dates")
    parser.add_argument("--group", help="its column of series")
    parser.add_argument("--count", help="its column of counts; without it a row is one event")
    parser.add_argument("--freq", choices=["D", "W", "M"], default="D")
    parser.add_argument("--horizon", type=int, default=28)
    parser.add_argument("--origins", type=int, default=4)
    parser.add_argument("--skip", type=int, default=0, help="leave the last so many steps off, as if not yet known")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
