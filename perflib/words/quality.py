"""What became of the records, and how many there are a week."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from perflib.result import Words
from perflib.words.numbers import count
from perflib.words.response import capital

METHOD = (
    "Every record is accepted or quarantined, with its reasons. A local time that happens twice is read in the order "
    "of the record's other times. Level shifts compare medians of four weeks; heaping compares full hours and like "
    "weekdays."
)


def quality(facts: Mapping[str, Any], table: pd.DataFrame) -> Words:
    """How many records were read, and how many of them are set apart."""
    read, refused, clock = facts["rows_read"], facts["quarantined"], facts["clock_change_rows"]
    answer = f"All {read:,} records were read without error, from {count(int(table['files'].sum()), 'file')}."
    if refused:
        share = f"{refused / read:.2%}" if read else "none"
        answer = f"{refused:,} of {read:,} records ({share}) are quarantined: {tally(facts['by_reason'])}."
    if clock:
        answer += f" {clock:,} records hold a time that a clock change makes happen twice or never."
    labels = {
        "table": "Table",
        "files": "Files",
        "rows_read": "Rows read",
        "accepted": "Accepted",
        "quarantined": "Quarantined",
        "quarantined_share": "Share quarantined",
        "reasons": "Reasons",
        "counted": "Broken rules, accepted",
        "clock_change_rows": "Clock-change rows",
        "first": "First (local)",
        "last": "Last (local)",
        "most_missing": "Most missing",
        "trust": "Trust",
    }
    return Words("Records read", answer, METHOD, labels=labels)


def volume(facts: Mapping[str, Any], table: pd.DataFrame, *, jump: str) -> Words:
    """Records a week; ``jump`` says the largest jump of a feed, empty without one."""
    name, total = facts["table"], table.groupby("week")["records"].sum()
    answer = f"{name} does not cover a whole week."
    if len(total):
        answer = (
            f"{name}: {total.median():,.0f} records a week at the median, {total.min():,.0f} to {total.max():,.0f}, "
            f"over {count(len(total), 'week')}. {capital(jump) if jump else 'No feed jumps'}."
        )
    labels = {"week": "Week from", "feed": "Feed", "records": "Records"}
    return Words(f"Records a week: {name}", answer, METHOD, labels=labels, alt=f"Weekly records of {name} by feed")


def tally(counts: Mapping[str, int]) -> str:
    """Reasons with their counts, those that occur."""
    return "; ".join(f"{words} ({n:,})" for words, n in counts.items() if n)


def about_sources(sources: Mapping[str, list[str]]) -> list[str]:
    """What is true of several tables, said once: note -> the tables it is true of."""
    named = {note: list(dict.fromkeys(tables)) for note, tables in sources.items()}
    return [f"{', '.join(each) if len(each) <= 3 else f'{len(each)} tables'}: {note}" for note, each in named.items()]
