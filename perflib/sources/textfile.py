"""One look at the bytes of a text file: compression, encoding, web pages, NUL bytes, endless lines, its sha256."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np

from perflib.errors import SourceError

CHUNK = 1 << 20
LINE_LIMIT = 1 << 20
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Look:
    """What the bytes show. ``plain``: no quote stands in it and all its lines end alike."""

    encoding: str
    sha256: str
    lines: int
    quotes: int
    ascii: bool
    plain: bool
    returns: bool = False
    raw: bool = True
    note: str = ""


@contextmanager
def opened(path: Path, member: str = "") -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked where they are gzip or a member of a zip.

    Raises
    ------
    SourceError : the file is absent, a folder, held by another program, or damaged.
    """
    try:
        with open(path, "rb") as raw:
            magic = raw.read(4)
            raw.seek(0)
            if magic[:2] == b"\x1f\x8b":
                with gzip.open(raw) as packed:
                    yield packed  # type: ignore[misc]
            elif magic == b"PK\x03\x04":
                with zipfile.ZipFile(raw) as archive, archive.open(_member(archive, member, path)) as packed:
                    yield packed
            else:
                yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, lzma.LZMAError, NotImplementedError) as fault:
        raise SourceError(
            f"the compressed file is damaged or cut short ({fault})", where=path.name, do="fetch the file again"
        ) from fault
    except OSError as fault:
        raise refused(path, fault) from fault


def refused(path: Path, fault: OSError) -> SourceError:
    """The named error for a file the system does not give."""
    if path.is_dir():
        return SourceError("is a folder, a file was wanted", where=str(path), do="name a file or a glob of files")
    if isinstance(fault, FileNotFoundError):
        return SourceError("no such file", where=str(path))
    if isinstance(fault, PermissionError):
        return SourceError(
            "may not be read; it may be open in another program", where=path.name, do="close it in Excel and try again"
        )
    return SourceError(f"cannot be read ({fault})", where=path.name)


def look(path: Path, stated: str = "", member: str = "", endless: bool = False) -> Look:
    """Read the bytes once, in bounded memory; ``endless`` lets a line be of any length (JSON).

    Raises
    ------
    SourceError : empty file, web page, NUL byte, a line past the limit, or bytes that are not of the encoding.
    """
    with opened(path, member) as stream:
        head = stream.read(CHUNK)
        encoding = _encoding(head, stated, path)
        _not_a_web_page(head, encoding, path)
        return _Scan(path, encoding, stated, endless).run(head, stream)


class _Scan:
    """Counts over the chunks of one file."""

    def __init__(self, path: Path, encoding: str, stated: str, endless: bool) -> None:
        self.path, self.encoding, self.stated, self.endless = path, encoding, stated, endless
        self.wide = encoding.startswith("utf-16")
        self.hash, self.decoder = hashlib.sha256(), codecs.getincrementaldecoder(encoding)()
        self.lines = self.quotes = self.run_length = self.returns = self.pairs = 0
        self.ascii, self.note, self.last = True, "", b""

    def run(self, head: bytes, stream: IO[bytes]) -> Look:
        chunk, size = head, 0
        while chunk:
            size += len(chunk)
            self._take(chunk)
            chunk = stream.read(CHUNK)
        self._decode(b"", True)
        if not size:
            raise SourceError("the file is empty", where=self.path.name, do="export it again")
        lines = self.lines + (not self.last.endswith(b"\n"))
        plain = not (self.quotes or self.wide or self.returns != self.pairs)
        plain = plain and self.returns in (0, self.lines)
        digest, packed = self.hash.hexdigest(), not isinstance(stream, io.BufferedReader)
        return Look(
            self.encoding, digest, lines, self.quotes, self.ascii, plain, self.returns > 0, not packed, self.note
        )

    def _take(self, chunk: bytes) -> None:
        self.hash.update(chunk)
        if not self.wide and b"\0" in chunk:
            at = self.lines + chunk[: chunk.index(b"\0")].count(b"\n") + 1
            raise SourceError(
                "a NUL byte, text was wanted", where=f"{self.path.name}, line {at}",
                do="export again as text; if it is UTF-16 say so: `reader: {encoding: utf-16}`",
            )
        self._measure(chunk)
        if self.ascii and chunk.isascii() and not self.wide:
            if self.encoding != "utf-8-sig":
                self.last = chunk[-1:]
                return
        else:
            self.ascii = False
        self._decode(chunk, False)
        self.last = chunk[-1:]

    def _measure(self, chunk: bytes) -> None:
        # absence is told much faster than it is counted
        breaks = _breaks(chunk)
        returns = chunk.count(b"\r") if b"\r" in chunk else 0
        self.quotes += chunk.count(b'"') if b'"' in chunk else 0
        self.pairs += chunk.count(b"\r\n") if returns else 0
        self.pairs += self.last == b"\r" and chunk.startswith(b"\n")
        if breaks or returns:
            self.run_length = len(chunk) - max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        else:
            self.run_length += len(chunk)
        if self.run_length > LINE_LIMIT and not self.endless:
            raise SourceError(
                f"a line of more than {LINE_LIMIT:,} bytes, records of a table were wanted",
                where=f"{self.path.name}, line {self.lines + breaks + 1}", do="check how the file was exported",
            )
        self.lines += breaks
        self.returns += returns

    def _decode(self, chunk: bytes, final: bool) -> None:
        try:
            self.decoder.decode(chunk, final)
        except UnicodeError as fault:
            if self.stated or self.encoding != "utf-8":
                raise self._undecodable(fault) from fault
            self.encoding, self.note = "cp1252", f"{self.path.name}: not UTF-8, read as cp1252"
            self.decoder = codecs.getincrementaldecoder("cp1252")()
            self._decode(chunk, final)

    def _undecodable(self, fault: UnicodeError) -> SourceError:
        found = ""
        if isinstance(fault, UnicodeDecodeError):
            found = f"byte 0x{fault.object[fault.start]:02x}, " if fault.start < len(fault.object) else ""
        return SourceError(
            f"{found}text in {self.encoding} was wanted", where=f"{self.path.name}, line {self.lines or 1} or before",
            do="state the encoding in the mapping: `reader: {encoding: ...}`",
            choices=("utf-8", "utf-8-sig", "cp1252", "utf-16"),
        )


def _breaks(chunk: bytes) -> int:
    """Line feeds, counted by comparison of whole blocks: they are many."""
    return int(np.count_nonzero(np.frombuffer(chunk, dtype=np.uint8) == ord("\n")))


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
        return stream.read().decode("utf-8", errors="replace").splitlines()[1:]


@contextmanager
def text_lines(path: Path, encoding: str, member: str = "") -> Iterator[Iterator[str]]:
    """The physical lines of a file, ends kept."""
    with opened(path, member) as stream, io.TextIOWrapper(stream, encoding=encoding, newline="") as text:
        yield text


def _member(archive: zipfile.ZipFile, member: str, path: Path) -> str:
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if "[Content_Types].xml" in names:
        raise SourceError(
            "an Excel workbook, text was wanted", where=path.name, do="set `reader: {format: excel}` in the mapping"
        )
    if member and member not in names:
        raise SourceError(f"no member {member!r}", where=path.name, choices=names, found=member)
    if not member and len(names) != 1:
        raise SourceError(
            f"holds {len(names)} files, one was wanted", where=path.name, choices=names,
            do="name one: `reader: {member: ...}`",
        )
    return member or names[0]


def _encoding(head: bytes, stated: str, path: Path) -> str:
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "")
    if not stated:
        if marked == "utf-16":
            raise SourceError(
                "text in UTF-16 found, UTF-8 was wanted", where=path.name,
                do="add `reader: {encoding: utf-16}` to the mapping or export as UTF-8",
            )
        return marked or "utf-8"
    try:
        codecs.lookup(stated)
    except LookupError as fault:
        raise SourceError(f"unknown encoding {stated!r}", where=path.name) from fault
    if marked == "utf-16" and not stated.lower().replace("_", "-").startswith("utf-16"):
        raise SourceError(f"text in UTF-16 found, {stated} was wanted", where=path.name, do="correct reader.encoding")
    return "utf-8-sig" if marked == "utf-8-sig" and stated.lower() in ("utf-8", "utf8") else stated.lower()


def _not_a_web_page(head: bytes, encoding: str, path: Path) -> None:
    start = head[:4096].decode(encoding, errors="ignore").lstrip("\ufeff \r\n\t").lower()
    if start.startswith(("<!doctype", "<html", "<?xml", "<head", "<body", "<script")):
        raise SourceError(
            "a web page, not a table of records", where=path.name,
            do="download the file itself, not the page that shows it",
        )
