"""perflib: police performance analyses that an analyst can explore and a statistician would sign.

Everything is imported on first use, so that ``import perflib`` stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

#: public name -> (module, attribute); an attribute of None is the module itself.
_PUBLIC: dict[str, tuple[str, str | None]] = {
    "open": ("perflib.sources", "open"),
    "from_frames": ("perflib.sources", "from_frames"),
    "select": ("perflib.selection", "select"),
    "Department": ("perflib.agency", "Department"),
    "Result": ("perflib.result", "Result"),
    **{
        room: (f"perflib.{room}", None)
        for room in (
            "agency",
            "errors",
            "figures",
            "metrics",
            "models",
            "privacy",
            "reports",
            "result",
            "schema",
            "sources",
            "synthetic",
            "widgets",
        )
    },
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'perflib' has no attribute {name!r}; it has {', '.join(__all__)}")
    module, attribute = _PUBLIC[name]
    found = import_module(module)
    value = getattr(found, attribute) if attribute else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
