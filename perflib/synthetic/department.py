"""Writes a synthetic department to a folder, and keeps a generated one in the user's cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import yaml
from tqdm import tqdm

from perflib import schema
from perflib.synthetic import calls, cases, community, conduct, people, places, roster, staff, units
from perflib.synthetic.clock import hours, months
from perflib.synthetic.columns import Rows, join, to_arrow
from perflib.synthetic.plan import Plan, check_name, make, read
from perflib.synthetic.truth import filled, truths
from perflib.synthetic.world import World

SEED = 20240101
LARGE: dict[str, Callable[[World], Any]] = {
    "officers": staff.officers,
    "assignments": staff.assignments,
    "population": community.population,
}
#: what makes each table but the calls: none draws from another's random streams
TABLES = LARGE | {
    "unit_responses": units.unit_responses,
    "incidents": lambda world: world.once(cases.incidents),
    "policy_events": units.policy_events,
    "camera_activations": units.camera_activations,
    "arrests": cases.arrests,
    "stops": conduct.stops,
    "force": conduct.force,
    "complaints": conduct.complaints,
    "commendations": conduct.commendations,
    "shifts": staff.shifts,
    "training": staff.courses,
    "requests": community.requests,
    "feedback": community.feedback,
    "surveys": community.surveys,
}


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
    overrides : any field of the plan (``perflib/synthetic/plan.yml``), such as ``step_size=1.0``.

    Raises
    ------
    ParameterError : an unknown scale, agency, table or override.
    """
    plan, makers = make(scale, agency, seed, **overrides), LARGE if scale == "large" else TABLES
    every = ["calls", *makers]
    wanted = every if tables is None else tables
    for name in wanted:
        check_name("table", name, every)
    target, officers = Path(folder), people.make(plan)
    target.mkdir(parents=True, exist_ok=True)
    trained = staff.completed(plan, officers)
    planned = roster.make(plan, officers, trained)
    duty, calls_file = roster.duty(plan, officers, planned), target / "calls.parquet"
    by_month = _write_calls(calls_file, plan, officers, duty, keep=scale != "large")
    if "calls" not in wanted:
        calls_file.unlink()
    world = World(plan, officers, planned, trained, join(by_month or [Rows()]))
    for name in tqdm([name for name in makers if name in wanted], desc="other tables", disable=None, leave=False):
        made = makers[name](world)
        frames = made if isinstance(made, list) else [made]
        pq.write_table(to_arrow(name, *frames), target / f"{name}.parquet", compression="zstd")
    _write_text(target, plan, officers)
    return target


def _write_calls(path: Path, plan: Plan, officers: people.People, duty: roster.Duty, keep: bool) -> list[Rows]:
    """Writes the calls month by month, so that ten million need not be in memory, and returns them if they are kept."""
    every, parts, writer = hours(plan), [], None
    month = months(every.day)
    with ExitStack() as files:
        for number in tqdm(np.unique(month), desc="calls by month", disable=None, leave=False):
            made = calls.make(plan, every[month == number], duty)
            table = to_arrow("calls", calls.table(plan, officers, made))
            writer = writer or files.enter_context(pq.ParquetWriter(path, table.schema, compression="zstd"))
            writer.write_table(table)
            parts += [made] if keep else []
    return parts


def _write_text(folder: Path, plan: Plan, officers: people.People) -> None:
    texts = {
        "truth.yml": _yaml(truths(plan, officers)),
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
