"""A map of areas shaded by a value; plain polygons, no projection beyond a true shape at the middle latitude."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.figures import style
from perflib.figures.chart import Chart
from perflib.figures.fonts import wrap
from perflib.privacy.quoting import quoted, quoted_all

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.path import Path

#: an area without a value: too few to show, or nothing to judge.
_HATCHED: dict[str, Any] = {"facecolor": "white", "hatch": "////", "edgecolor": style.MUTED, "linewidth": 0.6}
_GREY: dict[str, Any] = {"facecolor": "#D3D6DA", "edgecolor": "#8A9096", "linewidth": 0.6}
_STRONG: dict[str, Any] = {"facecolor": "none", "edgecolor": style.INK, "linewidth": 2.2}
_SMALLEST, _LARGEST, _WIDTH = 4.5, 9.0, 5.2
Polygons = Sequence[Sequence[Sequence[Sequence[float]]]]


def draw_map(ax: Axes, table: pd.DataFrame, chart: Chart) -> None:
    """Areas keyed by column ``x``, shaded by column ``y``, each with its name and value written on it.

    Marks: ``shapes`` (key -> polygons, each a ring and its holes, each ring a list of [longitude, latitude]),
    ``scale`` ("sequential", or "change": ratios about 1 on a diverging logarithmic scale, with arrows for print
    without colour), ``highlight`` (column: evidence holds, strong outline), ``strong`` (words for it), ``note``
    (column: words where there are too few to show, hatched), ``unit``. Areas without a value are grey.

    Raises
    ------
    InputError : a row whose key has no shape; no key is ever matched by its place.
    """
    shapes: Mapping[str, Polygons] = chart.marks.get("shapes", {})
    keys = [str(key) for key in table[chart.x]]
    unknown = [key for key in keys if key not in shapes]
    if unknown:
        raise InputError(
            f"no shape for {quoted(unknown[0], own=shapes)!r}", where="map", choices=quoted_all(sorted(shapes))
        )
    values, change = style.numbers(table, chart.y), chart.marks.get("scale") == "change"
    few, strong = (style.flags(table, chart.marks.get(mark)) for mark in ("note", "highlight"))
    values = np.where(few, np.nan, values)
    strong = strong & np.isfinite(values)  # not in place: the flags are read-only
    colours = _colours(values, _doubt(table, chart, values, change), change)
    _frame(ax, shapes)
    points = _points_per_degree(shapes)
    for key, value, hidden, bold in zip(keys, values, few, strong, strict=True):
        fill = _area(ax, outline(shapes[key]), value, hidden, bold, colours)
        _label(ax, shapes[key], _words(key, value, hidden, change), fill, bold, points)
    for key in shapes.keys() - set(keys):
        fill = _area(ax, outline(shapes[key]), np.nan, False, False, colours)
        _label(ax, shapes[key], str(key), fill, False, points)
    if np.isfinite(values).any():
        _scale(ax, colours, change, chart.marks.get("unit", chart.y_label))
    blank = ~np.isfinite(values) & ~few
    _legend(ax, chart, bool(strong.any()), bool(few.any()), bool(blank.any()) or len(shapes) > len(keys))


def body_height(chart: Chart) -> float:
    """Height in inches that shows the shapes undistorted at the figure's width, within reason."""
    shapes = chart.marks.get("shapes", {})
    if not shapes:
        return 3.4
    width, height = _extent(shapes)
    return float(min(6.5, max(2.6, 0.5 + _WIDTH * height / width)))


def outline(polygons: Polygons) -> Path:
    """One path of all rings; holes run against their ring, so that they stay open."""
    from matplotlib.path import Path

    parts = [
        Path(_turned(ring, clockwise=place > 0), closed=True)
        for polygon in polygons
        for place, ring in enumerate(polygon)
    ]
    return Path.make_compound_path(*parts)


def inner_point(polygons: Polygons) -> tuple[float, float, float]:
    """A point inside the largest polygon, where its label fits best, and the width of the area there.

    The middle of the widest stretch inside among some level lines; those near the centre are preferred.
    """
    rings = max(polygons, key=lambda polygon: abs(_signed(np.asarray(polygon[0], dtype=float))))
    outer = np.asarray(rings[0], dtype=float)
    low, high = outer[:, 1].min(), outer[:, 1].max()
    runs = []
    for part in (0.5, 0.45, 0.55, 0.4, 0.6, 0.3, 0.7):
        level = low + (high - low) * (part + 1e-6)
        cuts = sorted(cut for ring in rings for cut in _crossings(np.asarray(ring, dtype=float), level))
        runs += [(right - left, (left + right) / 2, level) for left, right in zip(cuts[::2], cuts[1::2], strict=False)]
    width, x, y = max(runs, key=lambda item: round(item[0], 9))
    return x, y, width


def _crossings(ring: np.ndarray, level: float) -> np.ndarray:
    (x, y), (next_x, next_y) = ring.T, np.roll(ring, -1, axis=0).T
    over = (y > level) != (next_y > level)
    return (x + (next_x - x) * (level - y) / np.where(over, next_y - y, 1))[over]


def _turned(ring: Sequence[Sequence[float]], *, clockwise: bool) -> np.ndarray:
    points = np.asarray(ring, dtype=float)
    if (points[0] != points[-1]).any():  # matplotlib closes at the last point given, which would be lost
        points = np.vstack([points, points[:1]])
    return points[::-1] if (_signed(points) < 0) != clockwise else points


def _signed(ring: np.ndarray) -> float:
    (x, y), (next_x, next_y) = ring.T, np.roll(ring, -1, axis=0).T
    return float((x * next_y - next_x * y).sum() / 2)


def _corners(shapes: Mapping[str, Polygons]) -> tuple[np.ndarray, np.ndarray]:
    outer = [np.asarray(polygon[0], dtype=float) for polygons in shapes.values() for polygon in polygons]
    points = np.concatenate(outer)
    return points.min(axis=0), points.max(axis=0)


def _extent(shapes: Mapping[str, Polygons]) -> tuple[float, float]:
    """Width and height in degrees of latitude."""
    low, high = _corners(shapes)
    across = np.cos(np.radians((low[1] + high[1]) / 2))
    return max(float((high[0] - low[0]) * across), 1e-9), max(float(high[1] - low[1]), 1e-9)


def _points_per_degree(shapes: Mapping[str, Polygons]) -> float:
    """How many points of type fit on a degree of longitude."""
    width, height = _extent(shapes)
    low, high = _corners(shapes)
    drawn = min(_WIDTH, 6.0 * width / height)
    return 72 * drawn / max(float(high[0] - low[0]), 1e-9)


def _frame(ax: Axes, shapes: Mapping[str, Polygons]) -> None:
    low, high = _corners(shapes)
    pad = (high - low) * 0.015
    ax.set_xlim(low[0] - pad[0], high[0] + pad[0])
    ax.set_ylim(low[1] - pad[1], high[1] + pad[1])
    ax.set_aspect(1 / np.cos(np.radians((low[1] + high[1]) / 2)))
    ax.set_axis_off()


def _doubt(table: pd.DataFrame, chart: Chart, values: np.ndarray, change: bool) -> float:
    """The usual half-width of the intervals: by so much the scale is widened, lest chance alone fill it."""
    if chart.low is None or chart.high is None:
        return 0.0
    low, high = (np.where(np.isfinite(values), style.numbers(table, end), np.nan) for end in (chart.low, chart.high))
    with np.errstate(divide="ignore", invalid="ignore"):
        widths = np.log(high / values) if change else (high - low) / 2
    known = widths[np.isfinite(widths)]
    return float(np.median(known)) if len(known) else 0.0


def _colours(values: np.ndarray, doubt: float, change: bool) -> ScalarMappable:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize

    known = values[np.isfinite(values) & ((values > 0) | (not change))]
    if change:
        reach = float(np.exp(max(np.log(1.25), doubt, *np.abs(np.log(known)))))
        shades = LinearSegmentedColormap.from_list("change", colormaps["PuOr_r"](np.linspace(0.08, 0.92, 256)))
        return ScalarMappable(LogNorm(1 / reach, reach, clip=True), shades)
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    spare = doubt or (0.05 * max(abs(high), 1e-9) if high == low else 0.0)
    least = min(low, 0.0)  # what cannot be negative gets no negative scale
    return ScalarMappable(Normalize(max(low - spare, least), high + spare), colormaps["cividis_r"])


def _area(ax: Axes, path: Path, value: float, few: bool, strong: bool, colours: ScalarMappable) -> Any:
    """Draw one area; returns the colour that lies under its label."""
    from matplotlib.patches import PathPatch

    look: dict[str, Any] = dict(_GREY)
    if few:
        look = dict(_HATCHED)
    elif np.isfinite(value):
        least = colours.get_clim()[0] or value  # a ratio of 0 has no logarithm
        look["facecolor"] = tuple(colours.to_rgba(np.array([max(value, least)]))[0])
    ax.add_patch(PathPatch(path, **look))
    if strong:
        ax.add_patch(PathPatch(path, zorder=3, **_STRONG))
    return look["facecolor"]


def _words(key: str, value: float, few: bool, change: bool) -> str:
    if few:
        return f"{key}\ntoo few"
    if not np.isfinite(value):
        return key
    arrow = "" if not change or value == 1 else "\u25b2 " if value > 1 else "\u25bc "
    return f"{key}\n{arrow}{value:.2f}" if change else f"{key}\n{style.text(value)}"


def _label(ax: Axes, polygons: Polygons, words: str, fill: Any, bold: bool, points: float) -> None:
    """The label where it fits; one that would be too small to read is left to the table."""
    from matplotlib.colors import to_rgb

    x, y, width = inner_point(polygons)
    size = 1.35 * width * points / max(len(line) for line in words.split("\n"))
    if size < _SMALLEST:
        return
    red, green, blue = to_rgb(fill)
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0} if "too few" in words else None
    ax.text(
        x,
        y,
        words,
        ha="center",
        va="center",
        fontsize=min(size, _LARGEST),
        zorder=4,
        linespacing=1.2,
        color="white" if dark else style.INK,
        fontweight="bold" if bold else "normal",
        bbox=box,
    )


def _scale(ax: Axes, colours: ScalarMappable, change: bool, unit: str) -> None:
    bar = ax.figure.colorbar(colours, ax=ax, shrink=0.75, pad=0.02, aspect=24)
    style.colour_scale(bar, "\n".join(wrap(unit, 40)))
    if change:
        low, high = (float(end or 1.0) for end in colours.get_clim())
        usual = (0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
        ticks = [tick for tick in usual if low <= tick <= high]
        bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
        bar.minorticks_off()


def _legend(ax: Axes, chart: Chart, strong: bool, few: bool, blank: bool) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(**_STRONG, label=chart.marks.get("strong", "evidence of a difference"))] if strong else []
    handles += [Patch(**_HATCHED, label="too few to show")] if few else []
    handles += [Patch(**_GREY, label="not assessable")] if blank else []
    if handles:
        ax.legend(
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            ncols=len(handles),
            frameon=False,
            fontsize=style.SMALL,
            handlelength=1.8,
        )
