"""Colours, marks and axis formats shared by all drawings; nothing here touches matplotlib's global state."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

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


def text(number: float) -> str:
    """A number for a reader: thousands separators, no more digits than carry meaning."""
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


def number_axis(axis: Axis) -> None:
    """Ticks with thousands separators."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))


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


def vertical_constant(ax: Axes, value: float, label: str) -> None:
    """A labelled dashed vertical line, such as a target on a horizontal scale."""
    ax.axvline(value, color=MUTED, linewidth=1, linestyle=(0, (5, 3)), zorder=1)
    ax.annotate(f"{label} {text(value)}", (value, 1), xycoords=("data", "axes fraction"), xytext=(0, 3),
                textcoords="offset points", fontsize=SMALL, color=MUTED, va="bottom", ha="center")


def end_labels(ax: Axes, ends: Sequence[tuple[str, Any, float, str]]) -> None:
    """Write each group's name beside its last point, pushed apart where they would overlap."""
    placed = sorted((end for end in ends if np.isfinite(end[2])), key=lambda end: end[2])
    low, high = ax.get_ylim()
    gap = (high - low) * 0.055
    for (label, x, y, colour), spot in zip(placed, spread([end[2] for end in placed], gap), strict=True):
        ax.annotate(label, (x, y), xytext=(1.015, spot), textcoords=("axes fraction", "data"), fontsize=SMALL,
                    color=colour, va="center", annotation_clip=False)


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
