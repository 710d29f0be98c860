"""Quoting for generated SQL: the only two ways in which a name or a text of a user enters a statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def name(text: str) -> str:
    """``text`` as a quoted identifier."""
    return '"' + text.replace('"', '""') + '"'


def names(columns: Iterable[str]) -> str:
    """The columns as a comma-separated list of quoted identifiers."""
    return ", ".join(map(name, columns))


def added(relation: str, columns: Iterable[str]) -> str:
    """The relation with further columns."""
    return f"(SELECT {', '.join(['*', *columns])} FROM {relation})"


def literal(text: object) -> str:
    """``text`` as a quoted string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def path_literal(path: object) -> str:
    """A path as a string literal in which the engine sees no pattern."""
    return literal("".join(f"[{sign}]" if sign in "[*?" else sign for sign in str(path)))


def literals(texts: Iterable[object]) -> str:
    """The texts as a comma-separated list of string literals."""
    return ", ".join(literal(text) for text in texts)


def text(column: str) -> str:
    """SQL: a cell as its trimmed text, accents composed."""
    return f"nfc_normalize(trim(CAST({column} AS VARCHAR)))"


def floating(cell: str) -> str:
    """SQL: a text ends as whole numbers of a float or decimal column do."""
    # few texts end in 0, and that is quickly seen
    return f"CASE WHEN suffix({cell}, '0') THEN suffix({cell}, '.0') OR suffix({cell}, '.00') ELSE false END"


def coalesce(parts: list[str]) -> str:
    """The first known of the expressions."""
    return f"coalesce({', '.join(parts)})"


def longest(types: Sequence[str]) -> str:
    """The bytes of the longest text of columns c0, c1 ... of these types."""
    measures = {"VARCHAR": "strlen", "BLOB": "octet_length"}
    lengths = [f"{measures[type_]}(c{at})" for at, type_ in enumerate(types) if type_ in measures]
    return f"coalesce(max(greatest({', '.join(['0', *lengths])})), 0)"


def every(parts: Iterable[str]) -> str:
    """All of the conditions; true when there is none."""
    return " AND ".join(f"({part})" for part in parts) or "true"


def some(parts: Iterable[str]) -> str:
    """One of the conditions, unknown ones aside; false when there is none."""
    return f"({' OR '.join(f'coalesce({part}, false)' for part in parts) or 'false'})"


def padded(text: str) -> str:
    """SQL: trimming would change the text. The engine trims the spaces of every script, most texts know only one."""
    wide = f"CASE WHEN strlen({text}) <> length({text}) THEN {text} <> trim({text}) ELSE false END"
    return f"prefix({text}, ' ') OR suffix({text}, ' ') OR {wide}"
