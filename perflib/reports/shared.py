"""What the runs of one plan share: the opened department, and each Result over all of it that several ask for.

A run of one district and month asks some questions about the whole department, as every other run of the plan does.
Such a Result is computed by the first run and taken by the others. It is shared only where the department is as it was
opened, nothing left out, and every other argument is a plain value; the function, the arguments and the department
name it. Facts are the same as of a run by itself.
"""

from __future__ import annotations

import functools
import inspect
import json
import math
import os
import pickle
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from perflib.files import record
from perflib.files.record import digest

PLAIN = (str, int, float, bool, type(None))


@contextmanager
def sharing(folder: str, threads: int = 1) -> Iterator[None]:
    """Within it, this process and the kernel it forks take from ``folder`` what other runs of the plan left there."""
    from perflib.result import Result
    from perflib.sources import prepared

    store = _Store(Path(folder))
    wrapped = [(module, name, call) for module, name, call in _metrics()]
    bundle = Result._repr_mimebundle_
    prepared.share(Path(folder), threads)
    try:
        for module, name, call in wrapped:
            setattr(module, name, store.result(call))
        Result._repr_mimebundle_ = store.bundle(bundle)  # type: ignore[method-assign]
        yield
    finally:
        prepared.share(None)
        Result._repr_mimebundle_ = bundle  # type: ignore[method-assign]
        for module, name, call in wrapped:
            setattr(module, name, call)


def _metrics() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """The functions of a department that give a Result, in every room of metrics that is loaded."""
    for full, module in list(sys.modules.items()):
        if full.startswith("perflib.metrics.") and full.count(".") == 2:
            for name in getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")]):
                call = getattr(module, name, None)
                if inspect.isfunction(call) and call.__annotations__.get("return") == "Result":
                    yield module, name, call


class _Store:
    """Results and their shown form as files of a private folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()

    def result(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """``call``, its Result shared where that is sound."""

        @functools.wraps(call)
        def shared(*arguments: Any, **named: Any) -> Any:
            key = _key(call, arguments, named)
            if not key:
                return call(*arguments, **named)
            found = self.kept(f"{key}.result", lambda: call(*arguments, **named))
            self.keys[found] = key
            return found

        return shared

    def bundle(self, show: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        """The shown form of a shared Result, drawn once."""

        @functools.wraps(show)
        def shared(result: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
            key = self.keys.get(result)
            if key is None:
                return show(result, *arguments, **named)
            found: dict[str, Any] = self.kept(f"{key}.shown", lambda: show(result, *arguments, **named))
            return found

        return shared

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """What the file ``name`` holds, made first if it is not there."""
        from perflib.privacy.locked import only_one

        path = self.folder / name
        with only_one(self.folder / f"{name}.lock", math.inf):
            if path.exists():
                made, notes = pickle.loads(path.read_bytes())  # written by this user, for this batch
                record.replay(notes)
                return made
            with record.gathered() as notes:
                made = make()
            handle, draft = tempfile.mkstemp(dir=self.folder)
            with os.fdopen(handle, "wb") as file:
                pickle.dump((made, record.hashed(notes)), file)
            os.replace(draft, path)
            return made


def _key(call: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> str:
    from perflib.agency import Department
    from perflib.sources import prepared

    if not arguments or not isinstance(arguments[0], Department):
        return ""
    whole, plain = prepared.token(arguments[0]), [*arguments[1:], *named.values()]
    if not whole or not all(isinstance(value, PLAIN) for value in plain):
        return ""
    said = [call.__module__, call.__qualname__, whole, [repr(value) for value in arguments[1:]]]
    return digest(json.dumps([*said, sorted((name, repr(value)) for name, value in named.items())]))[:32]
