"""One look at the bytes of a text file: encoding, web pages, NUL bytes, endless lines, its sha256."""

from __future__ import annotations

import codecs
import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TextIO

import numpy as np

from perflib.errors import SourceError
from perflib.files import limits
from perflib.sources.unpacked import CHUNK, kind, opened

#: the encoding of a text that is UTF-8 but for some bytes, which are read as cp1252
MIXED = "utf-8 or cp1252"
#: the mark of UTF-32 begins with that of UTF-16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _as_cp1252(fault: UnicodeError) -> tuple[str, int]:
    if not isinstance(fault, UnicodeDecodeError):
        raise fault
    return fault.object[fault.start : fault.end].decode("cp1252"), fault.end


codecs.register_error(MIXED, _as_cp1252)


@dataclass(frozen=True)
class Look:
    """What the bytes show. ``plain``: no quote stands in it and all its lines end alike.

    ``ends`` is how its lines end, as :func:`open` takes it: at every sign of an end where there are carriage returns
    and no line feed (old Macs), else at line feeds alone.
    """

    encoding: str
    sha256: str
    lines: int
    plain: bool
    returns: bool = False
    raw: bool = True
    note: str = ""
    ends: str = "\n"


def look(path: Path, stated: str = "", member: str = "", endless: bool = False) -> Look:
    """Read the bytes once, in bounded memory; ``endless`` lets a line be of any length (JSON).

    Raises
    ------
    SourceError : empty file, web page, NUL byte, a line past the limit, or bytes that are not of the encoding.
    """
    with opened(path, member) as stream:
        head = stream.read(CHUNK)
        refuse_kind(head, path.name)
        encoding = _encoding(head, stated, path)
        if web_page(head, encoding):
            raise SourceError(
                "a web page, not a table of records",
                where=path.name,
                do="fetch the file itself, not the page that shows it; a table in a page: save it from Excel as CSV",
            )
        return _Scan(path, encoding, stated, endless).run(head, stream)


class _Scan:
    """Counts over the chunks of one file."""

    def __init__(self, path: Path, encoding: str, stated: str, endless: bool) -> None:
        self.path, self.encoding, self.stated, self.endless = path, encoding, stated, endless
        self.wide = encoding.startswith(("utf-16", "utf-32"))
        self.hash, self.decoder = hashlib.sha256(), codecs.getincrementaldecoder(encoding)()
        self.lines = self.run_length = self.returns = self.pairs = 0
        self.ascii, self.quoted, self.note, self.last = True, False, "", b""

    def run(self, head: bytes, stream: IO[bytes]) -> Look:
        if not head:
            raise SourceError("the file is empty", where=self.path.name, do="export it again")
        chunk = head
        while chunk:
            self._take(chunk)
            chunk = stream.read(CHUNK)
        self._decode(b"", True)
        lines, returns = self.lines + (not self.last.endswith(b"\n")), self.returns
        plain = not (self.quoted or self.wide or returns != self.pairs) and returns in (0, self.lines)
        digest, raw = self.hash.hexdigest(), isinstance(getattr(stream, "raw", None), io.FileIO)
        ends = "" if returns and not self.lines else "\n"
        return Look(self.encoding, digest, lines, plain, returns > 0, raw, self.note, ends)

    def _take(self, chunk: bytes) -> None:
        self.hash.update(chunk)
        if not self.wide and b"\0" in chunk:
            raise self._nul(chunk[: chunk.index(b"\0")].count(b"\n"))
        self._measure(chunk)
        self.ascii = self.ascii and chunk.isascii() and not self.wide
        if not self.ascii or self.encoding == "utf-8-sig":
            self._decode(chunk, False)
        self.last = chunk[-1:]

    def _measure(self, chunk: bytes) -> None:
        # absence is told much faster than it is counted
        # line feeds are many: counted by comparison of whole blocks
        breaks = int(np.count_nonzero(np.frombuffer(chunk, dtype=np.uint8) == ord("\n")))
        returns = chunk.count(b"\r") if b"\r" in chunk else 0
        self.quoted = self.quoted or b'"' in chunk
        self.pairs += chunk.count(b"\r\n") if returns else 0
        self.pairs += self.last == b"\r" and chunk.startswith(b"\n")
        if breaks or returns:
            self.run_length = len(chunk) - max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        else:
            self.run_length += len(chunk)
        if self.run_length > limits.LINE and not self.endless:
            raise SourceError(
                f"a line of more than {limits.LINE:,} bytes, records of a table were wanted",
                where=f"{self.path.name}, line {self.lines + breaks + 1}",
                do="check how the file was exported",
            )
        self.lines += breaks
        self.returns += returns

    def _decode(self, chunk: bytes, final: bool) -> None:
        try:
            if "\0" in self.decoder.decode(chunk, final):
                raise self._nul(0)
        except UnicodeError as fault:
            if self.stated or self.encoding != "utf-8":
                raise self._undecodable(fault) from fault
            self.encoding, self.note = MIXED, f"{self.path.name}: not UTF-8 throughout; what is not was read as cp1252"
            self.decoder = codecs.getincrementaldecoder("utf-8")(MIXED)
            self._decode(chunk, final)

    def _nul(self, before: int) -> SourceError:
        return SourceError(
            "a NUL byte, text was wanted",
            where=f"{self.path.name}, line {self.lines + before + 1}",
            do="export again as text; if it is UTF-16 say so: `reader: {encoding: utf-16}`",
        )

    def _undecodable(self, fault: UnicodeError) -> SourceError:
        byte = fault.object[fault.start : fault.start + 1].hex() if isinstance(fault, UnicodeDecodeError) else ""
        return SourceError(
            f"{byte and f'byte 0x{byte}, '}text in {self.encoding} was wanted",
            where=f"{self.path.name}, line {self.lines or 1} or before",
            do="state the encoding in the mapping: `reader: {encoding: ...}`",
            choices=("utf-8", "utf-8-sig", "cp1252", "utf-16"),
        )


def plain_lines(path: Path, wanted: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Number and text of the wanted lines (from 1, ascending) of an uncompressed UTF-8 file."""
    with opened(path) as stream:
        at = 0
        for line in wanted:
            raw = next(islice(stream, line - at - 1, None), None)
            at = line
            if raw is None:
                return
            yield line, raw.decode("utf-8-sig" if line == 1 else "utf-8").rstrip("\r\n")


def last_lines(path: Path, size: int = 1 << 17) -> list[str]:
    """The last whole lines of an uncompressed UTF-8 file."""
    with opened(path) as stream:
        stream.seek(max(0, path.stat().st_size - size))
        return stream.read().decode("utf-8", errors="replace").replace("\r\n", "\n").split("\n")[1:]


@contextmanager
def text(path: Path, encoding: str, member: str = "", newline: str = "") -> Iterator[TextIO]:
    """The text of a file; its lines keep their ends, as ``newline`` says they are (as of :func:`open`)."""
    errors = MIXED if encoding == MIXED else "strict"
    with opened(path, member) as stream:
        name = "utf-8" if encoding == MIXED else encoding
        with io.TextIOWrapper(stream, encoding=name, errors=errors, newline=newline) as found:
            yield found


def _encoding(head: bytes, stated: str, path: Path) -> str:
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "")
    wide = wide_mark(head)
    if not stated and wide:
        raise SourceError(
            f"text in {marked.upper()} found, UTF-8 was wanted",
            where=path.name,
            do=f"add `reader: {{encoding: {marked}}}` to the mapping or export as UTF-8",
        )
    if not stated:
        return marked or "utf-8"
    found = codecs.lookup(stated).name
    if not marked or found.startswith(marked):
        return marked or found
    if (marked, found) == ("utf-8-sig", "utf-8"):
        return marked
    raise SourceError(
        f"text in {marked.removesuffix('-sig').upper()} found, {stated} was wanted",
        where=path.name,
        do="correct reader.encoding",
    )


def wide_mark(head: bytes) -> str:
    """utf-16 or utf-32 where a text begins with the mark of it."""
    return next((encoding for mark, encoding in _MARKS[1:] if head.startswith(mark)), "")


def refuse_kind(head: bytes, where: str) -> None:
    """Refuse what is no text for certain: packed once more, or a file of another program."""
    words, do = kind(head)
    if words:
        raise SourceError(f"{words}, text was wanted", where=where, do=do)


def web_page(head: bytes, encoding: str = "utf-8") -> bool:
    """Whether a file begins as a web page or another text in angle brackets."""
    start = head[:4096].decode(encoding, errors="ignore").lstrip("\ufeff \r\n\t").lower()
    return start.startswith(("<!doctype", "<html", "<?xml", "<head", "<body", "<script", "<table", "<meta", "<!--"))
