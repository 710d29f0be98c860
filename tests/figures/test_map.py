"""Maps: each value lands on the area of its key, evidence and suppression show without colour, holes stay open."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from perflib.errors import InputError
from perflib.figures import Chart, draw
from perflib.figures.map import inner_point, outline
from perflib.figures.style import INK


def square(x: float, y: float, size: float = 1.0) -> list[list[float]]:
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


SHAPES = {"west": [[square(0, 40)]], "east": [[square(1, 40)]], "north": [[square(0, 41)], [square(1, 41, 0.5)]]}
TABLE = pd.DataFrame(
    {"area": ["east", "north", "west"], "value": [2.0, 9.0, 1.0], "few": ["", "", ""], "strong": [True, False, False]}
)
MARKS = {"shapes": SHAPES, "note": "few", "highlight": "strong", "unit": "Incidents per resident"}


def chart(**more) -> Chart:
    return Chart("map", "area", "value", marks=MARKS | more)


def fills(axes) -> dict[tuple[float, float], str]:
    """South-west corner of each filled area -> its colour."""
    return {
        tuple(patch.get_path().get_extents().min): to_hex(patch.get_facecolor())
        for patch in axes.patches
        if patch.get_facecolor()[3] > 0
    }


def words(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_a_value_lands_on_the_area_of_its_key_in_whatever_order_the_rows_stand() -> None:
    one = fills(draw(TABLE, chart()).axes[0])
    two = fills(draw(TABLE.iloc[::-1], chart()).axes[0])
    assert one == two and len(one) == 3
    light = {place: sum(int(colour[at : at + 2], 16) for at in (1, 3, 5)) for place, colour in one.items()}
    assert light[0, 40] > light[1, 40] > light[0, 41]  # more is darker: west 1, east 2, north 9


def test_a_key_without_a_shape_is_refused() -> None:
    with pytest.raises(InputError, match="no shape for 'North'"):
        draw(TABLE.replace("north", "North"), chart())


def test_every_area_carries_its_name_and_value_and_the_scale_its_unit() -> None:
    figure = draw(TABLE, chart())
    assert sorted(words(figure.axes[0])) == ["east\n2", "north\n9", "west\n1"]
    assert figure.axes[1].get_ylabel() == "Incidents per resident"


def test_too_few_is_hatched_and_shows_no_number_and_missing_is_grey() -> None:
    table = TABLE.assign(few=["", "too few", ""], value=[np.nan, 3.0, 1.0])
    axes = draw(table, chart()).axes[0]
    assert sorted(words(axes)) == ["east", "north\ntoo few", "west\n1"]
    assert [patch.get_hatch() for patch in axes.patches].count("////") == 1
    assert fills(axes)[1, 40] == "#d3d6da"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["too few to show", "not assessable"]


def test_an_area_without_a_row_is_grey() -> None:
    axes = draw(TABLE[:2], chart()).axes[0]
    assert fills(axes)[0, 40] == "#d3d6da" and "west" in words(axes)


def test_change_is_told_without_colour_and_evidence_by_an_outline() -> None:
    table = TABLE.assign(value=[2.0, 0.5, 1.0])
    axes = draw(table, chart(scale="change", strong="more than chance")).axes[0]
    assert sorted(words(axes)) == ["east\n\u25b2 2.00", "north\n\u25bc 0.50", "west\n1.00"]
    strong = [patch for patch in axes.patches if to_hex(patch.get_edgecolor()) == INK and patch.get_linewidth() > 2]
    assert [tuple(patch.get_path().get_extents().min) for patch in strong] == [(1, 40)]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["more than chance"]


def test_the_scale_of_change_is_even_about_one() -> None:
    bar = draw(TABLE.assign(value=[4.0, 0.5, 1.0]), chart(scale="change")).axes[1]
    low, high = bar.get_ylim()
    assert low * high == pytest.approx(1)


def test_shape_is_true_at_the_middle_latitude() -> None:
    assert draw(TABLE, chart()).axes[0].get_aspect() == pytest.approx(1 / np.cos(np.radians(41)))


@pytest.mark.parametrize("flip", [False, True])
def test_a_hole_stays_open_whichever_way_its_ring_runs(flip: bool) -> None:
    ring, hole = square(0, 0, 4), square(1, 1, 2)
    found = outline([[ring, hole[::-1] if flip else hole]])
    turns = [
        np.sum(part[:-1, 0] * part[1:, 1] - part[1:, 0] * part[:-1, 1]) / 2
        for part in np.split(found.vertices, [len(ring)])
    ]
    assert turns == pytest.approx([16, -4])


def test_a_label_lies_inside_a_crescent_and_on_its_widest_part() -> None:
    crescent = [[0, 0], [10, 0], [10, 10], [9, 10], [9, 1], [0, 1]]
    x, y, width = inner_point([[crescent]])
    assert 9 < x < 10 and 0 < y < 10 and width == pytest.approx(1)
    x, y, width = inner_point([[square(0, 0, 1)], [square(5, 5, 3)]])
    assert 5 < x < 8 and 5 < y < 8 and width == pytest.approx(3)


def test_all_values_suppressed_still_draws_and_the_description_is_json() -> None:
    figure = draw(TABLE.assign(few="too few"), chart())
    assert len(figure.axes) == 1  # no scale without values
    assert json.loads(json.dumps(chart().describe()))["marks"]["shapes"]["west"] == [[square(0, 40)]]
