"""Figures: every kind draws what its columns say, intervals always show, nothing global is touched."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.figures import KINDS, Chart, draw
from perflib.figures.style import spread, text

TABLE = pd.DataFrame(
    {
        "when": pd.date_range("2025-01-06", periods=8, freq="7D", tz="UTC"),
        "number": np.arange(8.0),
        "name": list("abcdefgh"),
        "y": [3.0, 4, 5, 4, 9, 4, 3, 4],
        "low": [2.0] * 8,
        "high": [5.0] * 7 + [np.nan],
        "centre": 4.0,
        "lower": 1.0,
        "upper": 7.0,
        "signal": [False] * 4 + [True] + [False] * 3,
        "group": ["one", "two"] * 4,
        "note": [""] * 8,
    }
)
MARKS = {
    "centre": "centre",
    "lower": "lower",
    "upper": "upper",
    "signal": "signal",
    "target": 6,
    "shapes": {name: [[[[at, 0], [at + 1, 0], [at + 1, 1], [at, 1]]]] for at, name in enumerate("abcdefgh")},
}


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("by", [None, "group"])
def test_every_kind_draws_and_saves(kind: str, by: str | None, tmp_path) -> None:
    x = {"dots": "name", "bars": "name", "map": "name", "line": "when", "control": "when"}.get(kind, "number")
    chart = Chart(kind, x, "y", "low", "high", by=by, x_label="X", y_label="Minutes", marks=MARKS)
    before = TABLE.copy()
    figure = draw(TABLE, chart, title="A title " * 20, caveats=["A caveat " * 30])
    figure.savefig(tmp_path / "figure.png")
    figure.savefig(tmp_path / "figure.svg")
    assert (tmp_path / "figure.png").stat().st_size > 5_000
    pd.testing.assert_frame_equal(TABLE, before)


def test_width_is_constant_and_words_are_wrapped() -> None:
    figure = draw(TABLE, Chart("line", "when", "y"), title="word " * 60, caveats=["small print " * 40])
    assert figure.get_size_inches()[0] == 7.0
    words = [item.get_text() for item in figure.texts]
    assert max(len(line) for line in words[0].splitlines()) <= 74
    assert words[1].count("\n") >= 3


def test_a_missing_upper_bound_is_an_arrow_at_the_edge() -> None:
    axes = draw(TABLE, Chart("dots", "name", "y", "low", "high")).axes[0]
    arrows = [line for line in axes.lines if line.get_marker() == ">"]
    assert sum(len(line.get_xdata()) for line in arrows) == 1
    whiskers = [part for collection in axes.collections for part in collection.get_segments()]
    assert len(whiskers) == 8  # one per dot, the open one included


def test_signals_differ_in_shape_and_colour() -> None:
    axes = draw(TABLE, Chart("control", "when", "y", marks=MARKS)).axes[0]
    diamonds = [line for line in axes.lines if line.get_marker() == "D"]
    rounds = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(diamonds[0].get_xdata()) == 1
    assert len(rounds[0].get_xdata()) == 7
    assert diamonds[0].get_color() != rounds[0].get_color()


def test_a_funnel_names_its_limits_and_keeps_its_span() -> None:
    marks = {"centre": 4.0, "lower": "lower", "upper": "upper", "limits": "of ordinary officers", "span": 20.0}
    axes = draw(TABLE, Chart("funnel", "number", "y", marks=marks)).axes[0]
    assert [item.get_text() for item in axes.get_legend().get_texts()] == ["95 % of ordinary officers"]
    low, high = axes.get_ylim()
    assert low <= -16 and high >= 24
    assert draw(TABLE, Chart("funnel", "number", "y")).axes[0].get_legend() is None


def test_a_lone_point_keeps_its_interval() -> None:
    table = TABLE.assign(low=[2.0, np.nan, np.nan, 2.0, np.nan, np.nan, np.nan, np.nan])
    axes = draw(table, Chart("line", "when", "y", "low", "high")).axes[0]
    assert sum(len(item.get_segments()) for item in axes.collections if hasattr(item, "get_segments")) == 2


def test_wrong_kind_and_column_are_named() -> None:
    with pytest.raises(InputError, match="did you mean 'line'"):
        draw(TABLE, Chart("lines", "when", "y"))
    with pytest.raises(InputError, match="needs column 'hihg'.*did you mean 'high'"):
        draw(TABLE, Chart("line", "when", "y", "low", "hihg"))
    with pytest.raises(InputError, match="'centr'"):
        draw(TABLE, Chart("control", "when", "y", marks={"centre": "centr"}))


def test_empty_tables_say_so() -> None:
    axes = draw(TABLE.iloc[:0], Chart("line", "when", "y")).axes[0]
    assert axes.texts[0].get_text() == "no values"


def test_no_window_manager_is_involved() -> None:
    code = (
        "import sys, pandas as pd; from perflib.figures import Chart, draw;"
        "assert 'matplotlib' not in sys.modules;"
        "f = draw(pd.DataFrame({'x': [1, 2], 'y': [1, 2]}), Chart('line', 'x', 'y'));"
        "assert f._repr_png_()[:4] == b'\\x89PNG'; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_numbers_for_readers() -> None:
    assert [text(number) for number in (12345.6, 12.34, 3.0, 0.1234, np.nan)] == ["12,346", "12.3", "3", "0.123", "n/a"]


def test_labels_are_moved_as_little_as_needed() -> None:
    assert spread([1.0, 1.0, 5.0], 1.0) == [0.5, 1.5, 5.0]
    assert spread([1.0, 3.0], 1.0) == [1.0, 3.0]
