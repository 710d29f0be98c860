"""Monthly medians and 90th percentiles of the response time by beat and priority: perflib, SQL by hand, pandas.

    python -m benchmarks.response [--rows 3000000] [--rounds 5]

The three answer the same question from the same Parquet file, interleaved; each prints its median seconds, and their
answers are compared. The last line is perflib's time over that of the SQL.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.metrics.response import response

ZONE = "America/New_York"
MOST_OF_SQL, LEAST_OF_PANDAS = 1.5, 2.0

MAKE = """
COPY (
  SELECT i::VARCHAR AS call_id, received_at, (hash(i + 7) % 60)::VARCHAR AS beat,
    (1 + hash(i * 3) % 4)::VARCHAR AS priority,
    CASE WHEN hash(i + 11) % 3 = 0 THEN 'officer' ELSE 'public' END AS origin, 'police' AS service,
    CASE WHEN hash(i + 17) % 12 > 0
      THEN received_at + to_microseconds((60e6 * exp(1.5 + (hash(i + 13) % 100000) / 4e4))::BIGINT) END AS arrived_at
  FROM (SELECT i, TIMESTAMPTZ '2022-01-01 00:00:00+00'
          + to_microseconds((hash(i) % 94608000000000)::BIGINT) AS received_at
        FROM range({rows}) t(i))
) TO '{path}' (FORMAT parquet)
"""

BY_HAND = """
SELECT month, beat, priority, n, quantiles[1] AS median, quantiles[2] AS p90 FROM (
SELECT date_trunc('month', timezone('America/New_York', received_at))::DATE AS month, beat, priority, count(*) AS n,
  quantile_cont(m, [0.5, 0.9]) AS quantiles
FROM (SELECT *, (epoch_us(arrived_at) - epoch_us(received_at)) / 60e6 AS m FROM '{path}'
      WHERE service = 'police' AND origin = 'public')
GROUP BY ALL) ORDER BY month, beat, priority
"""


def by_perflib(path: Path) -> pd.DataFrame:
    """The metric as an analyst calls it, quantiles only, as the others."""
    connection = ibis.duckdb.connect()
    connection.raw_sql("SET TimeZone = 'UTC'")
    dept = Department("Benchmark", ZONE, {"calls": connection.read_parquet(path)})
    return response(dept, ["month", "beat", "priority"], quantiles=(0.5, 0.9), level=None).table


def by_perflib_with_intervals(path: Path) -> pd.DataFrame:
    """The same with order-statistic intervals, bounds and the counts of every fate; for information."""
    connection = ibis.duckdb.connect()
    connection.raw_sql("SET TimeZone = 'UTC'")
    dept = Department("Benchmark", ZONE, {"calls": connection.read_parquet(path)})
    return response(dept, ["month", "beat", "priority"], quantiles=(0.5, 0.9)).table


def by_sql(path: Path) -> pd.DataFrame:
    """What an expert would type."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection.execute(BY_HAND.format(path=path.as_posix())).df()


def by_pandas(path: Path) -> pd.DataFrame:
    """The same in pandas, reading only the columns it needs."""
    columns = ["received_at", "arrived_at", "beat", "priority", "origin", "service"]
    calls = pd.read_parquet(path, columns=columns)
    calls = calls[(calls["service"] == "police") & (calls["origin"] == "public")]
    local = calls["received_at"].dt.tz_convert(ZONE).dt.tz_localize(None)
    keyed = calls.assign(
        month=local.dt.to_period("M").dt.to_timestamp(),
        m=(calls["arrived_at"] - calls["received_at"]).dt.total_seconds() / 60,
    )
    groups = keyed.groupby(["month", "beat", "priority"])["m"]
    quantiles = groups.quantile([0.5, 0.9]).unstack()
    counted = groups.size().rename("n").to_frame().join(quantiles).reset_index()
    return counted.rename(columns={0.5: "median", 0.9: "p90"})


def timed(way: Callable[[Path], pd.DataFrame], path: Path) -> tuple[float, pd.DataFrame]:
    """Seconds, and the answer."""
    start = time.perf_counter()
    found = way(path)
    return time.perf_counter() - start, found


def check_same(one: pd.DataFrame, two: pd.DataFrame) -> None:
    """Both answers hold the same groups, counts and quantiles."""
    keys = ["month", "beat", "priority"]
    left, right = (
        frame.assign(month=pd.to_datetime(frame["month"])).sort_values(keys, ignore_index=True) for frame in (one, two)
    )
    assert len(left) == len(right) > 1000
    for key in (*keys, "n"):
        assert (left[key].to_numpy() == right[key].to_numpy()).all(), key
    for column in ("median", "p90"):
        np.testing.assert_allclose(left[column].to_numpy(float), right[column].to_numpy(float), rtol=1e-9)


def main() -> int:
    """Run, compare, print; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    ways = {"perflib": by_perflib, "duckdb": by_sql, "pandas": by_pandas}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls.parquet"
        duckdb.sql(MAKE.format(rows=asked.rows, path=path.as_posix()))
        answers = {name: way(path) for name, way in ways.items()}  # warm, and compared
        check_same(answers["perflib"], answers["duckdb"])
        check_same(answers["pandas"], answers["duckdb"])
        for _ in range(asked.rounds):
            for name, way in ways.items():
                seconds[name].append(timed(way, path)[0])
        by_perflib_with_intervals(path)  # warm, as the others
        full, whole = timed(by_perflib_with_intervals, path)
    return report({name: statistics.median(spent) for name, spent in seconds.items()}, full, asked.rows, len(whole))


def report(middle: dict[str, float], full: float, rows: int, groups: int) -> int:
    """Print the medians; the last line is the ratio."""
    print(f"{rows:,} calls, {groups:,} groups; same answers")
    for name, spent in middle.items():
        print(f"{name:>8}: {spent:.2f} s")
    print(f"with intervals, bounds and counts of the missing (perflib only): {full:.2f} s")
    ratio, faster = middle["perflib"] / middle["duckdb"], middle["pandas"] / middle["perflib"]
    print(f"pandas / perflib: {faster:.2f} (at least {LEAST_OF_PANDAS})")
    print(f"ratio: {ratio:.2f}")
    return int(ratio > MOST_OF_SQL or faster < LEAST_OF_PANDAS)


if __name__ == "__main__":
    sys.exit(main())
