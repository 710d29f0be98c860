"""What to draw, as data: one description serves matplotlib here and the interactive report in the browser."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Chart:
    """A figure described by column names of the Result's table.

    Attributes
    ----------
    kind : name of a drawing registered in ``perflib.figures.KINDS``.
    x, y : columns on the axes.
    low, high : columns of the interval of ``y``; drawn as a band or as whiskers.
    by : column that splits the table into colours (or panels, when ``panels`` is true).
    x_label, y_label : axis labels, with units.
    marks : further columns or constants the kind documents, e.g. ``{"signal": "signal", "target": 7.0}``.
        ``choose`` names columns of which one value is drawn at a time: the first here, any on the page.
    panels : one small panel per value of ``by`` instead of one colour each.
    alt : the finding in one sentence, read aloud by screen readers.
    """

    kind: str
    x: str
    y: str
    low: str | None = None
    high: str | None = None
    by: str | None = None
    x_label: str = ""
    y_label: str = ""
    marks: dict[str, Any] = field(default_factory=dict)
    panels: bool = False
    alt: str = ""

    def describe(self) -> dict[str, Any]:
        """The description as a plain dictionary, for the interactive report."""
        return asdict(self)
