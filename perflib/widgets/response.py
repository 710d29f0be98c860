"""The response-time explorer: district, priority, interval, quantile and grain, each view the metric's own Result."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from perflib.agency import Department
from perflib.metrics.response.by import response as response_of
from perflib.metrics.response.scope import INTERVALS, in_service, scope_of
from perflib.result import Result
from perflib.widgets.box import ALL, Pick, box, call_of, choices, command_of, named
from perflib.widgets.live import live
from perflib.words.response import INTERVALS as WORDS
from perflib.words.response import quantile as quantile_name

QUANTILES = (0.5, 0.8, 0.9)
GRAINS = {"whole period, by priority": "priority", "by month": "month", "by week": "week"}
_DEFAULTS: dict[str, Any] = {
    "district": "",
    "priority": "",
    "interval": "response",
    "quantile": 0.5,
    "grain": "priority",
    "period": "",
}


def response(
    dept: Department,
    interactive: bool = True,
    *,
    district: str = "",
    priority: str = "",
    interval: str = "response",
    quantile: float = 0.5,
    grain: str = "priority",
    period: Any = "",
) -> Any:
    """An explorer of response times.

    In a live kernel: an ipywidgets box with choices of district, priority, interval, quantile and grain; below them one
    line of text, one image, and the links and lines that keep the view, all of which are replaced. Otherwise
    (``interactive`` false, PERFLIB_STATIC=1, or no kernel): the Result of the starting choice.

    Raises InputError for a starting choice that does not occur.
    """
    explorer = Explorer(dept, period)
    start: dict[str, Any] = {
        "district": district or ALL,
        "priority": priority or ALL,
        "interval": interval,
        "quantile": quantile,
        "grain": grain,
    }
    first = explorer.result(**start)  # a starting choice that does not occur raises here
    return explorer.box(**start) if live(interactive) else first


class Explorer:
    """Choices in, Result out; every view is computed once and kept."""

    def __init__(self, dept: Department, period: Any = "") -> None:
        self.dept, self.period = dept, period
        self._view = lru_cache(maxsize=256)(self._compute)

    def choices(self, column: str) -> list[str]:
        """The values of a column of the calls, "all" first."""
        return choices(in_service(self.dept, scope_of(self.dept, period=self.period)), column)

    def intervals(self) -> dict[str, str]:
        """Words -> name of the intervals that the calls have stamps for."""
        columns = set(self.dept.calls.columns)
        return {WORDS[name]: name for name, item in reversed(INTERVALS.items()) if {item.start, item.end} <= columns}

    def result(
        self,
        district: str = ALL,
        priority: str = ALL,
        interval: str = "response",
        quantile: float = 0.5,
        grain: str = "priority",
    ) -> Result:
        """The Result of one choice; all quantiles of a view are computed together."""
        view = self._view(district, priority, interval, grain)
        return view if view.reason or quantile == QUANTILES[0] else _of_quantile(view, quantile)

    def _compute(self, district: str, priority: str, interval: str, grain: str) -> Result:
        chosen: dict[str, Any] = named(district=district, priority=priority)
        return response_of(
            self.dept,
            grain,
            quantiles=QUANTILES,
            interval=interval,
            period=self.period,
            name="response_explorer",
            **chosen,
        )

    def again(self, *choice: Any) -> list[str]:
        """What gives the view, and the report of its district and priority, again."""
        chosen = dict(zip(("district", "priority", "interval", "quantile", "grain"), choice, strict=True))
        period = {"period": str(self.period)} if self.period else {}
        asked = {name: chosen[name] for name in ("district", "priority")} | period
        return [call_of("response", _DEFAULTS, chosen | period), command_of("01_response_times", asked)]

    def box(
        self,
        district: str = ALL,
        priority: str = ALL,
        interval: str = "response",
        quantile: float = 0.5,
        grain: str = "priority",
    ) -> Any:
        """The widget: choices above; text, image and what to keep below."""
        return box(
            [
                Pick("District", self.choices("district"), district),
                Pick("Priority", self.choices("priority"), priority),
                Pick("Interval", self.intervals(), interval),
                Pick("Quantile", {quantile_name(q): q for q in QUANTILES}, quantile),
                Pick("Show", GRAINS, grain),
            ],
            self.result,
            self.again,
        )


def _of_quantile(view: Result, quantile: float) -> Result:
    """The same view with another quantile drawn and said first."""
    from perflib.words.response import stem as tag

    if view.chart is None:
        return view
    stem, words = tag(quantile), quantile_name(quantile)
    outer = {"outer_low": f"{stem}_lower", "outer_high": f"{stem}_upper"} if "outer_low" in view.chart.marks else {}
    marks = {key: value for key, value in view.chart.marks.items() if key not in ("also", "label")} | outer
    chart = replace(
        view.chart,
        y=stem,
        low=f"{stem}_low",
        high=f"{stem}_high",
        marks=marks,
        y_label=f"{words[0].upper()}{words[1:]} (minutes)",
    )
    return replace(view, chart=chart)
