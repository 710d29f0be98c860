"""The department file, declared once: its keys, what they hold and mean. What is checked here needs no check later."""

from __future__ import annotations

from typing import Any

from perflib import schema
from perflib.errors import DepartmentError
from perflib.grammar import Anything, Either, Key, Many, Number, Pairs, Place, Record, Text

_LATITUDE, _LONGITUDE = Key(Number(-90, 90), "degrees", True), Key(Number(-180, 180), "degrees", True)
SOURCE = {
    "table": Key(Text(schema.names()), "a table of the schema", True),
    "files": Key(Text(empty=True), "one glob; left out for a database"),
    "mapping": Key(Text(), "the file that says how its columns become ours", True),
    "name": Key(Text(), "what people call it"),
}
DECLARED = {
    "districts": Key(Anything(), "the valid districts, as written"),
    "shifts": Key(Anything(), "name: [start, end]"),
    "priority_targets": Key(Anything(), "priority: minutes, or {minutes: 7, share: 0.9}"),
    "boundaries": Key(Either("a path", text=Text(empty=True), pairs=Anything()), "outlines of the districts, GeoJSON"),
    "policy": Key(Pairs(Anything()), "rules of the agency"),
}
SETTINGS = {
    **DECLARED,
    "fiscal_year_starts": Key(Number(1, 12, whole=True), "the month in which the fiscal year begins"),
    "review": Key(
        Record(
            {
                "weights": Key(Pairs(Number(0, 1e9)), "weight of an area of the review"),
                "contact": Key(Many(Text()), "call types that are contact with the community"),
                "development": Key(Text(), "the file of the development plan"),
            }
        ),
        "rules of the officer review",
    ),
    "stops": Key(
        Record(
            {
                "location": Key(Record({"lat": _LATITUDE, "lon": _LONGITUDE}), "where the sun is taken to stand"),
                "refuse": Key(Pairs(Text()), "test: why it is not put"),
                "search_kinds": Key(Many(Text()), "kinds of stop whose form records searches"),
                "reference": Key(Text(empty=True), "the group that others are compared with"),
            }
        ),
        "rules of the stop tests",
    ),
}
DEPARTMENT = {
    "name": Key(Text(empty=True), "who the agency is"),
    "timezone": Key(Text(empty=True), "an IANA name"),
    "sources": Key(Many(Record(SOURCE), alone=False), "one entry per export, the main table first"),
    "roots": Key(Many(Text(), alone=False), "folders that paths may lead to"),
    "privacy": Key(Anything(), "how people are protected: perflib.privacy.Policy"),
    **DECLARED,
    "settings": Key(Record(SETTINGS), "further settings"),
    "notes": Key(Anything(), "for people"),
}


def read(texts: Any, where: str) -> dict[str, Any]:
    """The content of a department file, checked; every scalar its text.

    Raises
    ------
    DepartmentError : not a department file, or a value of the wrong kind.
    """
    if not isinstance(texts, dict):
        raise DepartmentError("not a department file", where=where, choices=DEPARTMENT)
    return Record(DEPARTMENT).read(texts, Place(where, DepartmentError))
