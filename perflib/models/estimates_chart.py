"""The picture of officers' estimates, the same for every comparison."""

from __future__ import annotations

import pandas as pd

from perflib.figures import Chart

#: officers whom a figure can hold a line each, and flagged officers whose names it can hold.
_LINES, _NAMED = 40, 12
#: a ratio's axis reaches at least this far from the target: what is closer than that is no difference to look at.
_SPAN = 0.25


def drawn(
    frame: pd.DataFrame, target: float, x_label: str, y_label: str, alt: str, *, intervals: bool = False
) -> tuple[pd.DataFrame, Chart]:
    """The picture of estimates with ``low`` and ``high``, and the frame with the column ``flagged`` it needs.

    A line per officer while a page can hold them; more are points over their exposure, those flagged with interval.
    ``target`` is what peers have: 1 for ratios, 0 for differences. ``intervals``: faint ones for everybody else too.
    """
    frame = frame.assign(flagged=frame["verdict"].isin(["higher", "lower"]))
    if len(frame) <= _LINES:
        chart = Chart(
            "dots",
            "officer",
            "estimate",
            "low",
            "high",
            by="verdict",
            y_label=y_label,
            marks={"target": target},
            alt=alt,
        )
        return frame, chart
    names = "officer" if frame["flagged"].sum() <= _NAMED else None
    marks = {"centre": target, "highlight": "flagged", "name": names, "span": _SPAN * target, "intervals": intervals}
    return frame, Chart(
        "funnel", "exposure", "estimate", "low", "high", x_label=x_label, y_label=y_label, marks=marks, alt=alt
    )
