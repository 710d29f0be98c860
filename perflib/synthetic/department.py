"""Writes a synthetic department to a folder, and keeps a generated one in the user's cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from tqdm import tqdm

from perflib import schema
from perflib.synthetic import calls as dispatch
from perflib.synthetic import community, conduct, places, plan, roster, training, truth, units, work
from perflib.synthetic import people as staff
from perflib.synthetic.arrivals import arrivals
from perflib.synthetic.cases import arrests, stops
from perflib.synthetic.cases import incidents as cases_of
from perflib.synthetic.clock import Hours, hours
from perflib.synthetic.columns import Column, stack, to_arrow
from perflib.synthetic.plan import SHIFTS, Plan
from perflib.synthetic.rng import Ints
from perflib.synthetic.world import World, responses

SEED = 20240101


def write(
    folder: str | Path,
    scale: str = "small",
    agency: str = "city",
    seed: int = SEED,
    *,
    threads: int | None = None,
    tables: tuple[str, ...] | None = None,
    **overrides: Any,
) -> Path:
    """Write a department with planted truths to ``folder`` and return the folder.

    One Parquet file per canonical table, ``department.yml``, ``boundaries.geojson`` and ``truth.yml``.

    Parameters
    ----------
    scale : "small" (four months), "sample" (three years) or "events" (the same years with about twelve times as many
        uses of force, complaints and commendations as a real department has, so that officers planted at three times
        the rate can be told from chance): their rates are those of ``perflib.synthetic.rates``. "large" is for
        measuring speed: 10 million calls; calls, officers, assignments and population only.
    agency : "city" or "town" (15 officers).
    seed : the same seed gives the same rows on every machine and with any number of threads.
    threads : threads used; default: one per processor.
    tables : names of the tables to write; default all of the scale.
    overrides : any field of ``perflib.synthetic.plan.Plan``, such as ``step_size=1.0``.

    Raises
    ------
    ParameterError : an unknown scale, agency, table or override.
    """
    wanted = plan.make(scale, agency, seed, **overrides)
    for name in tables or ():
        plan.known("table", name, schema.names())
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    people = staff.make(wanted)
    _write_tables(target, wanted, people, threads or os.cpu_count() or 1, tables)
    _write_text(target, wanted, people)
    return target


def _write_tables(folder: Path, wanted: Plan, people: staff.People, threads: int, only: tuple[str, ...] | None) -> None:
    world = _world(wanted, people)
    every = wanted.scale != "large"
    made = _write_calls(folder, world, threads, keep=every)
    if only is not None and "calls" not in only:
        (folder / "calls.parquet").unlink()
    _save(folder, only, "officers", staff.officers(wanted, people))
    _save(folder, only, "assignments", staff.assignments(wanted, people))
    _save(folder, only, "population", community.population(wanted))
    if every:
        for name, make in tqdm(frames(made).items(), desc="other tables", disable=None, leave=False):
            if only is None or name in only:
                _save(folder, only, name, make())


def _world(wanted: Plan, people: staff.People) -> World:
    found, trained = roster.make(wanted, people), training.completed(wanted, people)
    away = work.absent(wanted, found, trained)
    return World(wanted, people, found, roster.duty(wanted, people, found, away), trained)


def frames(world: World) -> dict[str, Callable[[], Mapping[str, Column]]]:
    """What makes each table that follows from the calls: none draws from another's random streams."""
    cases, cameras = cache(lambda: cases_of(world)), cache(lambda: units.cameras(world))
    return {
        "unit_responses": lambda: units.unit_responses(world),
        "incidents": lambda: {name: value for name, value in cases().items() if name not in ("row", "rid", "unit")},
        "policy_events": lambda: stack(cameras()[0], units.reports(world, cases())),
        "camera_activations": lambda: cameras()[1],
        "arrests": lambda: arrests(world, cases()),
        "stops": lambda: stops(world),
        "force": lambda: conduct.force(world),
        "complaints": lambda: conduct.complaints(world),
        "commendations": lambda: conduct.commendations(world),
        "shifts": lambda: work.shifts(world),
        "training": lambda: training.table(world.plan, world.people, world.trained),
        "requests": lambda: community.requests(world.plan),
        "feedback": lambda: community.feedback(world.plan),
        "surveys": lambda: community.surveys(world.plan),
    }


def _write_calls(folder: Path, world: World, threads: int, keep: bool) -> World:
    parts: list[tuple[dispatch.Calls, Ints]] = []
    with ExitStack() as open_files, ThreadPoolExecutor(threads) as pool:
        writer: pq.ParquetWriter | None = None
        for table, calls, numbers in _ahead(pool, world, threads):
            if writer is None:
                writer = pq.ParquetWriter(folder / "calls.parquet", table.schema, compression="zstd")
                open_files.enter_context(writer)
            writer.write_table(table)
            if keep:
                parts.append((calls, numbers))
    if not keep:
        return world
    calls = dispatch.join([part[0] for part in parts])
    numbers = np.concatenate([part[1] for part in parts])
    return replace(world, calls=calls, numbers=numbers, sent=responses(world.plan, calls, world.roster))


def _ahead(pool: ThreadPoolExecutor, world: World, threads: int) -> Iterator[tuple[pa.Table, dispatch.Calls, Ints]]:
    # Never more than a few months in memory: the next ones are made while one is written.
    pending: list[Future[tuple[pa.Table, dispatch.Calls, Ints]]] = []
    for month in tqdm(_months(world.plan), desc="calls by month", disable=None, leave=False):
        pending.append(pool.submit(_month, world, month))
        if len(pending) > threads:
            yield pending.pop(0).result()
    for future in pending:
        yield future.result()


def _months(wanted: Plan) -> list[Hours]:
    every = hours(wanted)
    month = every.day.astype("datetime64[D]").astype("datetime64[M]")
    return [every.rows(month == value) for value in np.unique(month)]


def _month(world: World, month: Hours) -> tuple[pa.Table, dispatch.Calls, Ints]:
    at = arrivals(world.plan, month)
    made = dispatch.make(world.plan, at, world.duty)
    kept = dispatch.seen(world.plan, at.district, at.day, made.recorded)
    calls, numbers = dispatch.rows(made, kept), dispatch.numbers(at)[kept]
    return to_arrow("calls", dispatch.table(world.plan, world.people, calls, numbers)), calls, numbers


def _save(folder: Path, only: tuple[str, ...] | None, name: str, frame: Mapping[str, Column]) -> None:
    if only is None or name in only:
        pq.write_table(to_arrow(name, frame), folder / f"{name}.parquet", compression="zstd")


def _write_text(folder: Path, wanted: Plan, people: staff.People) -> None:
    _yaml(folder / "truth.yml", truth.truths(wanted, people))
    _yaml(folder / "department.yml", _department(wanted))
    text = json.dumps(places.boundaries(wanted), indent=1)
    (folder / "boundaries.geojson").write_text(text + "\n", encoding="utf-8", newline="\n")


def _department(wanted: Plan) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "timezone": wanted.timezone,
        "privacy": {"pseudonyms": False, "because": "these people are invented"},
        "districts": list(wanted.districts),
        "shifts": {name: {"start": start, "end": end} for name, (start, end) in SHIFTS.items()},
        "priority_targets": {"1": 8, "2": 15, "3": 30, "4": 45},
        "boundaries": "boundaries.geojson",
        "policy": {
            "camera_on_arrival": {
                "rule": "a camera records every call that is attended",
                "target": 0.95,
                "grace_seconds": 60,
            },
            "report_within_24h": {"rule": "the report is filed within 24 hours", "target": 0.90},
            "rest_hours": {"rule": "hours between two periods of work", "minimum": 8},
            "weekly_hours": {"rule": "hours worked in seven days", "maximum": 60},
        },
    }


def _yaml(path: Path, content: dict[str, Any]) -> None:
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    path.write_text(text, encoding="utf-8", newline="\n")


def sample(scale: str = "sample", agency: str = "city", seed: int = SEED) -> Path:
    """Folder of the built-in department, generated on first use into the user's cache.

    The folder's name holds a digest of the generator, so that a department made by an older one is never served.
    ``PERFLIB_CACHE`` names another cache folder.
    """
    target = _cache() / f"{agency}-{scale}-{seed}-{_digest()}"
    if not (target / "truth.yml").exists():
        _generate(target, scale, agency, seed)
    return target


def _generate(target: Path, scale: str, agency: str, seed: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="making-", dir=target.parent))
    try:
        write(work, scale, agency, seed)
        work.rename(target)
    except OSError:
        # Another process was first: its folder is as good as ours.
        if not (target / "truth.yml").exists():
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _cache() -> Path:
    import pooch

    return Path(os.environ.get("PERFLIB_CACHE") or pooch.os_cache("perflib")) / "synthetic"


def _digest() -> str:
    found = hashlib.sha256()
    for folder in (resources.files("perflib.synthetic"), resources.files("perflib.schema") / "tables"):
        files = [item for item in folder.iterdir() if item.name.endswith((".py", ".yml"))]
        for file in sorted(files, key=lambda item: item.name):
            found.update(file.name.encode() + file.read_bytes())
    return found.hexdigest()[:12]
