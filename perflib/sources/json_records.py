"""The records of a JSON text, read piece by piece: a list, one per line, or the one list that an object holds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

from perflib.engine.connection import Engine
from perflib.errors import PerflibError, SourceError
from perflib.files import limits
from perflib.privacy.quoting import quoted, quoted_all
from perflib.sources import textfile
from perflib.sources.cell_text import shown
from perflib.sources.staged import Row, Staged, texts

_WANTED = 'wanted: [{"column": value, ...}, ...], or one such object in each line'
_MORE = "exceededTransferLimit"


def stage(path: Path, reader: dict[str, Any], engine: Engine) -> Staged:
    """The records of the file as texts; its columns are the keys of all records, in order of appearance.

    Raises
    ------
    SourceError : not JSON, not a list of records, past a limit, or a key that stands twice in a record.
    """
    member = reader.get("member", "")
    seen = textfile.look(path, reader.get("encoding", ""), member, endless=True)
    notes = [seen.note] if seen.note else []
    header: list[str] = []
    with textfile.text(path, seen.encoding, member) as stream:
        found = _records(_Values(stream, path.name), path.name, notes)
        return texts(path.name, header, _rows(found, header, path.name), engine, sha256=seen.sha256, notes=notes)


def _rows(found: Iterator[Any], header: list[str], where: str) -> Iterator[Row]:
    """The records as rows; ``header`` grows by every new key."""
    places: dict[str, int] = {}
    for number, record in enumerate(found, 1):
        place = f"{where}, record {number:,}"
        if not isinstance(record, dict):
            raise SourceError("not a list of records", where=place, do=_WANTED)
        if new := [key for key in record if key not in places]:
            limits.columns(new, place, len(header))
            places |= {key: at for at, key in enumerate(new, len(header))}
            header += new
        cells: list[str | None] = [None] * len(header)
        for key, cell in record.items():
            cells[places[key]] = shown(cell, place)
        yield (number,), cells


def _records(values: _Values, where: str, notes: list[str]) -> Iterator[Any]:
    """The records, whatever holds them."""
    begun = list(islice(values, 2))
    if values.listed or len(begun) != 1 or not isinstance(begun[0], dict):
        yield from chain(begun, values)
        return
    first = begun[0]
    if "error" in first and not any(isinstance(value, list) for value in first.values()):
        raise SourceError("an error that a service gave instead of records", where=where, do="ask the service again")
    cut = [value for value in (first, first.get("properties")) if isinstance(value, dict) and value.get(_MORE) is True]
    if cut:
        notes.append(f"{where}: the service gave a part of the records only ({_MORE}); the others are in further files")
    yield from _wrapped(first, where)


def _wrapped(first: dict[str, Any], where: str) -> Iterator[Any]:
    """The records that one object holds, those of a map service included; an object that holds none is a record."""
    lists = {key: value for key, value in first.items() if isinstance(value, list)}
    if isinstance(first.get("features"), list):
        for feature in first["features"]:
            value = feature if isinstance(feature, dict) else {}
            yield value.get("attributes") or value.get("properties") or feature
    elif len(lists) > 1:
        raise SourceError(
            f"holds {len(lists)} lists, one list of records was wanted",
            where=where,
            choices=quoted_all(lists),
            do="keep one of them in the file",
        )
    else:
        yield from next(iter(lists.values()), [first])


class _Values:
    """The values of a text one after another: those of the list it is (``listed``), else those that follow another."""

    def __init__(self, stream: TextIO, where: str) -> None:
        self.stream, self.where = stream, where
        self.buffer, self.at, self.lines, self.ended = "", 0, 1, False
        self.decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_float=_float, parse_constant=_constant)
        self.listed = self._sign() == "["
        self.at += self.listed
        self.found = self._list() if self.listed else self._each()

    def __iter__(self) -> Iterator[Any]:
        return self.found

    def __next__(self) -> Any:
        return next(self.found)

    def _list(self) -> Iterator[Any]:
        sign = self._sign()
        while sign != "]":
            yield self._value()
            sign = self._sign()
            if sign == ",":
                self.at += 1
                self._sign()
            elif sign != "]":
                raise self._fault("a comma or the end of the list was wanted", self.at)
        self.at += 1
        if self._sign():
            raise self._fault("more text after the list", self.at)

    def _each(self) -> Iterator[Any]:
        while self._sign():
            yield self._value()

    def _sign(self) -> str:
        """The next sign that is not blank, read if need be; empty at the end."""
        while True:
            self.at = json.decoder.WHITESPACE.match(self.buffer, self.at).end()  # type: ignore[attr-defined]
            if self.at < len(self.buffer) or not self._more():
                return self.buffer[self.at : self.at + 1]

    def _value(self) -> Any:
        """The next value; more of the text is read where the value may be cut, or a number may go on."""
        while True:
            fault = None
            try:
                found, end = self.decoder.raw_decode(self.buffer, self.at)
            except json.JSONDecodeError as error:
                fault, end = self._fault(error.msg, error.pos), len(self.buffer)
                if not error.msg.startswith("Unterminated string") and error.pos <= end - 16:
                    raise fault from error
            except RecursionError as error:
                words = f"more than {limits.JSON_DEPTH} lists or objects in one another"
                raise self._fault(words, self.at) from error
            except PerflibError:
                raise
            except ValueError as error:  # Python's own limit of digits
                raise self._fault(f"a number of more than {limits.DIGITS:,} digits", self.at) from error
            if end == len(self.buffer) and self._more():
                continue
            if fault:
                raise fault
            if end - self.at > limits.JSON_RECORD:
                raise self._long()
            self.at = end
            return found

    def _more(self) -> bool:
        """Take in more of the text; what is done with is dropped."""
        self.lines += self.buffer.count("\n", 0, self.at)
        self.buffer, self.at = self.buffer[self.at :], 0
        if len(self.buffer) > limits.JSON_RECORD:
            raise self._long()
        new = "" if self.ended else self.stream.read(max(textfile.CHUNK, len(self.buffer)))
        self.ended = not new
        self.buffer += new
        return bool(new)

    def _long(self) -> SourceError:
        return SourceError(
            f"a record, or one object around all, of more than {limits.JSON_RECORD >> 20} million characters",
            where=f"{self.where}, line {self.lines}",
            do="write one record in each line, or a plain list",
        )

    def _fault(self, words: str, at: int) -> SourceError:
        line = self.lines + self.buffer.count("\n", 0, at)
        return SourceError(f"not readable as JSON ({words})", where=f"{self.where}, line {line}", do=_WANTED)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [key for key, _ in pairs]
            key = next(key for key in names if names.count(key) > 1)
            raise self._fault(f"key {quoted(key)!r} stands twice in one object", self.at)
        return found


def _float(text: str) -> float | str:
    """A number; as its text where it is too large for one."""
    found = float(text)
    return found if math.isfinite(found) else text


def _constant(text: str) -> str | None:
    """NaN is no value; Infinity is a text, and so no number."""
    return None if text == "NaN" else text
