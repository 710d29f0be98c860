"""Finds the drawing for a chart and gives every figure the same frame: title, caveats, size, colours."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from perflib.errors import InputError
from perflib.figures.chart import Chart
from perflib.figures.lines import draw_control, draw_dots, draw_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: kind -> function(axes, table, chart); a new kind is one function and one line here.
KINDS: dict[str, Callable[[Axes, pd.DataFrame, Chart], None]] = {
    "line": draw_line, "dots": draw_dots, "control": draw_control,
}


def draw(table: pd.DataFrame, chart: Chart, *, title: str = "", caveats: Sequence[str] = ()) -> Figure:
    """Draw ``chart`` from ``table`` and return the closed figure.

    Raises
    ------
    InputError : unknown kind, or a column the chart names is not in the table.
    """
    if chart.kind not in KINDS:
        raise InputError(f"no drawing of kind {chart.kind!r}", choices=KINDS, found=chart.kind)
    _check_columns(table, chart)
    raise NotImplementedError
