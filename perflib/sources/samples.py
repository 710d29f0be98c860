"""One text that could not be read, shown beside the reason a source is refused: asked for only then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perflib import schema
from perflib.sources.engine import Engine
from perflib.sources.judge import Part, Plan
from perflib.sources.mapping import Spec
from perflib.sources.sql import name

_UNREAD = ": cannot be read as "
_LONGEST = 40


def such_as(
    words: str, plan: Plan, parts: Sequence[Part], reasons: Sequence[Mapping[int, Sequence[str]]], engine: Engine
) -> str:
    """``, such as '45658.05'`` for a stamp or number that cannot be read; empty where a text might name a person."""
    spec = next((spec for spec in plan.mapping.specs if words.startswith(spec.column.name + _UNREAD)), None)
    if spec is None or _guarded(spec.column):
        return ""
    for part, held in zip(parts, reasons, strict=True):
        record = next((record for record, given in held.items() if words in given), None)
        if record is not None:
            text = _text(spec, part, record, engine)
            return f", such as {text!r}" if any(sign.isdigit() for sign in text) else ""
    return ""


def _guarded(column: schema.Column) -> bool:
    return column.personal or column.pseudonym or column.type in ("string", "category", "boolean")


def _text(spec: Spec, part: Part, record: int, engine: Engine) -> str:
    """What the record holds in the columns of a rule; empty where they are not all columns of the file."""
    names = [text.strip() for text in part.staged.header]
    present = [next((each for each in part if set(each) <= set(names)), None) for part in spec.sources]
    if not present or None in present:
        return ""
    places = [names.index(each) for alike in present for each in alike or ()]
    cells = ", ".join(f"CAST({name(f'c{place}')} AS VARCHAR)" for place in places)
    found = engine.rows(f"SELECT {cells} FROM {part.staged.relation} WHERE _record = {record:d}")
    text = " ".join(spec.join.join(cell or "" for cell in found[0]).split()) if found else ""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
