"""Tables for readers: what matters first, numbers rounded alike down a column, intervals beside their estimate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from perflib.figures.style import is_share
from perflib.reports.pages import environment

DASH = "–"
_LONG = 48  # as in table.html.j2
_PROBABILITIES = ("p", "p_value", "adjusted")
_COMPLETE = 60  # rows of the table with all columns: a page of three hundred officers would pass two megabytes
_MOST_COLUMNS, _MOST_CHARACTERS = 7, 112  # what stands side by side without scrolling on a page 1100 points wide


@dataclass(frozen=True)
class Column:
    """One printed column: the table's name for it, heading, whether it holds numbers, an interval or shares, cells."""

    name: str
    heading: str
    numeric: bool
    bounded: bool
    share: bool
    cells: list[str]

    @property
    def width(self) -> int:
        """Characters of its widest cell, or of the longest word of its heading."""
        return max(map(len, [*self.cells, *self.heading.split()]), default=0) + 3

    @property
    def filled(self) -> bool:
        """Whether any cell says anything."""
        return any(cell not in ("", DASH) for cell in self.cells)


@dataclass(frozen=True)
class Printed:
    """A table as HTML: the columns that matter, and the complete one (empty when the first shows every column)."""

    main: str = ""
    complete: str = ""
    columns: int = 0


def html_table(described: Mapping[str, Any], caption: str, most: int = 400) -> Printed:
    """The table of a described Result as HTML, every datum escaped.

    ``columns``, ``rows``, ``labels`` and ``chart`` are those of ``Result.describe()``. Columns ``x_low`` and ``x_high``
    (or the chart's interval of its ``y``) are printed beside ``x``. A column whose name contains ``share`` is a
    proportion and printed in per cent. A single row of many columns stands upright, one column a line; of a wide
    table the labels, counts, estimates with intervals and shares come first and the rest stays in the complete one,
    which is printed for its first ``_COMPLETE`` rows: the page's data hold them all.
    """
    rows = described["rows"][:most]
    columns = _columns(described, most)
    if not columns or not rows:
        return Printed()
    chosen = _essential(columns, described.get("chart") or {})
    fits = len(chosen) == len(columns)
    if len(rows) == 1 and not fits:
        pairs = [(column.heading, column.cells[0]) for column in columns if column.filled]
        return Printed(_html(caption, pairs=pairs), columns=len(columns))
    every = "" if fits else _html(f"{caption} All columns", columns, len(described["rows"]), min(len(rows), _COMPLETE))
    return Printed(_html(caption, chosen, len(described["rows"]), len(rows)), every, len(columns))


def _html(
    caption: str,
    columns: Sequence[Column] = (),
    total: int = 0,
    printed: int = 0,
    pairs: Sequence[tuple[str, str]] | None = None,
) -> Markup:
    return Markup(
        environment()
        .get_template("table.html.j2")
        .render(caption=caption, columns=columns, total=total, printed=printed, pairs=pairs)
    )


def _essential(columns: Sequence[Column], chart: Mapping[str, Any]) -> list[Column]:
    """All columns where they fit; else labels, counts, estimates and shares, as many as stand side by side.

    A narrow table without a figure is the finding itself: it is shown whole, its longest texts wrapped.
    """
    if not chart and len(columns) <= _MOST_COLUMNS:
        return list(columns)
    brief = [column for column in columns if column.filled and (column.numeric or column.width <= _LONG)]
    if len(brief) == len(columns) <= _MOST_COLUMNS and _fits(columns):
        return list(columns)
    charted = set(_named(chart))
    brief = _once(brief or list(columns[:1]), charted)
    label = next((column for column in brief if not column.numeric), brief[0])
    worth = {column.name: _worth(column, column is label, charted) for column in brief}
    best = sorted(brief, key=lambda column: worth[column.name])
    if any(column.bounded for column in brief):
        best = [column for column in best if worth[column.name] < _OTHER]
    while len(best) > 1 and (len(best) > _MOST_COLUMNS or not _fits(best)):
        best.pop()
    best = [column for column in columns if column in best]
    return sorted(best, key=lambda column: (column is not label, column.numeric and column.name != "n", column.share))


def _named(chart: Mapping[str, Any]) -> Iterator[str]:
    """The columns a chart draws, those of its marks and of what it also draws included; notes are not drawn."""
    marks = chart.get("marks") or {}
    drawn = [value for name, value in marks.items() if name != "note"]
    also = [spec["y"] for spec in marks.get("also", ())]
    for value in [chart.get("x"), chart.get("y"), chart.get("by"), *drawn, *also]:
        if isinstance(value, str):
            yield value


def _once(columns: Sequence[Column], charted: set[str]) -> list[Column]:
    """Without numbers that repeat a charted column cell by cell."""
    drawn = [column.cells for column in columns if column.name in charted]
    return [column for column in columns if column.name in charted or not column.numeric or column.cells not in drawn]


_OTHER = 6


def _worth(column: Column, label: bool, charted: set[str]) -> int:
    """Smaller is shown sooner."""
    drawn = column.name in charted
    first = label or (drawn and not column.numeric)
    tests = (first, column.name == "n", column.bounded and drawn, column.share, column.bounded, drawn, True)
    return tests.index(True)


def _fits(columns: Sequence[Column]) -> bool:
    return sum(column.width for column in columns) <= _MOST_CHARACTERS


def _columns(described: Mapping[str, Any], most: int) -> list[Column]:
    """The columns with the cells of the first ``most`` rows; all rows say how a column is written, as on the page."""
    names, labels, chart = (described.get(key) or {} for key in ("columns", "labels", "chart"))
    values = {name: [row[n] for row in described["rows"]] for n, name in enumerate(names)}
    bounds = {name: _bounds(name, values, chart) for name in names}
    hidden = {bound for pair in bounds.values() if pair for bound in pair}
    headings = {name: labels.get(name) or _spoken(name) for name in names}
    labelled = {labels[name] for name in names if name in labels}
    words = {name: f"{headings[name]} {chart.get('y_label', '') if name == chart.get('y') else ''}" for name in names}
    return [
        _column(name, headings[name], words[name], most, values[name], *[values[bound] for bound in bounds[name] or ()])
        for name in names
        if name not in hidden and (name in labels or headings[name] not in labelled)  # a code beside its words
    ]


def _bounds(name: str, values: Mapping[str, Any], chart: Mapping[str, Any]) -> tuple[str, str] | None:
    pairs = [(f"{name}_low", f"{name}_high")]
    if chart.get("y") == name and chart.get("low") and chart.get("high"):
        pairs.append((chart["low"], chart["high"]))
    return next((pair for pair in pairs if set(pair) <= set(values) and name not in pair), None)


def _column(name: str, heading: str, words: str, most: int, cells: Sequence[Any], *bounds: Sequence[Any]) -> Column:
    if not _is_numeric(cells):
        return Column(name, heading, False, False, False, [_text(cell) for cell in cells[:most]])
    known = [cell for series in (cells, *bounds) for cell in series]
    share = is_share(name, words, known)
    write = _writer(name, known, share)
    texts = [write(cell) for cell in cells[:most]]
    if bounds and not any(_is_numeric(bound) for bound in bounds):
        bounds = ()
    for n, text in enumerate(texts):
        if bounds and cells[n] is not None:
            texts[n] = f"{text} ({write(bounds[0][n])} to {write(bounds[1][n])})"
    return Column(name, heading, True, bool(bounds), share, texts)


def _is_numeric(cells: Sequence[Any]) -> bool:
    present = [cell for cell in cells if cell is not None]
    return bool(present) and all(isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in present)


def _writer(name: str, cells: Sequence[Any], share: bool) -> Callable[[Any], str]:
    """A function that writes one number, the same number of decimals for the whole column."""
    sizes = [abs(cell) for cell in cells if isinstance(cell, (int, float))]
    largest = max(sizes)
    if share:
        fine = 2 if 0 < largest < 0.01 else 1
        write = lambda cell: f"{100 * cell:.{fine}f}%"  # noqa: E731
    elif name in _PROBABILITIES:
        write = lambda cell: f"{cell:.3f}" if cell >= 0.001 else "<0.001"  # noqa: E731
    else:
        whole = largest >= 10_000 or all(float(size).is_integer() for size in sizes)
        digits = 0 if whole else 1 if largest >= 1_000 else 2 if largest >= 0.1 else 4
        write = lambda cell: f"{cell:,.{digits}f}".replace("-", "\u2212")  # noqa: E731
    return lambda cell: DASH if cell is None else write(cell)


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
