"""Statistics on pandas frames; they know no engine and no police table."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType

_ROOMS = sorted(module.name for module in pkgutil.iter_modules(__path__))


def __getattr__(name: str) -> ModuleType:
    if name not in _ROOMS:
        raise AttributeError(f"{__name__} has no room {name!r}; it has {', '.join(_ROOMS)}")
    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return _ROOMS
