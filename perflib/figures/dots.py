"""Drawings with categories down the vertical axis: dots with whiskers, bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from perflib.figures import style
from perflib.figures.chart import Chart
from perflib.figures.fonts import wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes


#: dots stand on an axis from zero where the smallest value is below this part of the largest; bars always do.
FROM_ZERO = 0.3


def draw_dots(ax: Axes, table: pd.DataFrame, chart: Chart) -> None:
    """One dot per category, in the order given, with its interval as whiskers; groups side by side in colours.

    A whisker whose upper end is missing while its lower end is known runs to the edge with an arrow: the bound does
    not exist. Marks: ``target`` (number; ``target_words`` name it), ``highlight`` (column: true where the dot stands
    out), ``outer_low`` and
    ``outer_high`` (columns: a wider interval, thin), ``note`` (column: words shown where the value is missing),
    ``also`` (without ``by``: further columns to show beside ``y``, each ``{y, low, high, outer_low, outer_high,
    label}``; ``label`` names ``y`` itself).
    """
    lanes = _lanes(table, chart.x)
    parts = _series(table, chart)
    room = max(_room(ax, table, part[4]) for part in parts)
    for place, (label, rows, colour, marker, part) in enumerate(parts):
        shift = (place - (len(parts) - 1) / 2) * min(0.26, 0.8 / len(parts))
        spots = np.array([lanes[str(value)] for value in rows[chart.x]], dtype=float) + shift
        _whiskers(ax, rows, part, spots, colour, room)
        _points(ax, rows, part, spots, colour, marker, label)
    ax.set_xlim(right=room)
    if ax.get_xlim()[0] < 0:
        ax.axvline(0, color=style.MUTED, linewidth=0.8, zorder=1)
    _category_axis(ax, lanes, table, chart)
    if len(parts) > 1:
        style.legend(ax)


def _series(table: pd.DataFrame, chart: Chart) -> list[tuple[str, pd.DataFrame, str, str, Chart]]:
    """What stands side by side in one lane: the groups of ``by``, or ``y`` and the columns of the mark ``also``."""
    also = chart.marks.get("also") or ()
    if chart.by is not None or not also:
        return [(*group, chart) for group in style.groups(table, chart.by)]
    named = [(str(chart.marks.get("label", chart.y)), chart)]
    named += [(str(spec["label"]), _other(chart, spec)) for spec in also]
    looks = zip(named, style.PALETTE, style.MARKERS, strict=False)
    return [(label, table, colour, marker, part) for (label, part), colour, marker in looks]


def _other(chart: Chart, spec: Mapping[str, str]) -> Chart:
    marks = {mark: chart.marks[mark] for mark in ("highlight",) if mark in chart.marks}
    outer = {mark: spec[mark] for mark in ("outer_low", "outer_high") if mark in spec}
    return replace(chart, y=spec["y"], low=spec.get("low"), high=spec.get("high"), marks=marks | outer)


def _lanes(table: pd.DataFrame, column: str) -> dict[str, int]:
    return {value: place for place, value in enumerate(dict.fromkeys(table[column].astype(str)))}


def _room(ax: Axes, table: pd.DataFrame, chart: Chart) -> float:
    """The right edge: past every finite end, with room for an arrow."""
    columns = [chart.y, chart.low, chart.high, chart.marks.get("outer_low"), chart.marks.get("outer_high")]
    values = np.concatenate([style.numbers(table, column) for column in columns if column])
    target = chart.marks.get("target")
    values = np.append(values[np.isfinite(values)], [] if target is None else [float(target)])
    values = values if len(values) else np.zeros(1)
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * ((high - low) or 1.0)
    ax.set_xlim(0 if 0 <= low < FROM_ZERO * high else low - margin, high + margin)
    return high + margin


def _whiskers(ax: Axes, rows: pd.DataFrame, chart: Chart, spots: np.ndarray, colour: str, room: float) -> None:
    pairs = [(chart.marks.get("outer_low"), chart.marks.get("outer_high"), 0.9, 0.55), (chart.low, chart.high, 2.2, 1)]
    for low_name, high_name, width, alpha in pairs:
        low, high = style.numbers(rows, low_name), style.numbers(rows, high_name)
        known = np.isfinite(low)
        open_end = known & ~np.isfinite(high) & np.isfinite(style.numbers(rows, chart.y))
        ends = np.where(open_end, room, high)
        both = known & np.isfinite(ends)
        ax.hlines(spots[both], low[both], ends[both], color=colour, linewidth=width, alpha=alpha, zorder=2)
        ax.plot(ends[open_end], spots[open_end], ">", color=colour, markersize=5, alpha=alpha, clip_on=False, zorder=3)


def _points(
    ax: Axes, rows: pd.DataFrame, chart: Chart, spots: np.ndarray, colour: str, marker: str, label: str
) -> None:
    y, out = style.numbers(rows, chart.y), style.flags(rows, chart.marks.get("highlight"))
    look: dict[str, Any] = {"markeredgecolor": "white", "linestyle": "none"}
    ax.plot(
        y[~out], spots[~out], marker, color=colour, markersize=6, markeredgewidth=0.6, label=label, zorder=4, **look
    )
    ax.plot(y[out], spots[out], "D", color=style.ALERT, markersize=7, zorder=5, **look)
    note = chart.marks.get("note")
    if note is not None:
        for spot, words in zip(spots[~np.isfinite(y)], rows[note][~np.isfinite(y)], strict=True):
            look = {"xycoords": ("axes fraction", "data"), "color": style.MUTED, "style": "italic"}
            style.next_to(ax, "" if pd.isna(words) else str(words), (0, spot), **look)


def draw_bars(ax: Axes, table: pd.DataFrame, chart: Chart) -> None:
    """One horizontal bar per category from zero, with its interval as a whisker and its value in words.

    Groups stand side by side. Marks: ``target`` (number), ``highlight`` (column).
    """
    lanes = _lanes(table, chart.x)
    parts = list(style.groups(table, chart.by))
    thick = 0.72 / len(parts)
    for place, (label, rows, colour, _) in enumerate(parts):
        spots = np.array([lanes[str(value)] for value in rows[chart.x]], dtype=float)
        spots += (place - (len(parts) - 1) / 2) * thick
        _one_bar(ax, rows, chart, spots, (label, colour, thick))
    ax.margins(x=0.12)
    _category_axis(ax, lanes, table, chart)
    if len(parts) > 1:
        style.legend(ax)


def _one_bar(ax: Axes, rows: pd.DataFrame, chart: Chart, spots: np.ndarray, look: tuple[str, str, float]) -> None:
    label, colour, thick = look
    y, out = style.numbers(rows, chart.y), style.flags(rows, chart.marks.get("highlight"))
    ax.barh(spots, np.nan_to_num(y), height=thick * 0.9, color=np.where(out, style.ALERT, colour), label=label)
    low, high = style.numbers(rows, chart.low), style.numbers(rows, chart.high)
    known, share = np.isfinite(low) & np.isfinite(high), style.drawn_share(rows, chart)
    ax.hlines(spots[known], low[known], high[known], color=style.INK, linewidth=1.3)
    for spot, value, end in zip(spots, y, np.fmax(y, high), strict=True):
        if np.isfinite(value):
            style.next_to(ax, style.text(value, share), (end, spot))


def _category_axis(ax: Axes, lanes: dict[str, int], table: pd.DataFrame, chart: Chart) -> None:
    share = style.drawn_share(table, chart)
    style.plain_axes(ax, grid="x")
    ax.tick_params(axis="y", length=0)
    ax.set_yticks(list(lanes.values()), ["\n".join(wrap(name, 34)) or " " for name in lanes])
    ax.set_ylim(len(lanes) - 0.5, -0.5)
    style.number_axis(ax.xaxis, share)
    style.axis_labels(ax, chart.y_label, chart.x_label)
    style.vertical_constant(ax, chart, share)
