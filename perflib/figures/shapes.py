"""Drawings on two measured axes: heat (hour by weekday), funnel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from perflib.figures import style
from perflib.figures.chart import Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def draw_heat(ax: Axes, table: pd.DataFrame, chart: Chart) -> None:
    """A grid of ``y`` by column ``x`` (across, such as hour) and column ``by`` (down, such as weekday), in one hue.

    Missing cells stay white. Marks: ``unit`` (words beside the colour scale).
    """
    down = table[chart.by] if chart.by else pd.Series("", index=table.index)
    grid = table[chart.y].groupby([down.rename("down"), table[chart.x].rename("across")], sort=False).mean().unstack()
    grid = grid.reindex(index=_ordered(grid.index), columns=sorted(grid.columns))
    import seaborn

    # seaborn draws the figure to see whether labels overlap; without a layout that costs little
    figure: Any = ax.figure
    layout = figure.get_layout_engine()
    figure.set_layout_engine(None)
    step = max(1, len(grid.columns) // 12)
    look: dict[str, Any] = {"cmap": "Blues", "linewidths": 0.6, "cbar_kws": {"shrink": 0.9, "pad": 0.02}}
    seaborn.heatmap(grid.astype(float), ax=ax, xticklabels=step, yticklabels=True, **look)
    figure.set_layout_engine(layout)
    ax.tick_params(labelsize=style.SMALL, length=0, rotation=0)
    style.axis_labels(ax, chart.x_label, "")
    style.colour_scale(ax.collections[0].colorbar, chart.marks.get("unit", chart.y_label))


def _ordered(names: pd.Index) -> list[object]:
    if set(names) <= set(DAYS):
        return [day for day in DAYS if day in set(names)]
    return list(names)


def draw_funnel(ax: Axes, table: pd.DataFrame, chart: Chart) -> None:
    """Units at (``x`` exposure, ``y`` rate) between limits that narrow with exposure; a legend names the limits.

    Marks: ``centre`` (column or number), ``lower`` / ``upper`` (95 % limit columns), ``lower_998`` / ``upper_998``,
    ``limits`` (words: whose limits they are), ``span`` (number: the axis reaches at least as far from the centre),
    ``intervals`` (true: faint intervals of all other units too),
    ``highlight`` (column: true where the unit stands out; with its interval where ``low`` and ``high`` are named),
    ``name`` (column: words beside those units).
    """
    ordered = table.sort_values(chart.x)
    x = style.numbers(ordered, chart.x)
    _limits(ax, ordered, chart)
    _centre(ax, ordered, chart)
    y, out = style.numbers(ordered, chart.y), style.flags(ordered, chart.marks.get("highlight"))
    ax.plot(x[~out], y[~out], "o", color=style.PALETTE[0], alpha=0.6, markersize=4, markeredgecolor="none")
    ax.plot(x[out], y[out], "D", color=style.ALERT, markersize=6, markeredgecolor="white")
    if chart.marks.get("intervals"):
        style.whiskers(ax, x, ordered, chart, ~out, color=style.PALETTE[0], linewidth=0.8, alpha=0.25)
    style.whiskers(ax, x, ordered, chart, out, color=style.ALERT, linewidth=1)
    if chart.marks.get("name"):
        for name, left, up in zip(ordered[chart.marks["name"]][out], x[out], y[out], strict=True):
            style.next_to(ax, str(name), (left, up))
    style.plain_axes(ax)
    style.axis_labels(ax, chart.x_label, chart.y_label)
    style.number_axis(ax.xaxis)
    style.number_axis(ax.yaxis)


def _limits(ax: Axes, ordered: pd.DataFrame, chart: Chart) -> None:
    x, owner = style.numbers(ordered, chart.x), str(chart.marks.get("limits", "limits"))
    for pair, dashes, share in (
        (("lower", "upper"), (0, (4, 3)), "95 %"),
        (("lower_998", "upper_998"), "solid", "99.8 %"),
    ):
        there = [chart.marks[mark] for mark in pair if chart.marks.get(mark) is not None]
        for place, column in enumerate(there):
            look: dict[str, Any] = {"linestyle": dashes, "label": "_" if place else f"{share} {owner}"}
            ax.plot(x, style.numbers(ordered, column), color=style.MUTED, linewidth=1, **look)
    if ax.get_lines():
        style.legend(ax, "right", 2)


def _centre(ax: Axes, ordered: pd.DataFrame, chart: Chart) -> None:
    centre = chart.marks.get("centre")
    if isinstance(centre, str):
        ax.plot(style.numbers(ordered, chart.x), style.numbers(ordered, centre), color=style.MUTED, linewidth=1)
    elif centre is not None:
        ax.axhline(float(centre), color=style.MUTED, linewidth=1)
        span = float(chart.marks.get("span") or 0.0)
        ax.update_datalim([(0, float(centre) - span), (0, float(centre) + span)], updatex=False)
