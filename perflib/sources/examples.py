"""The shape of one text that broke a rule, and where it stands, beside the reason a source is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perflib.engine.connection import Engine
from perflib.privacy.quoting import cell
from perflib.sources import quarantine
from perflib.sources.mapping import Spec
from perflib.sources.plan import Plan
from perflib.sources.validate import Part


def such_as(
    words: str, plan: Plan, parts: Sequence[Part], reasons: Sequence[Mapping[int, Sequence[str]]], engine: Engine
) -> str:
    """``, such as '99999.99' (line 12)`` for a column's text that was refused; the record itself is never quoted."""
    spec = plan.mapping.by_column.get(words.partition(":")[0])
    if spec is None or words.endswith(": missing"):
        return ""
    for part, refused in zip(parts, reasons, strict=True):
        record = next((record for record, given in refused.items() if words in given), None)
        if record is not None:
            text = _text(spec, part, record, engine)
            line, _ = quarantine.raw_texts(part, [record], engine)[record]
            place = f"record {record}" if line is None else f"line {line}"
            label = f"{part.staged.label}, " if len({each.staged.label for each in parts}) > 1 else ""
            return f", such as {cell(text)} ({label}{place})" if text else ""
    return ""


def _text(spec: Spec, part: Part, record: int, engine: Engine) -> str:
    """What the record holds in the columns of a rule; empty where they are not all columns of the file."""
    names = part.staged.names
    present = [next((each for each in part if set(each) <= set(names)), None) for part in spec.sources]
    if not present or None in present:
        return ""
    places = [names.index(each) for alike in present for each in alike or ()]
    cells = ", ".join(f"CAST(c{place} AS VARCHAR)" for place in places)
    found = engine.rows(f"SELECT {cells} FROM {part.staged.relation} WHERE _record = {record:d}")
    return " ".join(spec.join.join(text or "" for text in found[0]).split()) if found else ""
