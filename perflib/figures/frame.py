"""The frame around every figure: title above, caveats in small print below, one or several panels between."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import TightLayoutEngine
from matplotlib.text import Text

from perflib.figures.fonts import drawing, wrap
from perflib.figures.style import INK, MUTED

WIDTH = 7.0
_TITLE_LINE, _NOTE_LINE, _PAD = 0.235, 0.124, 0.14


class Framed(TightLayoutEngine):
    """Tight layout between the title and the small print, measured once; matplotlib's own ``rect`` measures twice.

    What stands outside the axes keeps its size when they are made less high, so one measurement is enough.
    """

    def __init__(self, bottom: float, top: float, **options: Any) -> None:
        super().__init__(rect=None, **options)  # type: ignore[arg-type]  # None: the whole figure, in one pass
        self._bottom, self._top = bottom, top

    def execute(self, fig: Any) -> None:
        """Fit the axes of ``fig`` to the whole figure, then between the margins."""
        super().execute(fig)
        pars, rows = (
            fig.subplotpars,
            max((axes.get_gridspec().nrows for axes in fig.axes if axes.get_gridspec()), default=1),
        )
        low, high = pars.bottom + self._bottom, pars.top - self._top
        gap = pars.hspace * (pars.top - pars.bottom) / (rows + (rows - 1) * pars.hspace)
        each = (high - low - (rows - 1) * gap) / rows
        if each > 0:
            fig.subplots_adjust(bottom=low, top=high, hspace=gap / each)


class Sheet(Figure):
    """A figure that no window manager knows: it shows itself once, where it is returned.

    Texts come from records: they are drawn as they stand, in the font ``families`` that have their characters.
    """

    families: Sequence[str] = ("sans-serif",)

    def draw(self, renderer: Any) -> None:
        with drawing(self.families):  # for tick labels, which are made while drawing
            self._plain_texts()
            super().draw(renderer)

    def savefig(self, fname: Any, **options: Any) -> None:
        """As any figure's, but laid out once: matplotlib would lay out and walk the figure twice."""
        engine = self.get_layout_engine()
        drawn, dpi = self.dpi, options.get("dpi", "figure")
        self.dpi = drawn if dpi == "figure" else dpi
        if engine is not None:
            with drawing(self.families):
                engine.execute(self)
            self.set_layout_engine(None)
        try:
            super().savefig(fname, **options)
        finally:
            self.dpi = drawn
            if engine is not None:
                self.set_layout_engine(engine)

    def _plain_texts(self) -> None:
        for text in self.findobj(Text):
            text.set_parse_math(False)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=144)
        return buffer.getvalue()


def sheet(title: str, notes: Sequence[str], body: float, panels: int = 1) -> tuple[Sheet, list[Axes]]:
    """A figure 7 inches wide whose plotting area is ``body`` inches high, and its axes.

    The title is wrapped and set above, ``notes`` are wrapped and set below in small print.
    """
    heading = wrap(title, 74)
    small = [line for note in notes for line in wrap(note, 124, subsequent_indent="  ")]
    top = len(heading) * _TITLE_LINE + (_PAD if heading else 0.05)
    bottom = len(small) * _NOTE_LINE + (_PAD if small else 0.05)
    height = top + body + bottom
    figure = Sheet(figsize=(WIDTH, height), facecolor="white")
    figure.set_layout_engine(Framed(bottom / height, top / height, pad=0.5, w_pad=1.2, h_pad=0.9))
    if heading:
        figure.text(
            0.015,
            1 - 0.07 / height,
            "\n".join(heading),
            fontsize=11.5,
            fontweight="bold",
            color=INK,
            va="top",
            ha="left",
            linespacing=1.25,
        )
    if small:
        figure.text(
            0.015, 0.05 / height, "\n".join(small), fontsize=7, color=MUTED, va="bottom", ha="left", linespacing=1.25
        )
    return figure, _axes(figure, panels)


def _axes(figure: Figure, panels: int) -> list[Axes]:
    columns = 1 if panels == 1 else 2 if panels in (2, 4) else 3
    flat = list(figure.subplots(-(-panels // columns), columns, squeeze=False).ravel())
    for spare in flat[panels:]:
        spare.remove()
    return flat[:panels]
