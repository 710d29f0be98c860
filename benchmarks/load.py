"""Mapping, validation and quarantine of a large CSV file against a bare DuckDB copy of the same file to Parquet.

``python -m benchmarks.load [--rows 10000000] [--pairs 5]``: writes the file to a temporary folder, runs interleaved
pairs, asserts every count and prints medians, peak memory and, on the last line, ``ratio: <number>``.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import duckdb

import perflib

MAPPING = """\
table: calls
columns:
  call_id: Incident
  received_at: Received
  dispatched_at: Dispatched
  arrived_at: Arrived
  priority: Priority
  district: District
"""
DEPARTMENT = """\
name: Benchmark
timezone: America/New_York
sources: [{table: calls, files: calls.csv, mapping: calls.yml}]
"""
#: one record in 200 has a stamp that cannot be read, one in 200 arrives before it was received
CALLS = """
COPY (
    SELECT 'C' || lpad(i::VARCHAR, 9, '0') AS "Incident", strftime(r, $f) AS "Received",
        CASE WHEN i % 200 = 0 THEN 'not known'
             ELSE strftime(r + to_seconds(30 + i * 7919 % 300), $f) END AS "Dispatched",
        CASE WHEN i % 200 = 1 THEN strftime(r - INTERVAL 1 HOUR, $f)
             ELSE strftime(r + to_seconds(400 + i * 104729 % 3000), $f) END AS "Arrived",
        1 + i % 4 AS "Priority", 'D' || i % 6 AS "District"
    FROM (SELECT i, TIMESTAMP '2023-04-01' + to_seconds(CAST(i % 15000000 AS BIGINT)) AS r FROM range({rows}) AS t(i))
) TO '{path}' (HEADER)
"""


def write(folder: Path, rows: int) -> Path:
    """The department, its mapping and its calls."""
    (folder / "calls.yml").write_text(MAPPING, encoding="utf-8")
    (folder / "department.yml").write_text(DEPARTMENT, encoding="utf-8")
    path = folder / "calls.csv"
    text = CALLS.replace("$f", "'%Y-%m-%d %H:%M:%S'").format(rows=rows, path=str(path).replace("'", "''"))
    with duckdb.connect() as con:
        con.execute(text)
    return path


def bare(path: Path) -> float:
    """Seconds of DuckDB alone."""
    target = path.with_suffix(".parquet")
    start = time.perf_counter()
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT * FROM read_csv($source)) TO $target (FORMAT parquet)".replace(
                "$source", f"'{str(path).replace(chr(39), chr(39) * 2)}'"
            ).replace("$target", f"'{str(target).replace(chr(39), chr(39) * 2)}'")
        )
    took = time.perf_counter() - start
    target.unlink()
    return took


def ours(path: Path, rows: int) -> float:
    """Seconds of perflib, every record accounted for."""
    start = time.perf_counter()
    department = perflib.open(path.with_name("department.yml"))
    took = time.perf_counter() - start
    report = department.sources[0]
    planted = -(-rows // 200), -(-(rows - 1) // 200)
    found = tuple(
        report.reasons[word] for word in ("dispatched_at: cannot be read as timestamp", "arrived_before_received")
    )
    assert found == planted, (found, planted)
    assert (report.read, report.quarantined) == (rows, sum(planted)), report
    assert report.accepted + report.quarantined == report.read == rows
    assert len(report.quarantine) == report.quarantined
    assert department.calls.count().execute() == report.accepted
    return took


def peak() -> float:
    """Peak memory of this process in GB."""
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset / 1e9
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def main() -> None:
    """Run the pairs and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = write(Path(folder), asked.rows)
        print(f"{asked.rows:,} records, {path.stat().st_size / 1e9:.2f} GB")
        pairs = []
        for number in range(asked.pairs):
            pairs.append((bare(path), ours(path, asked.rows)))
            gc.collect()
            print(f"pair {number + 1}: DuckDB copy {pairs[-1][0]:.1f} s, perflib {pairs[-1][1]:.1f} s", flush=True)
    alone, mapped = (median(pair[side] for pair in pairs) for side in (0, 1))
    print(f"medians: DuckDB copy {alone:.2f} s, perflib {mapped:.2f} s; peak memory {peak():.2f} GB")
    print(f"ratio: {mapped / alone:.2f}")


if __name__ == "__main__":
    main()
