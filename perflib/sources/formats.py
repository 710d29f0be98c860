"""How the stamps and dates of an export are written: strptime codes, day numbers of a workbook, or time since 1970.

The engine's own strptime takes one digit where two are meant. Between separators that is harmless (3/1/2024); where
codes stand side by side (%H%M) it makes 13:00 of 130. There the text must have every digit, or ``pad`` puts the
zeros back that a spreadsheet took away.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from perflib.engine.sql import literal, literals
from perflib.errors import MappingError

#: days since 1899-12-30, the fraction is the time of day
EXCEL = "excel"
#: time since 1970-01-01 UTC, and how many of the unit make a second
EPOCHS = {"epoch_s": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}
NAMES = (EXCEL, *EPOCHS)
#: what the engine reads, told after the %
CODES = (
    *("a", "A", "b", "B", "c", "d", "-d", "f", "g", "G", "H", "-H", "I", "-I", "j", "-j", "m", "-m", "M", "-M", "n"),
    *("p", "S", "-S", "T", "u", "U", "V", "w", "W", "x", "X", "y", "-y", "Y", "z", "Z", "%"),
)
#: two-digit years up to this are 20xx, where the mapping states no ``pivot``
PIVOT = 49
#: seconds from 1970 nearer than this are 0 for "missing", or another unit: seconds read as milliseconds
_SOONEST = 100_000_000
_WHOLE = {"%c": "%Y-%m-%d %H:%M:%S", "%x": "%Y-%m-%d", "%X": "%H:%M:%S", "%T": "%H:%M:%S"}
_TOKEN = re.compile(r"%-?[a-zA-Z%]|[^%]", re.DOTALL)
_CODE = re.compile(r"%(-?.?)", re.DOTALL)
_DIGITS = dict.fromkeys("mdHIMSUWV", 2) | {"Y": 4, "G": 4, "y": 2, "j": 3, "u": 1, "w": 1, "f": 6, "g": 3, "n": 9}
_PARTS = {
    **dict.fromkeys("YyG", "year"),
    **dict.fromkeys("mbB", "month"),
    "d": "day",
    "j": "day of the year",
    **dict.fromkeys("HI", "hour"),
    "M": "minute",
    "S": "second",
    **dict.fromkeys("fgn", "fraction"),
    "p": "AM or PM",
    **dict.fromkeys("UWV", "week"),
    **dict.fromkeys("uw", "day of the week"),
}
_NEEDS = {"day": "month", "minute": "hour", "second": "minute", "fraction": "second"}
_DAYS = {".": r"'[1-9]\d{0,5}(\.\d*)?'", ",": r"'[1-9]\d{0,5}(,\d*)?'"}
_OFFSET = r"' ?(Z|[+-]\d{2}(:?\d{2})?( ?UTC)?|[A-Za-z/_]+)$'"


def checked(formats: Sequence[str], where: str, pad: int = 0) -> tuple[str, ...]:
    """The formats as they are; ``pad`` as a stamp's rule states it.

    Raises
    ------
    MappingError : a format that would match nothing, or would read another moment than is meant.
    """
    for form in formats:
        if fault := "" if form in NAMES else _fault(form):
            raise MappingError(
                f"format {form!r}: {fault}",
                where=where,
                do="write it like '%d.%m.%Y %H:%M'; excel reads day numbers such as 45658.0575, epoch_s, epoch_ms and "
                "epoch_us seconds, milliseconds and microseconds since 1970",
                choices=(*NAMES, *(f"%{code}" for code in CODES)),
            )
    widths = sorted({width for form in formats for width in _widths(form)})
    if pad and pad not in widths:
        raise MappingError(
            f"pad: {pad} on a stamp or date fits no codes of its format that stand side by side",
            where=where,
            do="pad fills the digits of such codes up with zeros: `pad: 4` for %H%M",
            choices=map(str, widths),
        )
    return tuple(formats)


def _fault(form: str) -> str:
    wrong = next((code for code in _CODE.findall(form) if code not in CODES), None)
    if wrong is not None:
        return f"unknown code %{wrong}"
    tokens = _tokens(form)
    codes = [token[-1] for token in tokens if token[0] == "%" and token != "%%"]
    if not codes:
        return "no code such as %Y"
    parts = Counter(_PARTS[code] for code in codes if code in _PARTS)
    twice = next((part for part, count in parts.items() if count > 1), "")
    lacking = next((part for part, other in _NEEDS.items() if parts[part] and not parts[other]), "")
    unpadded = next((token for run in _runs(tokens) for token in run if len(run) > 1 and token[:2] == "%-"), "")
    checks = {
        f"names the {twice} twice (%m is the month, %M the minute)": twice,
        f"names a {lacking} without a {_NEEDS.get(lacking)} (%m is the month, %M the minute)": lacking,
        "names no year; join the date: `from: [date, time]`": not parts["year"],
        "%I is an hour of 12 and needs %p; %H is an hour of 24": "I" in codes and "p" not in codes,
        f"{unpadded} beside another number: where it ends cannot be told; write two digits and `pad`": unpadded,
    }
    return next((words for words, fault in checks.items() if fault), "")


def _tokens(form: str) -> list[str]:
    """Codes and single characters, the codes that stand for several spelled out."""
    return _TOKEN.findall(re.sub("%[cxXT]", lambda found: _WHOLE[found[0]], form))


def _numeric(token: str) -> bool:
    return token.isdigit() if len(token) == 1 else token[-1] in _DIGITS


def _runs(tokens: Sequence[str]) -> list[list[str]]:
    """The tokens, numbers that stand side by side taken together."""
    runs: list[list[str]] = []
    for number, group in groupby(tokens, _numeric):
        same = list(group)
        runs += [same] if number else [[token] for token in same]
    return runs


def _width(run: Sequence[str]) -> int:
    """The digits of codes that stand side by side, none of them a fraction of a second; 0 for anything else."""
    if len(run) == 1 or any(token[-1] in "fgn" for token in run):
        return 0
    return sum(1 if len(token) == 1 else _DIGITS[token[-1]] for token in run)


def _widths(form: str) -> list[int]:
    return [] if form in NAMES else [width for run in _runs(_tokens(form)) if (width := _width(run))]


def resolution(formats: Sequence[str]) -> str:
    """The finest thing that any of the formats names: time, day, week, month or year; empty without a format."""
    parts = {
        _PARTS.get(token[-1], "") for form in formats if form not in NAMES for token in _tokens(form) if token[0] == "%"
    }
    if "hour" in parts or set(formats) & {*NAMES}:
        return "time"
    return next((kind for kind in ("day", "week", "month", "year") if any(part.startswith(kind) for part in parts)), "")


def timed(formats: Sequence[str]) -> bool:
    """Whether any of the formats holds a time of day."""
    return resolution(formats) == "time"


def aware(form: str) -> bool:
    """Whether a format holds its own offset."""
    return form in EPOCHS or re.search(r"%[zZ]", form) is not None


def read(text: str, form: str, decimal: str = ".", pad: int = 0, pivot: int | None = None) -> str:
    """SQL: the stamp that a text holds under a format, NULL where it holds none; day numbers to the nearest second."""
    if form in NAMES:
        return _numbered(text, form, decimal)
    shaped = _filled(text, form, pad) if pad in _widths(form) else text
    stamp = f"try_strptime({shaped}, {literal(form)})"
    runs = _runs(_tokens(form))
    if any(len(run) > 1 for run in runs):
        fit = f"regexp_full_match({text}, {literal(_pattern(form, pad))})"
    elif _numeric(runs[0][0]):
        fit = f"{text} BETWEEN '0' AND ':'"  # the engine takes "epoch" and "infinity" for dates
    else:
        fit = f"lower({text}) NOT IN ({literals(('epoch', 'infinity', '-infinity'))})"
    stamp = f"CASE WHEN {fit} THEN {stamp} END"
    return _pivoted(stamp, PIVOT if pivot is None else pivot) if re.search("%-?y", form) else stamp


def hints(formats: Sequence[str], pad: int) -> list[tuple[str, str]]:
    """What to do about texts that no format reads: words, and the pattern of the texts (SQL) they are for."""
    if not formats:
        return [
            (f"{unit} since 1970? state `format: {form}`", rf"'1\d{{{digits}}}(\.0*)?'")
            for unit, form, digits in (
                ("seconds", "epoch_s", 9),
                ("milliseconds", "epoch_ms", 12),
                ("microseconds", "epoch_us", 15),
            )
        ]
    widths = {width: form for form in formats for width in _widths(form)}
    return [
        (f"fewer digits than {form!r} has: state `pad: {width}`", literal(_pattern(form, width)))
        for width, form in widths.items()
        if not pad
    ]


def whole_day(text: str, form: str, zone: str, decimal: str, pad: int, pivot: int | None) -> str:
    """SQL: the day of a text with an offset: as written where it stands at midnight, else the local one."""
    moment = read(text, form, decimal, pad, pivot)
    bare = form[:-2].rstrip() if form.endswith(("%z", "%Z")) else ""
    written = read(f"regexp_replace({text}, {_OFFSET}, '')", bare, decimal, pad, pivot) if bare else utc(moment)
    return day_of(written, moment, zone)


def day_of(written: str, moment: str, zone: str) -> str:
    """SQL: ``written``, a day if it stands at midnight; else the ``moment`` on the clocks of the zone."""
    local = f"timezone({literal(zone)}, {moment})"
    return f"CASE WHEN CAST({written} AS TIME) = TIME '00:00:00' THEN {written} ELSE {local} END"


def utc(moment: str) -> str:
    """SQL: a moment as a stamp without offset, in UTC."""
    return f"timezone('UTC', {moment})"


def _numbered(text: str, form: str, decimal: str) -> str:
    point = text if decimal == "." else f"replace({text}, ',', '.')"
    if form == EXCEL:
        seconds = f"CAST(round(TRY_CAST({point} AS DOUBLE) * 86400) AS BIGINT)"
        stamp = f"TIMESTAMP '1899-12-30 00:00:00' + to_seconds({seconds})"
        return f"CASE WHEN regexp_full_match({text}, {_DAYS[decimal]}) THEN {stamp} END"
    number = f"TRY_CAST({point} AS DECIMAL(24, 6))"
    micros = f"TRY_CAST({number} * {1_000_000 // EPOCHS[form]} AS BIGINT)"
    fit = rf"regexp_full_match({point}, '-?\d{{1,17}}(\.\d*)?') AND abs({number}) >= {_SOONEST * EPOCHS[form]}"
    return f"CASE WHEN {fit} THEN make_timestamptz({micros}) END"


def _pieces(form: str, pad: int) -> list[tuple[str, bool]]:
    """Patterns of the parts of a format, and whether a part is to be filled up to ``pad`` digits."""
    found: list[tuple[str, bool]] = []
    for run in _runs(_tokens(form)):
        short = bool(pad) and _width(run) == pad
        pattern = rf"\d{{1,{pad}}}" if short else "".join(_piece(token, len(run) > 1) for token in run)
        if found and not short and not found[-1][1]:
            pattern = found.pop()[0] + pattern
        found.append((pattern, short))
    return found


def _pattern(form: str, pad: int) -> str:
    """Every digit that the format names; of codes side by side ``pad`` wide fewer, and a ".0" after them."""
    return "".join(rf"({pattern})(?:\.0*)?" if short else f"({pattern})" for pattern, short in _pieces(form, pad))


def _piece(token: str, beside: bool) -> str:
    if token.isspace():
        return r"\s+"
    if len(token) == 1 or token == "%%":
        return re.escape(token[-1])
    if token[-1] not in _DIGITS:
        return ".+"
    digits = _DIGITS[token[-1]]
    exact = token[-1] == "Y" or (beside and token[-1] not in "fgn")
    return rf"\d{{{digits}}}" if exact else rf"\d{{1,{digits}}}"


def _filled(text: str, form: str, pad: int) -> str:
    """SQL: the text with the zeros put back that are lacking before codes side by side."""
    pattern, parts = literal(_pattern(form, pad)), []
    for place, (_, short) in enumerate(_pieces(form, pad), 1):
        part = f"regexp_extract({text}, {pattern}, {place})"
        parts.append(f"lpad({part}, {pad}, '0')" if short else part)
    return f"concat({', '.join(parts)})"


def _pivoted(stamp: str, pivot: int) -> str:
    """Two-digit years up to the pivot are 20xx, later ones 19xx."""
    short = f"(year({stamp}) % 100)"
    shift = f"(CASE WHEN {short} <= {pivot} THEN 2000 ELSE 1900 END + {short} - year({stamp}))"
    return f"({stamp} + to_years(CAST({shift} AS INTEGER)))"
