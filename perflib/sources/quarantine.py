"""The refused records of a source with everything needed to repair them: file, record, line, reasons, raw text."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from perflib.engine.connection import Engine
from perflib.sources.rules import decode, width
from perflib.sources.textfile import plain_lines
from perflib.sources.validate import Part

COLUMNS = ("file", "record", "line", "reasons", "raw")


def refused(part: Part, engine: Engine) -> dict[int, list[str]]:
    """Record number -> reasons, for the records that broke a check."""
    if not part.mask_names:
        return {}
    where = " OR ".join(f"{mask} <> 0" for mask in part.mask_names)
    names = ", ".join(part.mask_names)
    found = engine.rows(f"SELECT _record, {names} FROM {part.relation} WHERE {where} ORDER BY _record")
    split = width(part.checks[0])
    # a million refused records break few combinations of rules: each is put into words once
    words = {
        masks: decode(part.checks[0], masks[:split]) + decode(part.checks[1], masks[split:])
        for masks in {row[1:] for row in found}
    }
    return {row[0]: words[row[1:]] for row in found}


def frame(parts: Sequence[Part], reasons: Sequence[Mapping[int, Sequence[str]]], engine: Engine) -> pd.DataFrame:
    """One row per refused record of the files."""
    rows: list[tuple[Any, ...]] = []
    for part, refused_here in zip(parts, reasons, strict=True):
        raws = raw_texts(part, list(refused_here), engine)
        rows += (
            (part.staged.label, record, raws[record][0], "; ".join(words), raws[record][1])
            for record, words in sorted(refused_here.items())
        )
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"record": "int64", "line": "Int64"})


def raw_texts(part: Part, records: Sequence[int], engine: Engine) -> dict[int, tuple[int | None, str]]:
    """Physical line (None where a source has none) and raw text of the records."""
    if not records:
        return {}
    if part.staged.source:
        lines = plain_lines(part.staged.source, [record + 1 for record in sorted(records)])
        return {line - 1: (line, raw) for line, raw in lines}
    wanted = engine.listed(pd.DataFrame({"_record": list(records)}))
    # as texts: moments would otherwise become Python objects, which needs a package we do without
    cells = ", ".join(f"CAST(c{place} AS VARCHAR)" for place in range(len(part.staged.header)))
    columns = "_line, _raw" if part.staged.text else cells
    found = engine.rows(
        f"SELECT _record, {columns} FROM {part.staged.relation} WHERE _record IN (SELECT _record FROM {wanted})"
    )
    if part.staged.text:
        return {row[0]: (row[1], row[2]) for row in found}
    return {row[0]: (None, _line(row[1:])) for row in found}


def tally(reasons: Iterable[Mapping[int, Sequence[str]]]) -> dict[str, int]:
    """How many records each reason refused, most frequent first; a record may have several."""
    counted = Counter(word for part in reasons for words in part.values() for word in words)
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _line(values: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(["" if item is None else item for item in values])
    return text.getvalue()
