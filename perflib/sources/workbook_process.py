"""A program of its own that prints a sheet of a workbook: a line that describes it, its rows, and `null` at the end.

It runs apart because the parser of workbooks takes whatever memory a hostile file makes it take: here the system bounds
it. It is started by its path and imports nothing of perflib. ``python workbook_process.py FILE SHEET BYTES``.
"""

from __future__ import annotations

import datetime as dt
import json
import posixpath
import re
import sys
import zipfile
from typing import Any
from xml.etree import ElementTree

CHUNK = 1 << 22
_CELL = re.compile(rb"<c\b([^>]*)>\s*<f\b[^>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
_ERROR = re.compile(rb"<c\b([^>]*\bt=\"e\"[^>]*)>")
_TEXT = re.compile(rb"\bt=\"str\"")
_PLACE = re.compile(rb"\br=\"([A-Z]+[0-9]+)\"")


def main(path: str, sheet: str, memory: int) -> None:
    """Print the sheet, or one line that says why not."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    except (ImportError, ValueError, OSError):
        pass  # Windows bounds no process by itself
    try:
        for line in _lines(path, sheet):
            sys.stdout.write(json.dumps(line, default=_text, ensure_ascii=True) + "\n")
    except BaseException as fault:  # the parser's panics are no Exception
        if isinstance(fault, (BrokenPipeError, KeyboardInterrupt)):
            return
        words = "memory" if isinstance(fault, MemoryError) else type(fault).__name__
        if "assword" in str(fault):  # the parser's own words may name a sheet
            words = "it is protected by a password"
        sys.stdout.write(json.dumps({"fault": words[:200]}) + "\n")
    sys.stdout.flush()


def _lines(path: str, sheet: str) -> Any:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    with CalamineWorkbook.from_path(path) as book:
        tables = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
        names = [one.name for one in tables]
        seen = [one.name for one in tables if one.visible == SheetVisibleEnum.Visible]
        if sheet not in names and (sheet or len(seen or names) != 1):
            yield {"sheets": names, "visible": len(seen or names)}
            return
        name = sheet or (seen or names)[0]
        others = [one for one in names if one not in seen and one != name]
        yield {"sheet": name, "hidden": len(others), **_cells(path, name)}
        yield from book.get_sheet_by_name(name).iter_rows()
        yield None


def _text(cell: Any) -> str:
    """Stamps in ISO 8601, a duration as hours, minutes and seconds."""
    if isinstance(cell, dt.timedelta):
        seconds = abs(cell) // dt.timedelta(seconds=1)
        sign = "-" if cell < dt.timedelta() else ""
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(cell.isoformat(sep=" ") if isinstance(cell, dt.datetime) else cell.isoformat())


def _cells(path: str, sheet: str) -> dict[str, Any]:
    """The formulas without a value and the cells with an error, which the parser takes for blank."""
    formulas: list[str] = []
    errors: list[str] = []
    if not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive:
        member = _member(archive, sheet)
        if not member:
            return {}
        with archive.open(member) as stream:
            rest = b""
            while chunk := stream.read(CHUNK):
                text, end, rest = (rest + chunk).rpartition(b"</row>")
                text += end
                formulas += [_place(found) for found in _CELL.findall(text) if not _TEXT.search(found)]
                errors += map(_place, _ERROR.findall(text))
                del formulas[10_000:], errors[10_000:]
    return {"formulas": formulas[:1], "errors": [len(errors), *errors[:1]]}


def _place(attributes: bytes) -> str:
    found = _PLACE.search(attributes)
    return found[1].decode() if found else "?"


def _member(archive: zipfile.ZipFile, sheet: str) -> str:
    """The part of an xlsx file that holds a sheet; empty where it has none of that form."""
    names = archive.namelist()
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= set(names):
        return ""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = {
        one.get("Id"): one.get("Target", "")
        for one in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    }
    for one in book.iter():
        if one.tag.endswith("}sheet") and one.get("name") == sheet:
            key = next((value for name, value in one.attrib.items() if name.endswith("}id")), "")
            target = posixpath.normpath(posixpath.join("/xl", links.get(key, ""))).lstrip("/")
            return target if target in names else ""
    return ""


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
