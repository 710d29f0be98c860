"""How long an explorer takes to answer a move.

    python -m benchmarks.explorers [moves]

Every move is one never made before: districts, priorities, offences, intervals, grains, officers' measures and peers in
a random walk, on the sample and on a department of a million calls (the sample's records repeated under new numbers).
Prints the median and the 95th percentile of the seconds from the choice to the finished picture, by the clock and by
the processor (all threads), and last the slowest explorer of each department. The bars are 0.3 and 1 s.
"""

from __future__ import annotations

import itertools
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import ibis
import numpy as np

import perflib as pf
from perflib.metrics.officers import MEASURES
from perflib.widgets.box import pictured
from perflib.widgets.cases import Explorer as Cases
from perflib.widgets.community import Explorer as Community
from perflib.widgets.officers import Explorer as Officers
from perflib.widgets.response import Explorer as Response
from perflib.widgets.seasons import VIEWS
from perflib.widgets.seasons import Explorer as Seasons
from perflib.widgets.trends import Explorer as Trends

MILLION, MOVES = 1_000_000, 40
#: what is repeated for a million calls, and the keys that get new numbers.
KEYS: dict[str, tuple[str, ...]] = {
    "calls": ("call_id",),
    "incidents": ("incident_id",),
    "requests": ("request_id",),
    "unit_responses": ("call_id",),
    "stops": ("stop_id",),
    "arrests": ("arrest_id",),
    "force": ("force_id", "incident_id"),
    "complaints": ("complaint_id",),
    "commendations": ("commendation_id",),
}
Move = tuple[Any, ...]


def main(arguments: list[str]) -> None:
    """Print a line per explorer and scale, then the slowest of each scale."""
    moves = int(arguments[0]) if arguments else MOVES
    sample = pf.open("", tables=[*KEYS, "officers", "assignments", "shifts"])
    slowest = {}
    for scale, dept in (("sample", sample), ("1 M calls", repeated(sample, MILLION))):
        for name, look, choices in explorers(dept):
            walk = unseen(choices, moves + 1)
            opened = spent(look, walk[0])
            middle, slow = np.quantile([spent(look, move) for move in walk[1:]], (0.5, 0.95), axis=0)
            slowest[scale] = np.maximum(slowest.get(scale, 0), slow)
            print(
                f"{name:10s} {scale:10s} opened {opened[0]:5.2f} s   a move: p50 {middle[0]:.3f} s  "
                f"p95 {slow[0]:.3f} s  (processor {middle[1]:.3f}, {slow[1]:.3f})",
                flush=True,
            )
    print(
        "slowest p95: "
        + "; ".join(f"{scale} {slow[0]:.3f} s (processor {slow[1]:.3f})" for scale, slow in slowest.items())
    )


def repeated(dept: pf.Department, calls: int) -> pf.Department:
    """The department with its records repeated, under new numbers, until it holds so many calls."""
    times = -(-calls // int(dept.calls.count().execute()))
    copies = ibis.range(times).unnest().name("copy").as_table()
    tables = {}
    for table, keys in KEYS.items():
        crossed = dept.table(table).cross_join(copies)
        numbered = crossed.mutate(**{key: crossed[key] + "-" + crossed["copy"].cast("string") for key in keys})
        tables[table] = numbered.drop("copy").cache()
    return replace(dept, tables={**dept.tables, **tables})


def explorers(dept: pf.Department) -> Iterator[tuple[str, Callable[..., Any], list[list[Any]]]]:
    """Name, explorer and the choices of each."""
    response, trends, cases = Response(dept), Trends(dept), Cases(dept)
    seasons, community, officers = Seasons(dept), Community(dept), Officers(dept)
    yield (
        "response",
        response.result,
        [
            response.choices("district"),
            response.choices("priority"),
            list(response.intervals().values()),
            [0.5, 0.8, 0.9],
            ["priority", "month", "week"],
        ],
    )
    yield "trends", trends.result, [trends.choices("district"), trends.choices("offence"), ["week", "month"]]
    yield "cases", cases.result, [cases.choices("district"), cases.choices("offence"), ["month", "quarter", "year"]]
    yield "seasons", seasons.result, [seasons.choices(), list(VIEWS)]
    yield "community", community.result, [["requests"], community.districts("requests"), ["course", "shift"]]
    officers.box()  # as when it is shown: every measure's cells are read then
    yield "officers", officers.result, [list(MEASURES), list(officers._peers())]


def unseen(choices: list[list[Any]], moves: int) -> list[Move]:
    """So many different choices in random order."""
    every = list(itertools.product(*choices))
    return random.Random(1).sample(every, min(moves, len(every)))


def spent(look: Callable[..., Any], move: Move) -> tuple[float, float]:
    """Seconds that one move takes until its picture is there: by the clock, and of the processor."""
    start, busy = time.perf_counter(), time.process_time()
    pictured(look(*move))
    return time.perf_counter() - start, time.process_time() - busy


if __name__ == "__main__":
    main(sys.argv[1:])
