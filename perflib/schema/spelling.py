"""One spelling of a text: an accent is one sign with its letter, however a system composes the two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from unicodedata import normalize


def composed(value: Any) -> Any:
    """Texts in Unicode's composed form (NFC), those in lists and dictionaries too; anything else as it is."""
    if isinstance(value, str):
        return normalize("NFC", value)
    if isinstance(value, dict):
        return {composed(key): composed(each) for key, each in value.items()}
    return type(value)(map(composed, value)) if isinstance(value, (list, tuple, set)) else value


def asked(cell: Mapping[str, Any]) -> dict[str, str]:
    """The columns and values of a cell that a caller asked for; empty values mean all."""
    return {column: composed(str(value)) for column, value in cell.items() if value not in ("", None)}


def floated(words: Iterable[str]) -> list[str]:
    """The words, whole numbers also as pandas writes them where another row has none: 1007 and 1007.0."""
    given = list(words)
    return list(dict.fromkeys([*given, *(f"{word}.0" for word in given if word.isascii() and word.isdigit())]))
