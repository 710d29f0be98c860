"""Writes a synthetic department to a folder, and keeps a generated one in the user's cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import yaml
from tqdm import tqdm

from perflib import schema
from perflib.synthetic import calls, cases, community, conduct, people, places, roster, training, units
from perflib.synthetic.clock import hours, months
from perflib.synthetic.columns import Rows, join, to_arrow
from perflib.synthetic.plan import Plan, known, make, read
from perflib.synthetic.shifts import shifts
from perflib.synthetic.truth import filled, truths
from perflib.synthetic.world import World

SEED = 20240101


def write(
    folder: str | Path,
    scale: str = "small",
    agency: str = "city",
    seed: int = SEED,
    *,
    tables: Collection[str] | None = None,
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
    seed : the same seed gives the same rows on every machine.
    tables : names of the tables to write; default all of the scale.
    overrides : any field of ``perflib.synthetic.plan.Plan``, such as ``step_size=1.0``.

    Raises
    ------
    ParameterError : an unknown scale, agency, table or override.
    """
    plan = make(scale, agency, seed, **overrides)
    for name in tables or ():
        known("table", name, schema.names())
    target, staff = Path(folder), people.make(plan)
    target.mkdir(parents=True, exist_ok=True)
    _write_tables(target, plan, staff, schema.names() if tables is None else tables)
    _write_text(target, plan, staff)
    return target


def _write_tables(folder: Path, plan: Plan, staff: people.People, wanted: Collection[str]) -> None:
    trained = training.completed(plan, staff)
    planned, all_tables = roster.make(plan, staff, trained), plan.scale != "large"
    by_month = _write_calls(folder / "calls.parquet", plan, staff, roster.duty(plan, staff, planned), keep=all_tables)
    if "calls" not in wanted:
        (folder / "calls.parquet").unlink()
    every: dict[str, Callable[[], Any]] = {
        "officers": lambda: people.officers(plan, staff),
        "assignments": lambda: people.assignments(plan, staff),
        "population": lambda: community.population(plan),
    }
    if all_tables:
        every |= frames(World(plan, staff, planned, trained, join(by_month)))
    for name, frame in tqdm(every.items(), desc="other tables", disable=None, leave=False):
        if name in wanted:
            made = frame()
            parts = made if isinstance(made, list) else [made]
            pq.write_table(to_arrow(name, *parts), folder / f"{name}.parquet", compression="zstd")


def _write_calls(path: Path, plan: Plan, staff: people.People, duty: roster.Duty, keep: bool) -> list[Rows]:
    """Writes the calls month by month, so that ten million need not be in memory, and returns them if they are kept."""
    every, kept, writer = hours(plan), [], None
    month = months(every.day)
    with ExitStack() as files:
        for number in tqdm(np.unique(month), desc="calls by month", disable=None, leave=False):
            made = calls.make(plan, every.rows(month == number), duty)
            table = to_arrow("calls", calls.table(plan, staff, made))
            writer = writer or files.enter_context(pq.ParquetWriter(path, table.schema, compression="zstd"))
            writer.write_table(table)
            kept += [made] if keep else []
    return kept


def frames(world: World) -> dict[str, Callable[[], Any]]:
    """What makes each table that follows from the calls: none draws from another's random streams."""
    plan = world.plan
    incidents, cameras = cache(lambda: cases.incidents(world)), cache(lambda: units.camera_events(world))
    return {
        "unit_responses": lambda: units.unit_responses(world),
        "incidents": incidents,
        "policy_events": lambda: [cameras(), units.report_events(world, incidents())],
        "camera_activations": lambda: units.camera_activations(cameras()),
        "arrests": lambda: cases.arrests(world, incidents()),
        "stops": lambda: conduct.stops(world),
        "force": lambda: conduct.force(world),
        "complaints": lambda: conduct.complaints(world),
        "commendations": lambda: conduct.commendations(world),
        "shifts": lambda: shifts(world),
        "training": lambda: training.table(plan, world.people, world.trained),
        "requests": lambda: community.requests(plan),
        "feedback": lambda: community.feedback(plan),
        "surveys": lambda: community.surveys(plan),
    }


def _write_text(folder: Path, plan: Plan, staff: people.People) -> None:
    texts = {
        "truth.yml": _yaml(truths(plan, staff)),
        "department.yml": _yaml(filled(read("department"), vars(plan))),
        "boundaries.geojson": json.dumps(places.boundaries(plan), indent=1) + "\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _yaml(content: Any) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def sample(scale: str = "sample", agency: str = "city", seed: int = SEED) -> Path:
    """Folder of the built-in department, generated on first use into the user's cache.

    The folder's name holds a digest of the generator, so that a department made by an older one is never served.
    ``PERFLIB_CACHE`` names another cache folder.
    """
    import pooch

    cached = Path(os.environ.get("PERFLIB_CACHE") or pooch.os_cache("perflib")) / "synthetic"
    target = cached / f"{agency}-{scale}-{seed}-{_digest()}"
    if (target / "truth.yml").exists():
        return target
    cached.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix="making-", dir=cached))
    try:
        write(making, scale, agency, seed)
        making.rename(target)
    except OSError:
        # Another process was first: its folder is as good as ours.
        if not (target / "truth.yml").exists():
            raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return target


def _digest() -> str:
    digest = hashlib.sha256()
    for folder in (Path(__file__).parent, Path(schema.__file__).parent / "tables"):
        for file in sorted([*folder.glob("*.py"), *folder.glob("*.yml")]):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]
