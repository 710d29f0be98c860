"""The peers of the forecast benchmark, run by an interpreter that has statsforecast (which pins pandas below 3).

    python forecast_peers.py TRAIN.csv OUT.csv FREQ SEASON HORIZON MODEL [MODEL ...]

TRAIN.csv has ``origin, unique_id, ds, y``; OUT.csv gets ``model, origin, series, h, mean, q1 .. q9, seconds``. The nine
deciles are the ends of the 20, 40, 60 and 80 % intervals and the point forecast. Time to compile is not counted.
"""

from __future__ import annotations

import sys
import time

import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import MSTL, AutoETS, AutoTheta, SeasonalNaive

LEVELS = [20, 40, 60, 80]
ENDS = {1: "lo-80", 2: "lo-60", 3: "lo-40", 4: "lo-20", 6: "hi-20", 7: "hi-40", 8: "hi-60", 9: "hi-80"}


def main(train: str, out: str, freq: str, season: str, horizon: str, names: list[str]) -> None:
    """Fit every model at every origin and write their forecasts."""
    rows = pd.read_csv(train, parse_dates=["ds"])
    rows["unique_id"] = rows["unique_id"].astype(str)
    made = {"AutoETS": AutoETS, "AutoTheta": AutoTheta, "MSTL": MSTL, "SeasonalNaive": SeasonalNaive}
    tables = []
    for name in names:
        model = made[name](season_length=int(season))
        _run(model, rows[rows["unique_id"] == rows["unique_id"].iloc[0]], freq, int(horizon))
        start = time.perf_counter()
        parts = [_run(model, part, freq, int(horizon)).assign(origin=origin) for origin, part in rows.groupby("origin")]
        tables.append(pd.concat(parts).assign(model=name, seconds=time.perf_counter() - start))
    pd.concat(tables).to_csv(out, index=False)


def _run(model: object, rows: pd.DataFrame, freq: str, horizon: int) -> pd.DataFrame:
    engine = StatsForecast(models=[model], freq=freq, n_jobs=1)
    frame = rows[["unique_id", "ds", "y"]].drop_duplicates(["unique_id", "ds"])
    made = engine.forecast(df=frame, h=horizon, level=LEVELS)
    name = str(model)
    ahead = made.groupby("unique_id").cumcount() + 1
    table = pd.DataFrame({"series": made["unique_id"], "h": ahead, "mean": made[name]})
    for decile in range(1, 10):
        table[f"q{decile}"] = made[name] if decile == 5 else made[f"{name}-{ENDS[decile]}"]
    return table


if __name__ == "__main__":
    main(*sys.argv[1:6], sys.argv[6:])
