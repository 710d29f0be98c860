"""From a department's own records to a Department: read with a mapping, every record accepted or quarantined."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {"from_frames": "perflib.sources.frames", "open": "perflib.sources.opening"}

__all__ = ["from_frames", "open"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'perflib.sources' has no attribute {name!r}")
    globals()[name] = getattr(import_module(_PUBLIC[name]), name)
    return globals()[name]
