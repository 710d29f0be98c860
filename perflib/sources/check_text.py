"""Words for a Check: a block per source, the verdict last."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from perflib.agency import SourceReport
from perflib.models.timeline import Timeline
from perflib.sources.check import Check

_WIDTH = 110
#: a smaller missing share is not worth showing
_MISSING_SHOWN = 0.0005


def shown(check: Check) -> str:
    """The text of a Check."""
    lines = [f"{check.name}{f' ({check.timezone})' if check.timezone else ''}"]
    for source in check.sources:
        lines += ["", *_block(source, check.timelines.get(source.table), check.timezone)]
    lines += ["", *check.notes] if check.notes else []
    lines += ["", *(f"REFUSED  {fault}" for fault in check.faults)]
    lines += [] if check.faults else ["Every record is accounted for; no source is refused."]
    return "\n".join(lines)


def _block(source: SourceReport, dates: Timeline | None, zone: str) -> Iterator[str]:
    files = source.files[0] if len(source.files) == 1 else f"{len(source.files)} files"
    yield f"{source.table}  {files}"
    share = source.quarantined / source.read if source.read else 0.0
    parts = f"{source.accepted:,} accepted + {source.quarantined:,} quarantined ({share:.2%})"
    yield f"  rows         {source.read:,} read = {parts}"
    for reason, count in source.reasons.items():
        yield f"  quarantined  {count:,}  {reason}"
    for rule, count in source.counted.items():
        if count:
            yield f"  counted      {count:,}  {rule} (accepted)"
    if source.first and source.last:
        yield f"  dates        {' to '.join(source.span(zone))} local time"
    if source.clock_change_rows:
        yield f"  clock change {source.clock_change_rows:,}  hold a time that happens twice or never (accepted)"
    largest = sorted(source.missing.items(), key=lambda item: -item[1])
    missing = ", ".join(f"{name} {part:.1%}" for name, part in largest if part >= _MISSING_SHOWN)
    yield from _wrapped("missing", missing or "nothing")
    for sentence in dates.sentences() if dates else []:
        yield from _wrapped("note", sentence)
    for note in source.notes:
        yield from _wrapped("note", note)
    yield from _wrapped("trust", " ".join(source.trust.split()) or "not stated in the mapping")


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=f"  {head:<13}", subsequent_indent=" " * 15)
