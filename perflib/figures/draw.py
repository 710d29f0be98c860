"""Finds the drawing for a chart and gives every figure the same frame: title, caveats, size, colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from perflib.errors import InputError
from perflib.figures.chart import Chart
from perflib.figures.dots import draw_bars, draw_dots
from perflib.figures.fonts import drawing, families
from perflib.figures.lines import draw_control, draw_line, draw_steps
from perflib.figures.map import body_height, draw_map
from perflib.figures.shapes import draw_funnel, draw_heat
from perflib.privacy.quoting import quoted_all

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: kind -> function(axes, table, chart); a new kind is one function and one line here.
KINDS: dict[str, Callable[[Axes, pd.DataFrame, Chart], None]] = {
    "line": draw_line,
    "control": draw_control,
    "steps": draw_steps,
    "dots": draw_dots,
    "bars": draw_bars,
    "heat": draw_heat,
    "funnel": draw_funnel,
    "map": draw_map,
}
#: marks whose value names a column of the table (where it is text); the others are constants.
COLUMN_MARKS = (
    "centre",
    "lower",
    "upper",
    "signal",
    "rule",
    "grey",
    "highlight",
    "note",
    "outer_low",
    "outer_high",
    "lower_998",
    "upper_998",
    "at_risk",
)


def draw(table: pd.DataFrame, chart: Chart, *, title: str = "", caveats: Sequence[str] = ()) -> Figure:
    """Draw ``chart`` from ``table`` and return the figure, known to no window manager (a notebook shows it once).

    Raises
    ------
    InputError : unknown kind, or a column the chart names is not in the table.
    """
    if chart.kind not in KINDS:
        raise InputError(f"no drawing of kind {chart.kind!r}", choices=KINDS, found=chart.kind)
    _check_columns(table, chart)
    from perflib.figures.frame import sheet

    table, chosen = _first_choices(table, chart)
    parts = _parts(table, chart)
    fonts, missing = families([title, *caveats, *_texts(table, chart)])
    notes = [*caveats, missing] if missing else caveats
    with drawing(fonts):
        figure, axes = sheet(f"{title}{chosen}", notes, _body(table, chart, len(parts)), len(parts))
        figure.families = fonts
        for ax, (label, rows) in zip(axes, parts, strict=True):
            _fill(ax, rows, chart, label)
        if len(parts) > 1:
            _share(axes)
    return figure


def lacking_fonts(table: pd.DataFrame, chart: Chart, *, title: str = "", caveats: Sequence[str] = ()) -> str:
    """The caveat of ``draw`` that names the scripts no installed font has; empty where all texts can be drawn."""
    return families([title, *caveats, *_texts(_first_choices(table, chart)[0], chart)])[1]


def _texts(table: pd.DataFrame, chart: Chart) -> Iterator[str]:
    """The texts of a figure: those of its description, and the values of the columns it names."""
    for text in _strings([chart.x, chart.y, chart.by or "", chart.x_label, chart.y_label, chart.marks]):
        yield text
        if text in table.columns and not pd.api.types.is_numeric_dtype(table[text]):
            yield from table[text].dropna().astype(str).unique()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _strings(list(value.values()))
    elif isinstance(value, (list, tuple)) and len(value) and isinstance(value[0], (str, Mapping)):  # not a shape
        for item in value:
            yield from _strings(item)


def _first_choices(table: pd.DataFrame, chart: Chart) -> tuple[pd.DataFrame, str]:
    """Rows with the first value of each column of the mark ``choose``, along ``x``, and these values in words."""
    wanted = chart.marks.get("choose", ()) if len(table) else ()
    choices = []
    for column in wanted:
        first = table[column].iloc[0]
        table = table[table[column] == first]
        choices.append(f"{column.replace('_', ' ')}: {first}")
    return (table.sort_values(chart.x, kind="stable"), f" ({', '.join(choices)})") if choices else (table, "")


def _fill(ax: Axes, rows: pd.DataFrame, chart: Chart, label: str) -> None:
    if label:
        ax.set_title(label, fontsize=9, loc="left")
    if rows.empty or (chart.panels and rows[chart.y].isna().all()):
        ax.text(0.5, 0.5, "no values", transform=ax.transAxes, ha="center", va="center", color="#5F6368", fontsize=9)
        ax.set_axis_off()
        return
    KINDS[chart.kind](ax, rows, replace(chart, by=None) if chart.panels else chart)


def _parts(table: pd.DataFrame, chart: Chart) -> list[tuple[str, pd.DataFrame]]:
    if not chart.panels or chart.by is None or table.empty:
        return [("", table)]
    return [(str(value), rows) for value, rows in table.groupby(chart.by, sort=False, dropna=False)]


def _body(table: pd.DataFrame, chart: Chart, panels: int) -> float:
    if panels > 1:
        return 0.4 + 1.9 * -(-panels // (2 if panels in (2, 4) else 3))
    if chart.kind == "map":
        return body_height(chart)
    if chart.kind in ("dots", "bars"):
        abreast = table[chart.by].nunique() if chart.by else 1 + len(chart.marks.get("also", ()))
        lanes = table[chart.x].nunique(dropna=False) * max(1.0, 0.6 * abreast)
        return min(9.0, max(1.7, 0.95 + 0.27 * lanes))
    return 3.4


def _share(axes: Sequence[Axes]) -> None:
    """One scale for all panels; inner ones drop the labels their neighbours carry, empty ones have no say."""
    filled = [ax for ax in axes if ax.axison]
    if not filled:
        return
    low, high = (edge([ax.get_ylim()[place] for ax in filled]) for place, edge in ((0, min), (1, max)))
    left, right = (edge([ax.get_xlim()[place] for ax in filled]) for place, edge in ((0, min), (1, max)))
    for ax in filled:
        place = ax.get_subplotspec()
        ax.set_ylim(low, high)
        ax.set_xlim(left, right)
        if place is not None and not place.is_first_col():
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)


def _check_columns(table: pd.DataFrame, chart: Chart) -> None:
    wanted = [chart.x, chart.y, chart.low, chart.high, chart.by]
    wanted += [chart.marks[mark] for mark in COLUMN_MARKS if isinstance(chart.marks.get(mark), str)]
    wanted += list(chart.marks.get("choose", ()))
    wanted += [spec[key] for spec in chart.marks.get("also", ()) for key in spec if key != "label"]
    missing = [column for column in wanted if column is not None and column not in table.columns]
    if missing:
        raise InputError(
            f"the {chart.kind} chart needs column {missing[0]!r}, which the table lacks",
            where="draw",
            choices=quoted_all(table.columns, missing[0]),
            found=missing[0],
        )
