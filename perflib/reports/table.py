"""Tables for readers: numbers aligned and rounded alike down a column, intervals beside their estimate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

DASH = "–"
_NARROW = 7
_SHORT = 16


@dataclass(frozen=True)
class Column:
    """One printed column: its heading, whether it holds numbers, and its cells as text."""

    heading: str
    numeric: bool
    cells: list[str]


def html_table(described: Mapping[str, Any], caption: str, most: int = 400) -> Markup:
    """The table of a described Result as HTML, every datum escaped.

    ``columns``, ``rows``, ``labels`` and ``chart`` are those of ``Result.describe()``. Columns ``x_low`` and ``x_high``
    (or the chart's interval of its ``y``) are printed beside ``x``. A column whose name contains ``share`` is a
    proportion and printed in per cent.
    """
    rows = described["rows"][:most]
    columns = _columns(described["columns"], rows, described.get("labels") or {}, described.get("chart") or {})
    if not columns:
        return Markup("")
    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_number(column), column.heading) for column in columns
    )
    body = Markup("").join(_row(columns, n) for n in range(len(rows)))
    left = len(described["rows"]) - len(rows)
    more = Markup('<p class="more">{:,} more rows are in the data of this page.</p>').format(left) if left > 0 else ""
    return Markup(
        '<div class="table-wrap" role="region" tabindex="0" aria-label="Table: {}">'
        "<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>{}"
    ).format(caption, caption, head, body, more)


def _row(columns: Sequence[Column], n: int) -> Markup:
    first = Markup('<th scope="row"{}>{}</th>').format(_number(columns[0]), columns[0].cells[n])
    rest = (Markup("<td{}>{}</td>").format(_look(column, n), column.cells[n]) for column in columns[1:])
    return Markup("<tr>{}{}</tr>").format(first, Markup("").join(rest))


def _look(column: Column, n: int) -> Markup:
    if column.numeric:
        return _number(column)
    return Markup(' class="short"') if len(column.cells[n]) <= _SHORT else Markup(' class="long"')


def _number(column: Column) -> Markup:
    return Markup(' class="number"') if column.numeric else Markup("")


def _columns(
    names: Sequence[str], rows: Sequence[Sequence[Any]], labels: Mapping[str, str], chart: Mapping[str, Any]
) -> list[Column]:
    values = {name: [row[n] for row in rows] for n, name in enumerate(names)}
    bounds = {name: _bounds(name, values, chart) for name in names}
    hidden = {bound for pair in bounds.values() if pair for bound in pair}
    shown = [name for name in names if name not in hidden]
    if len(shown) > _NARROW:  # estimates first, so that no reader has to scroll for the answer
        shown = [*shown[:2], *sorted(shown[2:], key=lambda name: bounds[name] is None)]
    return [
        _column(labels.get(name) or _spoken(name), name, values[name], *[values[bound] for bound in bounds[name] or ()])
        for name in shown
    ]


def _bounds(name: str, values: Mapping[str, Any], chart: Mapping[str, Any]) -> tuple[str, str] | None:
    pairs = [(f"{name}_low", f"{name}_high")]
    if chart.get("y") == name and chart.get("low") and chart.get("high"):
        pairs.append((chart["low"], chart["high"]))
    return next((pair for pair in pairs if set(pair) <= set(values) and name not in pair), None)


def _column(heading: str, name: str, cells: Sequence[Any], *bounds: Sequence[Any]) -> Column:
    if not _is_numeric(cells):
        return Column(heading, False, [_text(cell) for cell in cells])
    write = _writer(name, [cell for series in (cells, *bounds) for cell in series])
    texts = [write(cell) for cell in cells]
    if bounds and not any(_is_numeric(bound) for bound in bounds):
        bounds = ()
    for n, text in enumerate(texts):
        if bounds and cells[n] is not None:
            texts[n] = f"{text} ({write(bounds[0][n])} to {write(bounds[1][n])})"
    return Column(heading, True, texts)


def _is_numeric(cells: Sequence[Any]) -> bool:
    present = [cell for cell in cells if cell is not None]
    return bool(present) and all(isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in present)


def _writer(name: str, cells: Sequence[Any]) -> Any:
    """A function that writes one number, the same number of decimals for the whole column."""
    sizes = [abs(cell) for cell in cells if isinstance(cell, (int, float))]
    if "share" in name.split("_"):
        return lambda cell: DASH if cell is None else f"{100 * cell:.1f} %"
    if all(float(size).is_integer() for size in sizes):
        return lambda cell: DASH if cell is None else _minus(f"{cell:,.0f}")
    largest = max(sizes)
    digits = 0 if largest >= 10_000 else 1 if largest >= 1_000 else 2 if largest >= 0.1 else 4
    return lambda cell: DASH if cell is None else _minus(f"{cell:,.{digits}f}")


def _minus(text: str) -> str:
    return text.replace("-", "\u2212")


def _text(cell: Any) -> str:
    if cell is None:
        return DASH
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return _day(cell) if isinstance(cell, str) else str(cell)


def _day(text: str) -> str:
    """A midnight time stamp as its day; any other text as it is."""
    if len(text) < 19 or text[10] != "T":
        return text
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.date().isoformat() if moment.time() == dt.time() else f"{moment:%Y-%m-%d %H:%M}"


def _spoken(name: str) -> str:
    return name.replace("_", " ").capitalize() if name.isidentifier() else name
