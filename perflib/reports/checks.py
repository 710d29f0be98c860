"""Before a batch: which runs cannot run, and which need not, because an earlier one is still right."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from perflib.errors import PerflibError
from perflib.files.record import sha256
from perflib.files.shared import FOLDER
from perflib.reports import inputs
from perflib.reports.files import read_json
from perflib.reports.task import Task
from perflib.reports.values import Survey, needs_department, open_main, survey
from perflib.sources.guard import key_print

Outcome = PerflibError | dict[str, Any] | None


def check(department: str, tasks: Sequence[Task], resume: bool) -> list[Outcome]:
    """For each task why it cannot run, or (``resume``) the manifest of an earlier run that is still right, or None.

    It is sent to a process of its own, so that the batch itself opens no department.
    """
    if tasks[0].shared:
        os.environ[FOLDER] = tasks[0].shared
    inputs.look_again()
    fault: PerflibError | None = None
    known: Survey | None = None
    try:
        key_print(department)
        if any(needs_department(task.values) for task in tasks):
            known = survey(open_main(department))
    except PerflibError as error:
        fault = error
    return [_fault(task, known, fault) or (fresh(task) if resume else None) for task in tasks]


def _fault(task: Task, known: Survey | None, fault: PerflibError | None) -> PerflibError | None:
    if "department" not in task.values:
        return None
    try:
        if known:
            known.check(task.values, task.notebook.name)
    except PerflibError as error:
        return error
    return fault


def fresh(task: Task) -> dict[str, Any] | None:
    """The manifest of an earlier run that is still right: done, its files whole, its inputs unchanged."""
    manifest = read_json(task.folder / "manifest.json")
    if not isinstance(manifest, dict) or manifest.get("status") != "done" or not _same(task, manifest):
        return None
    outputs = manifest.get("outputs")
    if not isinstance(outputs, dict) or "facts.json" not in outputs:
        return None
    for name, digest in outputs.items():
        path = task.folder / name
        if not path.is_file() or sha256(path) != digest:
            return None
    return manifest


def _same(task: Task, manifest: Mapping[str, Any]) -> bool:
    """Whether notebook, parameters, versions and code are those of the manifest, and every input is as it was."""
    read = manifest.get("inputs")
    if not isinstance(read, list) or manifest.get("key") != task.key(read):
        return False
    return all(item["sha256"] and item["sha256"] == inputs.current(item, task.cwd) for item in read)
