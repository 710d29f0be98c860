"""The response-time explorer: district, priority, interval, quantile and grain, over one aggregated frame per view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from perflib.agency import Department
from perflib.metrics import response as metric
from perflib.metrics.response.scope import INTERVALS, Scope, in_service
from perflib.metrics.response.words import name as quantile_name
from perflib.result import Result
from perflib.widgets.box import pictured
from perflib.widgets.live import live

QUANTILES = (0.5, 0.8, 0.9)
GRAINS = {"whole period, by priority": "priority", "by month": "month", "by week": "week"}
ALL = "all"
_LOOKED_AT = {"origin", "service", "district", "priority", "closing", "dispatched_at", "enroute_at", "arrived_at",
              *(stamp for item in INTERVALS.values() for stamp in (item.start, item.end))}


def response(
    dept: Department, interactive: bool = True, *, district: str = "", priority: str = "", period: Any = "",
) -> Any:
    """An explorer of response times.

    In a live kernel: an ipywidgets box with choices of district, priority, interval, quantile and grain, and one image
    and one line of text that are replaced. Otherwise (``interactive`` false, PERFLIB_STATIC=1, or no kernel): the
    Result of the starting choice.
    """
    explorer = Explorer(dept, period)
    start: dict[str, Any] = {"district": district or ALL, "priority": priority or ALL}
    return explorer.box(**start) if live(interactive) else explorer.result(**start)


class Explorer:
    """Choices in, Result out; every view is computed once and kept."""

    def __init__(self, dept: Department, period: Any = "") -> None:
        self.dept, self.period = dept, period
        self._narrow: Department | None = None
        self._view: Callable[..., Result] = lru_cache(maxsize=256)(self._compute)
        self._image: Callable[..., tuple[str, bytes]] = lru_cache(maxsize=256)(self._draw)

    def choices(self, column: str) -> list[str]:
        """The values of a column of the calls, "all" first."""
        if not self.dept.has("calls", column):
            return [ALL]
        found = self.dept.calls.select(column).distinct().execute()[column].dropna()
        return [ALL, *sorted(map(str, found))]

    def intervals(self) -> dict[str, str]:
        """Words -> name of the intervals that the calls have stamps for."""
        columns = set(self.dept.calls.columns)
        return {item.words: name for name, item in reversed(INTERVALS.items()) if {item.start, item.end} <= columns}

    def result(
        self, district: str = ALL, priority: str = ALL, interval: str = "response", quantile: float = 0.5,
        grain: str = "priority",
    ) -> Result:
        """The Result of one choice; all quantiles of a view are computed together."""
        view = self._view(district, priority, interval, grain)
        return view if view.reason or quantile == QUANTILES[0] else _of_quantile(view, quantile)

    def _prepared(self) -> Department:
        """The department with only the rows and columns that views look at, held by the engine from the first view."""
        if self._narrow is None:
            rows = in_service(self.dept, Scope(period=self.period))
            held = rows.select([name for name in rows.columns if name in _LOOKED_AT]).cache()
            self._narrow = replace(self.dept, tables={**self.dept.tables, "calls": held})
        return self._narrow

    def _compute(self, district: str, priority: str, interval: str, grain: str) -> Result:
        chosen: dict[str, Any] = {
            name: value for name, value in (("district", district), ("priority", priority)) if value != ALL}
        return metric.response(self._prepared(), grain, quantiles=QUANTILES, interval=interval, period=self.period,
                               name="response_explorer", **chosen)

    def _draw(self, *choice: Any) -> tuple[str, bytes]:
        return pictured(self.result(*choice))

    def box(self, district: str = ALL, priority: str = ALL) -> Any:
        """The widget: choices above, one text and one image below."""
        import ipywidgets

        text, image = ipywidgets.HTML(), ipywidgets.Image(format="png", width=700)
        pick = {
            "district": ipywidgets.Dropdown(options=self.choices("district"), value=district, description="District"),
            "priority": ipywidgets.Dropdown(options=self.choices("priority"), value=priority, description="Priority"),
            "interval": ipywidgets.Dropdown(options=self.intervals(), value="response", description="Interval"),
            "quantile": ipywidgets.Dropdown(
                options={quantile_name(q): q for q in QUANTILES}, value=0.5, description="Quantile"),
            "grain": ipywidgets.Dropdown(options=GRAINS, value="priority", description="Show"),
        }

        def update(_: Any = None) -> None:
            text.value, image.value = self._image(*(widget.value for widget in pick.values()))

        for widget in pick.values():
            widget.observe(update, names="value")
        update()
        return ipywidgets.VBox([ipywidgets.HBox(list(pick.values()), layout={"flex_flow": "row wrap"}), text, image])


def _of_quantile(view: Result, quantile: float) -> Result:
    """The same view with another quantile drawn and said first."""
    from perflib.metrics.response.cells import tag

    if view.chart is None:
        return view
    stem, words = tag(quantile), quantile_name(quantile)
    outer = {"outer_low": f"{stem}_lower", "outer_high": f"{stem}_upper"} if "outer_low" in view.chart.marks else {}
    marks = {key: value for key, value in view.chart.marks.items() if key not in ("also", "label")} | outer
    chart = replace(view.chart, y=stem, low=f"{stem}_low", high=f"{stem}_high", marks=marks,
                    y_label=f"{words[0].upper()}{words[1:]} (minutes)")
    return replace(view, chart=chart)
