"""Colours, marks and axis formats shared by all drawings; nothing here touches matplotlib's global state."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from perflib.figures.chart import Chart

#: Okabe and Ito's palette (colour-blind safe), without the yellow that fades on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#8A4F9E", "#B8860B", "#56B4E9", "#444444")
#: one mark per colour, so that the groups differ in print and for every reader.
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
INK, MUTED, FAINT, ALERT = "#222222", "#5F6368", "#D9DCE0", "#C2410C"
SMALL, NORMAL = 8.0, 9.0


def groups(table: pd.DataFrame, by: str | None) -> Iterator[tuple[str, pd.DataFrame, str, str]]:
    """Label, rows, colour and mark of every value of ``by`` in order of appearance (one group when ``by`` is None)."""
    if by is None:
        yield "", table, PALETTE[0], MARKERS[0]
        return
    values: list[Hashable] = list(dict.fromkeys(table[by]))
    for place, value in enumerate(values):
        rows = table[table[by].isna()] if pd.isna(value) else table[table[by] == value]  # type: ignore[call-overload]
        turn = place + place // len(PALETTE)  # the second round of colours takes other marks
        yield str(value), rows, PALETTE[place % len(PALETTE)], MARKERS[turn % len(MARKERS)]


def positions(values: pd.Series) -> np.ndarray:
    """Plain numbers or naive datetimes of a column, as matplotlib can place them."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.tz_localize(None).to_numpy() if values.dt.tz is not None else values.to_numpy()
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(dtype=float, na_value=np.nan)
    if len(values) and all(hasattr(value, "isoformat") for value in values.dropna()):
        return pd.to_datetime(values).to_numpy()
    return values.astype(str).to_numpy()


def numbers(table: pd.DataFrame, column: str | None) -> np.ndarray:
    """A column as floats; all missing when there is no such column."""
    if column is None:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def flags(table: pd.DataFrame, column: str | None) -> np.ndarray:
    """A column as true or false; missing counts as false, and so does an absent column."""
    if column is None:
        return np.zeros(len(table), dtype=bool)
    return table[column].map(lambda value: bool(value) and not pd.isna(value)).to_numpy(dtype=bool)


def is_share(name: str, words: str, values: Iterable[Any]) -> bool:
    """Whether a column holds proportions, to be written in per cent: its name says so, or its words and its values."""
    if "share" in name.split("_"):
        return True
    known = [value for value in values if isinstance(value, (int, float)) and np.isfinite(value)]
    return (
        bool(re.search(r"\bshare\b", words, re.IGNORECASE))
        and not re.search(r"%|per cent|points", words)
        and all(0 <= value <= 1 for value in known)
    )


def text(number: float, share: bool = False) -> str:
    """A number for a reader: thousands separators, no more digits than carry meaning; a share in per cent."""
    if share and np.isfinite(number):
        return f"{100 * number:.{2 if 0 < abs(number) < 0.01 else 1}f}%"
    size = abs(number)
    if not np.isfinite(number):
        return "n/a"
    if size >= 1000 or float(number).is_integer():
        return f"{number:,.0f}"
    return f"{number:,.1f}" if size >= 10 else f"{number:,.3g}"


def plain_axes(ax: Axes, *, grid: Literal["x", "y"] = "y") -> None:
    """A quiet frame: two spines, faint grid lines behind the data."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(MUTED)
        ax.spines[side].set_linewidth(0.8)
    ax.tick_params(labelsize=SMALL, colors=MUTED, labelcolor=INK, length=3)
    ax.set_axisbelow(True)
    ax.grid(visible=True, axis=grid, color=FAINT, linewidth=0.6)


def axis_labels(ax: Axes, x_label: str, y_label: str) -> None:
    """Both labels in the house size; the vertical one reads along its axis."""
    ax.set_xlabel(x_label, fontsize=NORMAL, color=INK)
    ax.set_ylabel(y_label, fontsize=NORMAL, color=INK)


def number_axis(axis: Axis, share: bool = False) -> None:
    """Ticks with thousands separators; shares in per cent."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:,.6g}%" if share else f"{value:,.6g}"))


def drawn_share(table: pd.DataFrame, chart: Chart) -> bool:
    """Whether the chart's ``y`` and the ends of its interval are proportions."""
    ends = [numbers(table, column) for column in (chart.y, chart.low, chart.high) if column]
    return is_share(chart.y, chart.y_label, np.concatenate(ends).tolist())


def position_axis(ax: Axes, values: np.ndarray) -> None:
    """Concise dates, separated numbers, or the categories as they are, on the horizontal axis."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    if np.issubdtype(values.dtype, np.datetime64):
        locator = AutoDateLocator(minticks=3, maxticks=8)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        ax.xaxis.get_offset_text().set_fontsize(SMALL)
    elif np.issubdtype(values.dtype, np.number):
        number_axis(ax.xaxis)


def vertical_constant(ax: Axes, chart: Chart, share: bool) -> None:
    """The mark ``target`` on a horizontal scale: a dashed line under its words; a ratio of 1 is no target."""
    if chart.marks.get("target") is None:
        return
    value = float(chart.marks["target"])
    label = chart.marks.get("target_words", "no difference" if value in (0, 1) else "target")
    ax.axvline(value, color=MUTED, linewidth=1, linestyle=(0, (5, 3)), zorder=1)
    above(ax, f"{label} {text(value, share)}", value, MUTED)


def above(ax: Axes, words: str, x: Any, colour: str, *, data: bool = True, ha: str = "center") -> None:
    """Words above the upper edge of the axes, at a value of ``x`` (``data``) or at a share of the width."""
    coords = ("data" if data else "axes fraction", "axes fraction")
    next_to(ax, words, (x, 1), (0, 3), xycoords=coords, color=colour, va="bottom", ha=ha, annotation_clip=False)


def next_to(ax: Axes, words: str, at: tuple[Any, Any], points: tuple[int, int] = (4, 0), **look: Any) -> None:
    """Words in small print some points from a place."""
    look = {"fontsize": SMALL, "va": "center", "color": INK, **look}
    ax.annotate(words, at, xytext=points, textcoords="offset points", **look)


def whiskers(ax: Axes, x: np.ndarray, table: pd.DataFrame, chart: Chart, which: np.ndarray, **look: Any) -> None:
    """Vertical lines over the intervals of the rows ``which``."""
    low, high = (numbers(table, column)[which] for column in (chart.low, chart.high))
    ax.vlines(x[which], low, high, **look)


def legend(ax: Axes, side: str = "left", columns: int = 4) -> None:
    """A legend above the axes."""
    place: dict[str, Any] = {"loc": f"lower {side}", "bbox_to_anchor": (float(side == "right"), 1.0)}
    ax.legend(ncols=columns, frameon=False, fontsize=SMALL, handletextpad=0.5, borderaxespad=0.1, **place)


def colour_scale(bar: Any, words: str) -> None:
    """A quiet colour bar with its unit."""
    bar.set_label(words, fontsize=SMALL, color=INK)
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)
    number_axis(bar.ax.yaxis)


def end_labels(ax: Axes, ends: Sequence[tuple[str, Any, float, str]]) -> None:
    """Write each group's name next to its last point, pushed apart where they would overlap."""
    placed = sorted((end for end in ends if np.isfinite(end[2])), key=lambda end: end[2])
    low, high = ax.get_ylim()
    gap = (high - low) * 0.055
    for (label, x, y, colour), spot in zip(placed, spread([end[2] for end in placed], gap), strict=True):
        ax.annotate(
            label,
            (x, y),
            xytext=(1.015, spot),
            textcoords=("axes fraction", "data"),
            fontsize=SMALL,
            color=colour,
            va="center",
            annotation_clip=False,
        )


def spread(values: Sequence[float], gap: float) -> list[float]:
    """Ascending positions moved apart as little as needed so that neighbours are ``gap`` apart."""
    blocks: list[list[float]] = []  # mean centre, count
    for value in values:
        blocks.append([value, 1])
        while len(blocks) > 1 and blocks[-1][0] - blocks[-2][0] < gap * (blocks[-1][1] + blocks[-2][1]) / 2:
            last, before = blocks.pop(), blocks.pop()
            count = last[1] + before[1]
            blocks.append([(last[0] * last[1] + before[0] * before[1]) / count, count])
    return [centre + gap * (place - (count - 1) / 2) for centre, count in blocks for place in range(int(count))]
