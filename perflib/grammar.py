"""The shape of a file of settings, declared once: every value is checked and typed before any code sees it.

What is read are texts, lists and mappings, as :mod:`perflib.strict_yaml` gives them; a kind says which of them a place
takes and what a text there means. Nothing is coerced in silence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from perflib.errors import MappingError, PerflibError, named

_NAMES: dict[Any, str] = {str: "a text", list: "a list", dict: "`name: value` pairs"}


@dataclass(frozen=True)
class Place:
    """Where a value stands, and the class of the error that a wrong one raises."""

    where: str
    error: Callable[..., PerflibError] = MappingError

    def at(self, name: str) -> Place:
        """The place of a key inside this one."""
        return replace(self, where=f"{self.where}, {shown(name)}")

    def wrong(self, what: str, **more: Any) -> PerflibError:
        """The error to raise."""
        return self.error(what, where=self.where, **more)


class Kind(Protocol):
    """What a place takes; ``wanted`` says it in words."""

    @property
    def wanted(self) -> str: ...

    def read(self, raw: Any, place: Place) -> Any: ...


def shown(text: Any) -> str:
    """A text as a message shows it: short, on one line, nothing that steers a terminal."""
    found = "".join(sign if sign.isprintable() else " " for sign in str(text)[:60])
    return found + ("..." if len(str(text)) > 60 else "")


def mismatch(kind: Kind, raw: Any, place: Place) -> PerflibError:
    """The error of a value of the wrong shape."""
    found = f"{shown(raw)!r}" if isinstance(raw, str) else _NAMES.get(type(raw), type(raw).__name__)
    return place.wrong(f"{found} where {kind.wanted} is wanted")


def _at_most(most: int, found: Any) -> str:
    return f" (at most {most:,})" if len(found) > most else ""


@dataclass(frozen=True)
class Text:
    """A text, one of ``choices`` if there are any; ``check`` takes it with its place in words, and gives the value."""

    choices: tuple[str, ...] = ()
    empty: bool = False
    check: Callable[[str, str], Any] | None = None
    wanted: str = "a text"

    def read(self, raw: Any, place: Place) -> Any:
        """The text, checked."""
        if not isinstance(raw, str) or not (raw or self.empty):
            raise mismatch(self, raw, place)
        if self.choices and raw not in self.choices:
            wanted = self.wanted if self.wanted != "a text" else "one of some words"
            raise place.wrong(f"{shown(raw)!r} where {wanted} is wanted", choices=self.choices, found=shown(raw))
        return self.check(raw, place.where) if self.check else raw


@dataclass(frozen=True)
class Flag:
    """True or false."""

    wanted: str = "true or false"

    def read(self, raw: Any, place: Place) -> bool:
        """The flag."""
        if not isinstance(raw, str) or raw.lower() not in ("true", "false", "yes", "no"):
            raise mismatch(self, raw, place)
        return raw.lower() in ("true", "yes")


@dataclass(frozen=True)
class Number:
    """A finite number between two bounds, both included."""

    low: float
    high: float
    whole: bool = False

    @property
    def wanted(self) -> str:
        """The bounds in words."""
        return f"a {'whole ' if self.whole else ''}number from {self.low:g} to {self.high:g}"

    def read(self, raw: Any, place: Place) -> float:
        """The number."""
        try:
            number = float(raw) if isinstance(raw, str) and "_" not in raw else math.nan
        except ValueError:
            number = math.nan
        if not self.low <= number <= self.high or (self.whole and number != int(number)):
            raise mismatch(self, raw, place)
        return int(number) if self.whole else number


@dataclass(frozen=True)
class Anything:
    """What is checked elsewhere, or read by people alone."""

    wanted: str = "anything"

    def read(self, raw: Any, place: Place) -> Any:
        """The value as it is."""
        return raw


@dataclass(frozen=True)
class Many:
    """A list, as a tuple; one value alone is a list of one where ``alone``."""

    kind: Kind
    alone: bool = True
    least: int = 0
    most: int = 1_000

    @property
    def wanted(self) -> str:
        """The shape in words."""
        return f"{self.kind.wanted}, or a list," if self.alone else f"a list (each {self.kind.wanted})"

    def read(self, raw: Any, place: Place) -> tuple[Any, ...]:
        """The values."""
        if isinstance(raw, list):
            found = tuple(self.kind.read(item, place) for item in raw)
        elif raw == "" and not (self.alone and getattr(self.kind, "empty", False)):
            found = ()
        elif self.alone:
            found = (self.kind.read(raw, place),)
        else:
            raise mismatch(self, raw, place)
        if not self.least <= len(found) <= self.most:
            raise place.wrong(f"{len(found) or 'nothing'} where {self.wanted} is wanted{_at_most(self.most, found)}")
        return found


@dataclass(frozen=True)
class Pairs:
    """``name: value`` pairs of any names."""

    kind: Kind
    wanted: str = "`name: value` pairs"
    least: int = 0
    most: int = 1_000

    def read(self, raw: Any, place: Place) -> dict[str, Any]:
        """The values by name."""
        if raw != "" and not isinstance(raw, dict):
            raise mismatch(self, raw, place)
        if not self.least <= len(raw) <= self.most:
            raise place.wrong(f"{len(raw) or 'nothing'} where {self.wanted} are wanted{_at_most(self.most, raw)}")
        return {name: self.kind.read(value, place.at(name)) for name, value in raw.items()} if raw else {}


@dataclass(frozen=True)
class Either:
    """One kind for texts, another for lists, another for pairs."""

    wanted: str
    text: Kind | None = None
    items: Kind | None = None
    pairs: Kind | None = None

    def read(self, raw: Any, place: Place) -> Any:
        """The value, as its kind gives it."""
        kinds: dict[Any, Kind | None] = {str: self.text, list: self.items, dict: self.pairs}
        kind = kinds.get(type(raw))
        if kind is None:
            raise mismatch(self, raw, place)
        return kind.read(raw, place)


@dataclass(frozen=True)
class Key:
    """One key of a record. ``only`` are the column types, or the readers, for which it does anything; empty: all."""

    kind: Kind
    meaning: str
    required: bool = False
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """Pairs with stated keys; ``short`` is the key that a text or a list alone stands for."""

    keys: Mapping[str, Key]
    wanted: str = "`name: value` pairs"
    short: str = ""

    def read(self, raw: Any, place: Place) -> dict[str, Any]:
        """The values of the keys that are given."""
        raw = {self.short: raw} if self.short and not isinstance(raw, dict) else raw
        if raw != "" and not isinstance(raw, dict):
            raise mismatch(self, raw, place)
        for name in raw:
            if name not in self.keys:
                raise place.wrong(f"unknown key {named(name)}", choices=self.keys, found=shown(name))
        lacking = [f"`{name}`" for name, key in self.keys.items() if key.required and name not in raw]
        if lacking:
            raise place.wrong(f"needs {' and '.join(lacking)}")
        read = raw.items() if raw else ()
        return {name: self.keys[name].kind.read(value, place.at(name)) for name, value in read}


def idle(keys: Mapping[str, Key], given: Sequence[str], use: str, what: str, place: Place) -> None:
    """Refuse a key that does nothing for this ``use`` (a column type, a reader); ``what`` names the use in words."""
    for name in given:
        if keys[name].only and use not in keys[name].only:
            raise place.wrong(
                f"`{name}` does nothing for {what}; it is for {' and '.join(keys[name].only)}",
                do="take it out",
                choices=[other for other, key in keys.items() if not key.only or use in key.only],
            )
