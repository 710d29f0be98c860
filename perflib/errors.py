"""The errors a user can meet, each named after the person who can mend it.

Every message says what is wrong, where, what to do, and, where there is a choice, the valid choices.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

#: what no message shows -> what it shows instead
_hidden: dict[str, str] = {}


def hide(text: str, instead: str) -> None:
    """From now on messages and reports of this process show ``instead`` where the path ``text`` would stand."""
    for form in (text, text.replace("\\", "/"), text.replace("\\", "\\\\")):
        _hidden[form] = instead


def shown(text: str) -> str:
    """``text`` as it may be shown: of what environment variables hold, only how it was written."""
    for secret in sorted(_hidden, key=len, reverse=True):
        text = re.sub(rf"(?<![\w+]){re.escape(secret)}(?![\w-])", lambda _, instead=_hidden[secret]: instead, text)  # type: ignore[misc]
    return text


def why(fault: Exception) -> str:
    """Why a file cannot be read, in words that quote neither its content nor its place."""
    import json

    import yaml

    if isinstance(fault, OSError):
        return fault.strerror or type(fault).__name__
    if isinstance(fault, UnicodeDecodeError):
        return f"byte {fault.start + 1} is not of the encoding {fault.encoding}"
    if isinstance(fault, json.JSONDecodeError):
        return f"line {fault.lineno}: {fault.msg}"
    if isinstance(fault, yaml.MarkedYAMLError) and fault.problem_mark:
        quoted = not fault.problem or "'" in fault.problem or '"' in fault.problem  # a piece of the content
        return f"line {fault.problem_mark.line + 1}: {'not YAML' if quoted else fault.problem}"
    return " ".join(str(fault).split()) if isinstance(fault, yaml.YAMLError) else "its content is not as wanted"


def named(key: object) -> str:
    """A key of a file in a message; one that can be no key is not shown: the file may be something else altogether."""
    return repr(key) if re.fullmatch(r"[\w -]{0,40}", str(key)) else "(not shown)"


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
        self.what, self.where, self.do = shown(what), shown(where), shown(do)
        self.choices = tuple(shown(str(choice)) for choice in choices)
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


@contextmanager
def alone() -> Iterator[None]:
    """Errors leave this context without what caused them: it may quote a record or a path, and tracebacks show it."""
    try:
        yield
    except PerflibError as error:
        error.__cause__ = error.__context__ = None
        raise


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
