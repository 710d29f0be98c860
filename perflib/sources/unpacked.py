"""The bytes of a file, unpacked where they are packed: never of a pipe, never more than the limits allow."""

from __future__ import annotations

import errno
import gzip
import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from perflib.errors import SourceError
from perflib.files import limits
from perflib.privacy.quoting import quoted, quoted_all

CHUNK = 1 << 20
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, lzma.LZMAError, NotImplementedError)
_AGAIN = "unpack it, and pack no file twice"
#: how files that are no text begin, what they are, and what to do
_KINDS = (
    (0, b"\x1f\x8b", "a gzip file", _AGAIN),
    (0, b"PK\x03\x04", "a zip archive or a workbook", _AGAIN),
    (0, b"BZh", "a bzip2 file", "unpack it"),
    (0, b"\xfd7zXZ", "an xz file", "unpack it"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it"),
    (0, b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (0, b"Rar!", "a rar archive", "unpack it"),
    (0, b"%PDF", "a PDF", "ask for the records as CSV or Parquet"),
    (0, b"PAR1", "a Parquet file", "set `reader: {format: parquet}` in the mapping"),
    (8, b"DUCK", "a DuckDB file", "set `reader: {format: duckdb, relation: ...}` in the mapping"),
    (0, b"SQLite format 3\0", "an SQLite database", "export the table as CSV or Parquet"),
    (0, b"\xd0\xcf\x11\xe0", "a workbook of old Excel", "set `reader: {format: excel}` in the mapping"),
)


def kind(head: bytes) -> tuple[str, str]:
    """What a file is that begins so, and what to do with it where text is wanted; empty where it may be text."""
    return next(((words, do) for at, magic, words, do in _KINDS if head[at:].startswith(magic)), ("", ""))


def of_kind(path: Path, wanted: str) -> None:
    """Refuse a file that does not begin as one of this kind, and say what it is."""
    words, do = kind(regular(path))
    if words != wanted:
        raise SourceError(
            f"{words}, {wanted} was wanted" if words else f"not {wanted}",
            where=path.name,
            do=do or "correct reader.format or the name of the file, or fetch the file again",
        )


def regular(path: Path) -> bytes:
    """The first bytes of a file; a pipe or a device is refused before it is opened, since it may never answer.

    Raises
    ------
    SourceError : not a file that can be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError("not a file")
        with open(path, "rb") as stream:
            return stream.read(64)
    except (OSError, ValueError) as fault:
        raise refused(path, fault) from fault


def refused(path: Path, fault: Exception) -> SourceError:
    """The named error for a file the system does not give."""
    if path.is_dir():
        return SourceError("is a folder, a file was wanted", where=str(path), do="name a file or a glob of files")
    if isinstance(fault, FileNotFoundError):
        return SourceError("no such file", where=str(path))
    if isinstance(fault, PermissionError):
        return SourceError(
            "may not be read; it may be open in another program", where=path.name, do="close it in Excel and try again"
        )
    if getattr(fault, "errno", 0) == errno.ELOOP:
        return SourceError("a link that leads back to itself", where=path.name, do="name the file itself")
    if isinstance(fault, OSError) and fault.errno is None:
        return SourceError("a pipe or a device, a file was wanted", where=path.name, do="save what it gives as a file")
    return SourceError(f"cannot be read ({getattr(fault, 'strerror', None) or fault})", where=path.name)


@contextmanager
def opened(path: Path, member: str = "") -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked where they are gzip or a member of a zip.

    Raises
    ------
    SourceError : the file is absent, a folder, a pipe, in use, damaged, encrypted, or larger than the limits allow.
    """
    head = regular(path)
    if member and not head.startswith(b"PK\x03\x04"):
        raise SourceError("`member` is stated, and the file is no zip archive", where=path.name, do="take it out")
    try:
        with open(path, "rb") as raw:
            if head.startswith(b"\x1f\x8b"):
                with gzip.open(raw) as packed:
                    yield _bounded(packed, path.stat().st_size, path)
            elif head.startswith(b"PK\x03\x04"):
                with zipfile.ZipFile(_Directory(raw, path)) as archive:
                    found = _member(archive, member, path)
                    with archive.open(found) as packed:
                        yield _bounded(packed, found.compress_size, path)
            else:
                yield raw
    except _DAMAGED as fault:
        raise SourceError(
            f"the compressed file is damaged or cut short ({type(fault).__name__})",
            where=path.name,
            do="fetch the file again",
        ) from None
    except OSError as fault:
        if fault.errno in limits.FULL:  # of the folder that is written to, not of this file
            raise
        raise refused(path, fault) from fault


class _Directory:
    """A file that does not give the whole of an endless table of contents at once."""

    def __init__(self, raw: IO[bytes], path: Path) -> None:
        self.raw, self.path = raw, path

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)

    def read(self, size: int = -1) -> bytes:
        if size > limits.DIRECTORY:
            raise _too_many(self.path)
        return self.raw.read(size)


def _too_many(path: Path) -> SourceError:
    return SourceError(f"an archive of more than {limits.MEMBERS:,} files", where=path.name, do="unpack the one wanted")


class _Bounded(io.RawIOBase):
    """Unpacked bytes, counted."""

    def __init__(self, packed: IO[bytes], limit: int, path: Path) -> None:
        self.packed, self.left, self.limit, self.path = packed, limit, limit, path

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self.packed.read(len(buffer))
        self.left -= len(found)
        if self.left < 0:
            raise _too_large(self.limit, self.path)
        buffer[: len(found)] = found
        return len(found)


def _bounded(packed: Any, size: int, path: Path) -> IO[bytes]:
    return io.BufferedReader(_Bounded(packed, _limit(size), path), CHUNK)


def _limit(size: int) -> int:
    return min(limits.UNPACKED, max(limits.RATIO_FROM, limits.RATIO * size))


def counted(path: Path, size: int) -> None:
    """Refuse a file that unpacks to more bytes than the limits allow for its own size."""
    limit = _limit(path.stat().st_size)
    if size > limit:
        raise _too_large(limit, path)


def _too_large(limit: int, path: Path) -> SourceError:
    return SourceError(
        f"unpacks to more than {limit >> 20:,} MB, which no table of records does",
        where=path.name,
        do="unpack it and look at it; a plain file has no such limit",
    )


def sized(path: Path) -> None:
    """Refuse a workbook that unpacks to more than the limits allow, as far as it says so itself."""
    try:
        with open(path, "rb") as raw, zipfile.ZipFile(_Directory(raw, path)) as archive:
            counted(path, sum(one.file_size for one in archive.infolist()))
    except (*_DAMAGED, OSError):
        return  # the reader says what is wrong with it


def _member(archive: zipfile.ZipFile, member: str, path: Path) -> zipfile.ZipInfo:
    # __MACOSX holds what the archiver of macOS adds to each file
    found = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
    names = [one.filename for one in found]
    if len(names) > limits.MEMBERS:
        raise _too_many(path)
    if "[Content_Types].xml" in names:
        raise SourceError(
            "an Excel workbook, text was wanted", where=path.name, do="set `reader: {format: excel}` in the mapping"
        )
    if member and names.count(member) != 1:
        raise SourceError(
            f"{names.count(member) or 'no'} members {member!r}, one was wanted",
            where=path.name,
            found=member,
            choices=quoted_all(names, member),
        )
    if not member and len(names) != 1:
        raise SourceError(
            f"holds {len(names)} files, one was wanted",
            where=path.name,
            choices=quoted_all(names),
            do="name one: `reader: {member: ...}`",
        )
    one = found[names.index(member or names[0])]
    if one.flag_bits & 1:
        raise SourceError(
            "encrypted, a password is needed", where=f"{path.name}, {quoted(one.filename)}", do="unpack it first"
        )
    return one
