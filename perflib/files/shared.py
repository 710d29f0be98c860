"""What the reports of one batch compute once: each asks for it by its name, the first computes it, the others read it.

It is off unless the variable FOLDER names a private folder, which only a batch does. The folder goes with the batch.
"""

from __future__ import annotations

import functools
import json
import math
import os
import pickle
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from perflib.files import record
from perflib.privacy.locked import only_one

#: names the private folder of a batch
FOLDER = "PERFLIB_SHARED"
#: objects that were read from the folder and not changed since, with the names they have there
names: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
_PLAIN = (str, int, float, bool, type(None))
P = ParamSpec("P")
T = TypeVar("T")


def folder() -> Path | None:
    """The folder of this batch; None outside a batch."""
    return Path(os.environ[FOLDER]) if os.environ.get(FOLDER) else None


def once(name: str, make: Callable[[], T]) -> T:
    """What the folder holds under ``name``, computed and put there first if need be; simply computed outside a batch.

    What was read for it is noted for everybody who takes it.
    """
    place = folder()
    if place is None:
        return make()
    file = place / f"{name}.pickle"
    with only_one(place / f"{name}.lock", math.inf):
        if not file.exists():
            with record.gathered() as notes:
                made = make()
            handle, draft = tempfile.mkstemp(dir=place)
            with os.fdopen(handle, "wb") as stream:
                pickle.dump((made, record.hashed(notes)), stream)
            os.replace(draft, file)
    value, notes = pickle.loads(file.read_bytes())  # written by this user, for this batch
    record.replay(notes)
    return value


def once_per_batch(metric: Callable[P, T]) -> Callable[P, T]:
    """A metric whose Result is computed and drawn once for all reports of a batch that ask for the same.

    That is so where its first argument is a department as it was opened, nothing left out, and all others are plain
    values. Facts are those of a report by itself.
    """

    @functools.wraps(metric)
    def shared(*arguments: P.args, **options: P.kwargs) -> T:
        opened = names.get(arguments[0], "") if arguments else ""
        rest = [*arguments[1:], *options.values()]
        if not opened or not all(isinstance(value, _PLAIN) for value in rest):
            return metric(*arguments, **options)
        question = [metric.__module__, metric.__qualname__, opened, repr(arguments[1:]), repr(sorted(options.items()))]
        result: Any = once(record.digest(json.dumps(question))[:32], lambda: _drawn(metric(*arguments, **options)))
        return result

    return shared


def _drawn(result: Any) -> Any:
    """The Result with the form in which a notebook shows it, which goes with it."""
    object.__setattr__(result, "bundle", result._repr_mimebundle_())
    return result
