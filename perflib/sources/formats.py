"""How the stamps and dates of an export are written: strptime codes, or ``excel`` for the day numbers of a workbook."""

from __future__ import annotations

import re
from collections.abc import Sequence

from perflib.errors import MappingError
from perflib.sources.sql import literal

#: days since 1899-12-30, the fraction is the time of day
EXCEL = "excel"
#: what the engine reads, told after the %
CODES = (
    *("a", "A", "b", "B", "c", "d", "-d", "f", "g", "G", "H", "-H", "I", "-I", "j", "-j", "m", "-m", "M", "-M", "n"),
    *("p", "S", "-S", "T", "u", "U", "V", "w", "W", "x", "X", "y", "-y", "Y", "z", "Z", "%"),
)
_TIMED = ("%H", "%-H", "%I", "%-I", "%c", "%T", "%X")
_CODE = re.compile(r"%(-?.?)", re.DOTALL)
_DAYS = {".": r"'[1-9]\d{0,5}(\.\d*)?'", ",": r"'[1-9]\d{0,5}(,\d*)?'"}


def checked(formats: Sequence[str], where: str) -> tuple[str, ...]:
    """The formats as they are.

    Raises
    ------
    MappingError : a format without a code, which would match nothing, or with a code that there is not.
    """
    for form in formats:
        found = _CODE.findall(form)
        wrong = next((code for code in found if code not in CODES), None)
        if form == EXCEL or (wrong is None and any(code != "%" for code in found)):
            continue
        what = f"unknown code %{wrong}" if wrong is not None else "no code such as %Y"
        raise MappingError(
            f"format {form!r}: {what}", where=where,
            do=f"write it like '%d.%m.%Y %H:%M', or {EXCEL} for day numbers such as 45658.0575",
            choices=(EXCEL, *(f"%{code}" for code in CODES)),
        )
    return tuple(formats)


def timed(formats: Sequence[str]) -> bool:
    """Whether any of the formats holds a time of day."""
    return any(form == EXCEL or any(code in form for code in _TIMED) for form in formats)


def aware(form: str) -> bool:
    """Whether a format holds its own offset."""
    return re.search(r"%[zZ]", form) is not None


def read(text: str, form: str, decimal: str) -> str:
    """SQL: the stamp that a text holds under a format, NULL where it holds none; day numbers to the nearest second."""
    if form != EXCEL:
        return f"try_strptime({text}, {literal(form)})"
    held = text if decimal == "." else f"replace({text}, ',', '.')"
    seconds = f"CAST(round(TRY_CAST({held} AS DOUBLE) * 86400) AS BIGINT)"
    stamp = f"TIMESTAMP '1899-12-30 00:00:00' + to_seconds({seconds})"
    return f"CASE WHEN regexp_full_match({text}, {_DAYS[decimal]}) THEN {stamp} END"
