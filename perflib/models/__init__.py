"""Statistics on pandas frames; they know no engine and no police table."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType

__all__ = sorted(module.name for module in pkgutil.iter_modules(__path__))


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"{__name__} has no room {name!r}; it has {', '.join(__all__)}")
    return import_module(f"{__name__}.{name}")
