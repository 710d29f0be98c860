"""How long an explorer takes to answer a move, against computing the same view anew with the metric function.

    python -m benchmarks.explorers [moves]

Every move is one never made before: districts, priorities, offences, intervals, grains, officers' measures and peers in
a random walk, on the sample and on a department of a million calls (the sample's records repeated under new numbers).
Prints the median and the 95th percentile of the seconds from the choice to the finished picture, by the clock and by
the processor; the last line is the median of the explorers over that of the recomputation, both drawn alike, in the
same run.
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
from perflib.metrics.cases import cohorts
from perflib.metrics.counts import trend
from perflib.metrics.officers import compare
from perflib.metrics.response import response
from perflib.metrics.review import shown
from perflib.widgets import cases, community, officers, seasons, trends  # noqa: F401 - the rooms are taken by name below
from perflib.widgets.box import pictured

MILLION, MOVES, PEERS = 1_000_000, 40, 6
#: what is repeated for a million calls, and the keys that get new numbers.
KEYS: dict[str, tuple[str, ...]] = {
    "calls": ("call_id",), "incidents": ("incident_id",), "requests": ("request_id",),
    "unit_responses": ("call_id",), "stops": ("stop_id",), "arrests": ("arrest_id",),
    "force": ("force_id", "incident_id"), "complaints": ("complaint_id",), "commendations": ("commendation_id",),
}
Move = tuple[Any, ...]


def main(arguments: list[str]) -> None:
    """Print a line per explorer and scale, then the ratio."""
    moves = int(arguments[0]) if arguments else MOVES
    ours, peers = [], []
    sample = pf.open("", tables=[*KEYS, "officers", "assignments", "shifts"])
    for scale, dept in (("sample", sample), ("1 M calls", repeated(sample, MILLION))):
        for name, look, again, choices in explorers(dept):
            walk = unseen(choices, moves + PEERS)
            opened = spent(look, walk[0])
            took = np.array([spent(look, move) for move in walk[1:-PEERS]])
            plain = np.array([spent(again, move) for move in walk[-PEERS:]])
            ours, peers = [*ours, *took[:, 0]], [*peers, *plain[:, 0]]
            middle, slow = np.quantile(took, (0.5, 0.95), axis=0)
            print(f"{name:10s} {scale:10s} opened {opened[0]:5.2f} s   a move: p50 {middle[0]:.3f} s  "
                  f"p95 {slow[0]:.3f} s  (processor {middle[1]:.3f}, {slow[1]:.3f})   "
                  f"recomputed: p50 {np.median(plain[:, 0]):.3f} s", flush=True)
    print(f"ratio: {np.median(ours) / np.median(peers):.2f}")


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


def explorers(dept: pf.Department) -> Iterator[tuple[str, Callable[..., Any], Callable[..., Any], list[list[Any]]]]:
    """Name, explorer, recomputation and the choices of each."""
    names = ("response", "trends", "cases", "seasons", "community", "officers")
    rooms = {name: sys.modules[f"perflib.widgets.{name}"].Explorer(dept) for name in names}
    first = rooms["response"]
    yield "response", first.result, _response(dept), [
        first.choices("district"), first.choices("priority"), list(first.intervals().values()), [0.5, 0.8, 0.9],
        ["priority", "month", "week"]]
    second = rooms["trends"]
    second.box()  # as when it is shown: all counts are read then
    yield "trends", second.result, _trends(dept), [
        second.choices("district"), second.choices("offence"), ["week", "month"]]
    third = rooms["cases"]
    yield "cases", third.result, _cases(dept), [
        third.choices("district"), third.choices("offence"), ["month", "quarter", "year"]]
    fourth = rooms["seasons"]
    views = list(sys.modules["perflib.widgets.seasons"].VIEWS)
    yield "seasons", fourth.result, _fresh("seasons", dept), [fourth.choices(), views]
    fifth = rooms["community"]
    yield "community", fifth.result, _fresh("community", dept), [
        ["requests"], fifth.districts("requests"), ["course", "shift"]]
    sixth = rooms["officers"]
    sixth.box()
    yield "officers", sixth.result, _officers(dept), [
        list(sys.modules["perflib.metrics.officers"].MEASURES), list(sixth._peers())]


def _response(dept: pf.Department) -> Callable[..., Any]:
    return lambda district, priority, interval, quantile, grain: response(
        dept, grain, interval=interval, **_named(district=district, priority=priority))


def _trends(dept: pf.Department) -> Callable[..., Any]:
    return lambda district, offence, grain: trend(dept, every=grain, **_named(district=district, offence=offence))


def _cases(dept: pf.Department) -> Callable[..., Any]:
    def again(district: str, offence: str, cohort: str) -> Any:
        wanted = _named(district=district, offence=offence)
        return cohorts(dept.keep(wanted, because="chosen", table="incidents") if wanted else dept, cohort)

    return again


def _fresh(name: str, dept: pf.Department) -> Callable[..., Any]:
    """The same view of an explorer that has read nothing yet."""
    return lambda *chosen: sys.modules[f"perflib.widgets.{name}"].Explorer(replace(dept)).result(*chosen)


def _officers(dept: pf.Department) -> Callable[..., Any]:
    peers = sys.modules["perflib.widgets.officers"].PEERS
    return lambda measure, words: shown(compare(dept, measure, peers[words]))


def _named(**chosen: str) -> dict[str, str]:
    return {name: value for name, value in chosen.items() if value != "all"}


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
