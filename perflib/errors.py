"""The errors a user can meet, each named after the person who can mend it.

Every message says what is wrong, where, what to do, and, where there is a choice, the valid choices.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class PerflibError(ValueError):
    """Base of all errors that a user's input can cause; catch this to show a message without a traceback.

    Parameters
    ----------
    what : the fault in one clause, without a full stop.
    where : file, record, column or argument at fault.
    do : what to do about it.
    choices : the valid values, listed in the message (and on ``.choices``).
    found : the value found, used to suggest the nearest valid choice.
    """

    def __init__(
        self, what: str, *, where: str = "", do: str = "", choices: Iterable[object] = (), found: object = None
    ) -> None:
        self.what, self.where, self.do = what, where, do
        self.choices = tuple(str(choice) for choice in choices)
        self.found = found
        super().__init__(self._message())

    def _message(self) -> str:
        parts = [f"{self.where}: {self.what}" if self.where else self.what]
        near = get_close_matches(str(self.found), self.choices, n=1) if self.found is not None else []
        if near:
            parts.append(f"did you mean {near[0]!r}?")
        if self.do:
            parts.append(self.do)
        if self.choices:
            shown = ", ".join(self.choices[:40]) + (", ..." if len(self.choices) > 40 else "")
            parts.append(f"valid: {shown}")
        return "; ".join(parts)


class SourceError(PerflibError):
    """A file or table cannot be read as records: whoever made the export must act.

    ``report`` says what became of the records where the source was read to its end before it was refused.
    """

    report: Any = None


class MappingError(PerflibError):
    """A mapping does not fit the canonical schema or the file: whoever wrote the mapping must act."""


class DepartmentError(PerflibError):
    """A department file, or what is asked of a department, is wrong: whoever keeps that file must act."""


class InputError(PerflibError):
    """An argument of a library function is wrong, alone or against the data: the caller must act."""


class ParameterError(InputError):
    """A report or notebook parameter is unknown, of the wrong type or not a valid value: whoever asked must act."""


class PrivacyError(PerflibError):
    """What is asked would disclose a person or use a protected field: the data-protection lead must act."""
