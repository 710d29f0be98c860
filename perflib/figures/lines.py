"""Drawings along a horizontal axis: lines with bands, control charts, steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from perflib.figures import style
from perflib.figures.chart import Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_line(ax: Axes, table: pd.DataFrame, chart: Chart) -> None:
    """A line per group with its interval as a band.

    Marks: ``target`` (number), ``breaks`` (places on the horizontal axis), ``grey`` (column: true where a point is
    provisional; drawn hollow and grey).
    """
    ends = [
        _one_line(ax, rows, chart, label, colour, marker)
        for label, rows, colour, marker in style.groups(table, chart.by)
    ]
    style.plain_axes(ax)
    _finish(ax, table, chart)
    for place in chart.marks.get("breaks", ()):
        _break(ax, place)
    _label_ends(ax, ends if chart.by is not None else [], chart)


def _label_ends(ax: Axes, ends: list[tuple[str, Any, float, str]], chart: Chart) -> None:
    target = chart.marks.get("target")
    if target is not None:
        ax.axhline(float(target), color=style.MUTED, linewidth=1, linestyle=(0, (5, 3)), zorder=1)
        ends = [*ends, (f"target {style.text(float(target))}", 0, float(target), style.MUTED)]
    style.end_labels(ax, ends)


def _one_line(
    ax: Axes, rows: pd.DataFrame, chart: Chart, label: str, colour: str, marker: str
) -> tuple[str, Any, float, str]:
    x, y = style.positions(rows[chart.x]), style.numbers(rows, chart.y)
    grey = style.flags(rows, chart.marks.get("grey"))
    _band(ax, x, rows, chart, colour)
    known = np.isfinite(style.numbers(rows, chart.low)) & np.isfinite(style.numbers(rows, chart.high))
    # a band needs two neighbours; a point without one gets whiskers, so that no interval goes unseen
    lone = known & ~np.r_[False, known[:-1]] & ~np.r_[known[1:], False]
    style.whiskers(ax, x, rows, chart, lone, color=colour, linewidth=1.2, zorder=3)
    ax.plot(x, np.where(grey, np.nan, y), color=colour, linewidth=1.6, zorder=3, label=label)
    if len(x) <= 60:
        ax.plot(x[~grey], y[~grey], marker, color=colour, markersize=3.6, linestyle="none", zorder=4)
    if grey.any():
        ax.plot(
            x[grey],
            y[grey],
            marker,
            markerfacecolor="white",
            markeredgecolor=style.MUTED,
            markersize=4.2,
            linestyle="none",
            zorder=4,
        )
    known = np.flatnonzero(np.isfinite(y))
    return (label, x[known[-1]], float(y[known[-1]]), colour) if len(known) else (label, 0, np.nan, colour)


def _band(ax: Axes, x: np.ndarray, rows: pd.DataFrame, chart: Chart, colour: str, **look: Any) -> None:
    low, high = style.numbers(rows, chart.low), style.numbers(rows, chart.high)
    ax.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0, zorder=2, **look)


def _break(ax: Axes, place: Any) -> None:
    at: Any = pd.Timestamp(place) if isinstance(place, str) or hasattr(place, "isoformat") else place
    at = at.tz_localize(None) if isinstance(at, pd.Timestamp) and at.tzinfo else at
    ax.axvline(at, color=style.ALERT, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
    words = f"step {at.day} {at:%b %Y}" if isinstance(at, pd.Timestamp) else f"step at {at}"
    style.above(ax, words, at, style.ALERT)


def draw_control(ax: Axes, table: pd.DataFrame, chart: Chart) -> None:
    """A control chart: points, centre line, limits, signals told apart by shape and colour.

    Marks: ``centre``, ``lower``, ``upper`` (columns, or numbers), ``signal`` (column: true where the point signals),
    ``rule`` (column: words where a point meets any rule; hollow where it does not signal), ``target`` (number),
    ``breaks`` (places).
    """
    x, y = style.positions(table[chart.x]), style.numbers(table, chart.y)
    signal = style.flags(table, chart.marks.get("signal"))
    ruled = style.flags(table, chart.marks.get("rule")) & ~signal
    limits = {name: _level(table, chart.marks.get(name)) for name in ("lower", "centre", "upper")}
    style.plain_axes(ax)
    ax.grid(visible=False)
    ax.fill_between(x, limits["lower"], limits["upper"], step="mid", color="#EEF1F4", linewidth=0, zorder=0)
    for name, level in limits.items():
        dashes = "solid" if name == "centre" else (0, (4, 3))
        ax.plot(x, level, color=style.MUTED, linewidth=1, linestyle=dashes, drawstyle="steps-mid", zorder=1)
    ax.plot(x, y, color=style.PALETTE[0], linewidth=1, alpha=0.75, zorder=2)
    ax.plot(x[~signal], y[~signal], "o", color=style.PALETTE[0], markersize=4, zorder=3)
    ax.plot(x[ruled], y[ruled], "o", color="white", markersize=5, markeredgecolor=style.ALERT, zorder=4)
    ax.plot(x[signal], y[signal], "D", color=style.ALERT, markersize=6, markeredgecolor="white", zorder=4)
    _finish(ax, table, chart)
    _control_words(ax, x, limits, signal, ruled)
    for place in chart.marks.get("breaks", ()):
        _break(ax, place)


def _level(table: pd.DataFrame, mark: Any) -> np.ndarray:
    if mark is None or isinstance(mark, str):
        return style.numbers(table, mark)
    return np.full(len(table), float(mark))


def _control_words(
    ax: Axes, x: np.ndarray, limits: dict[str, np.ndarray], signal: np.ndarray, ruled: np.ndarray
) -> None:
    names = {"lower": "lower limit", "centre": "centre", "upper": "upper limit"}
    ends = [
        (f"{names[name]} {style.text(level[-1])}", x[-1], float(level[-1]), style.MUTED)
        for name, level in limits.items()
    ]
    style.end_labels(ax, ends)
    words = [f"◆ {int(signal.sum())} of {len(signal)} points signal"] if signal.any() else []
    words += [f"○ {int(ruled.sum())} meet a run rule"] if ruled.any() else []
    if words:
        style.above(ax, "   ".join(words), 0, style.ALERT, data=False, ha="left")


def draw_steps(ax: Axes, table: pd.DataFrame, chart: Chart) -> None:
    """Step functions (survival, cumulative incidence) with their intervals as bands, one per group.

    Marks: ``target`` (number).
    """
    ends = []
    for label, rows, colour, _ in style.groups(table, chart.by):
        x, y = style.positions(rows[chart.x]), style.numbers(rows, chart.y)
        _band(ax, x, rows, chart, colour, step="post")
        ax.plot(x, y, color=colour, linewidth=1.6, drawstyle="steps-post")
        ends.append((label, x[-1], float(y[-1]), colour))
    style.plain_axes(ax)
    _finish(ax, table, chart)
    _label_ends(ax, ends if chart.by is not None else [], chart)


def _finish(ax: Axes, table: pd.DataFrame, chart: Chart) -> None:
    style.axis_labels(ax, chart.x_label, chart.y_label)
    style.position_axis(ax, style.positions(table[chart.x]))
    style.number_axis(ax.yaxis, style.drawn_share(table, chart))
    if _from_zero(ax, chart):
        ax.set_ylim(bottom=0)


def _from_zero(ax: Axes, chart: Chart) -> bool:
    """Steps start at zero, others where it costs little room; a control chart shows its limits as large as it can."""
    if chart.kind == "steps":
        return True
    low, high = ax.get_ylim()
    lowest = min(
        (float(np.nanmin(line.get_ydata())) for line in ax.lines if np.isfinite(line.get_ydata()).any()), default=0.0
    )
    return bool(chart.marks.get("zero", lowest >= 0 and (low < 0 or (chart.kind != "control" and low < 0.3 * high))))
