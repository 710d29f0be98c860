"""The explorer: a Result where nobody can click; one text, one image and one line of links where somebody can."""

from __future__ import annotations

import asyncio
import base64
import random
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import perflib as pf
from perflib import widgets
from perflib.errors import InputError
from perflib.metrics.response import response
from perflib.result import Result
from perflib.widgets.box import Soon, call_of, command_of
from perflib.widgets.response import QUANTILES, Explorer

SAID = ("title", "answer", "method", "caveats", "facts", "chart", "labels", "reason")


@pytest.fixture(scope="module")
def dept():
    return pf.from_frames(calls=frame(20_000), name="Toy", timezone="America/New_York")


def frame(n: int) -> pd.DataFrame:
    """Calls with every fate, origin and interval, missing texts and stamps in the wrong order."""
    generator = np.random.default_rng(4)

    def later(moment, minutes, missing):
        found = moment + pd.to_timedelta(generator.gamma(2, 30 * minutes, n).round(), unit="s")
        return found.where(generator.random(n) > missing)

    received = pd.Series(
        pd.Timestamp("2025-01-01T05:00Z") + pd.to_timedelta(generator.integers(0, 180 * 86_400, n), unit="s")
    )
    sent = later(received, 3, 0.1)
    return pd.DataFrame(
        {
            "call_id": np.arange(n).astype(str),
            "received_at": received,
            "dispatched_at": sent,
            "arrived_at": later(sent, 8, 0.2),
            "priority": generator.choice(["1", "2", "3", None], n),
            "district": generator.choice(["0412", "north", None], n, p=[0.6, 0.39, 0.01]),
            "origin": generator.choice(["public", "officer", "unknown", None], n),
            "closing": generator.choice(["attended", "cancelled", "without_arrival", None], n),
            "service": generator.choice(["police", "fire"], n, p=[0.9, 0.1]),
        }
    )


def same(ours: Result, metric: Result) -> None:
    """Equal to the last bit, words included; only the name differs."""
    pd.testing.assert_frame_equal(ours.table, metric.table, check_exact=True)
    assert all(getattr(ours, part) == getattr(metric, part) for part in SAID)


def test_unattended_it_is_a_result(dept, monkeypatch):
    monkeypatch.setenv("PERFLIB_STATIC", "1")
    result = widgets.response(dept, district="0412")
    assert isinstance(result, Result) and "0412" in result.title
    assert isinstance(widgets.response(dept, interactive=False), Result)
    with pytest.raises(InputError, match="no district '0421'"):
        widgets.response(dept, district="0421")


def test_every_move_of_a_random_walk_shows_the_figures_of_the_metric(dept):
    walk, explorer = random.Random(8), Explorer(dept, "2025-02-03..2025-05-20")
    for _ in range(12):
        district, priority = (walk.choice(explorer.choices(name)) for name in ("district", "priority"))
        interval, grain = walk.choice(list(explorer.intervals().values())), walk.choice(["priority", "month", "week"])
        wanted = {name: value for name, value in (("district", district), ("priority", priority)) if value != "all"}
        plain = response(dept, grain, quantiles=QUANTILES, interval=interval, period=explorer.period, **wanted)
        same(explorer.result(district, priority, interval, grain=grain), plain)


def test_a_choice_replaces_text_image_and_links(dept, monkeypatch):
    monkeypatch.delenv("PERFLIB_STATIC")
    box = Explorer(dept).box()
    choices, text, image, keep = box.children
    before = text.value, bytes(image.value), keep.value
    assert before[1].startswith(b"\x89PNG")
    district = choices.children[0]
    assert list(district.options) == ["all", "0412", "north"]
    district.value = "0412"
    assert "district 0412" in text.value and "Priority 1: " in text.value and text.value != before[0]
    assert bytes(image.value) != before[1] and keep.value != before[2]
    choices.children[3].value = 0.9
    choices.children[4].value = "month"
    assert bytes(image.value).startswith(b"\x89PNG") and len(box.children) == 4
    assert "pf.widgets.response(dept, district=&#x27;0412&#x27;, quantile=0.9, grain=&#x27;month&#x27;)" in keep.value
    assert "perflib run notebooks/01_response_times.ipynb -p district=0412<" in keep.value
    links = dict(re.findall(r'download="([^"]+)" href="data:[^,]+,([^"]+)"', keep.value))
    assert set(links) == {f"response_explorer.{kind}" for kind in ("png", "xlsx", "csv")}
    saved = base64.b64decode(links["response_explorer.png"])
    assert saved.startswith(b"\x89PNG") and saved != bytes(image.value), "with its question and caveats"
    assert "calls have no usable time" in keep.value


def test_the_line_to_copy_gives_the_view_again(dept):
    explorer = Explorer(dept, "2025-03")
    line = explorer.again("0412", "2", "dispatched_arrived", 0.8, "week")[0]
    again = eval(line, {"pf": pf, "dept": dept})
    same(again, explorer.result("0412", "2", "dispatched_arrived", 0.8, "week"))
    assert explorer.again("all", "all", "response", 0.5, "priority") == [
        "pf.widgets.response(dept, period='2025-03')",
        "perflib run notebooks/01_response_times.ipynb -p period=2025-03",
    ]


def test_lines_to_copy_are_safe_to_paste():
    assert command_of("n", {"district": "a; rm -rf ~"}) == "perflib run notebooks/n.ipynb -p 'district=a; rm -rf ~'"
    line = call_of("cases", {"district": ""}, {"district": "x') or ('"})
    assert line == "pf.widgets.cases(dept, district=\"x') or ('\")"


def test_quick_moves_are_drawn_once_and_the_last_one_wins():
    drawn, state = [], {"now": 0}

    async def ten_moves():
        soon = Soon(lambda: drawn.append(state["now"]), 0.01)
        for step in range(10):
            state["now"] = step
            soon.ask()
        await asyncio.sleep(0.05)
        soon.ask()
        await asyncio.sleep(0.05)

    asyncio.run(ten_moves())
    assert drawn == [9, 9], "one drawing of ten moves, and the next move is heard again"


def test_a_view_that_cannot_be_drawn_says_so_and_the_next_one_is_drawn(dept, monkeypatch):
    explorer = Explorer(dept)
    box = explorer.box()
    district = box.children[0].children[0]
    plain = explorer.result

    def refusing(*chosen):
        if chosen[0] == "north":
            raise InputError("no <calls>")
        return plain(*chosen)

    broken = widgets.box.box([widgets.box.Pick("District", district.options, "all")], refusing, lambda chosen: ["x"])
    broken.children[0].children[0].value = "north"
    assert "no &lt;calls&gt;" in broken.children[1].value and not broken.children[2].value
    broken.children[0].children[0].value = "0412"
    assert "Priority 1" in broken.children[1].value and broken.children[2].value


def test_quantile_changes_what_is_drawn_not_what_is_computed(dept):
    explorer = Explorer(dept)
    median, ninth = explorer.result(), explorer.result(quantile=0.9)
    assert ninth.chart is not None and ninth.chart.y == "p90"
    pd.testing.assert_frame_equal(median.table, ninth.table)


def test_a_view_never_seen_before_is_there_within_the_bar():
    """From choice to picture: the processor's seconds, all threads; the bar of 300 ms holds at the sample's size."""
    many = pf.from_frames(calls=frame(100_000), timezone="America/New_York")
    explorer, spent = Explorer(many), []
    widgets.box.pictured(explorer.result())
    for choice in (("0412", "all"), ("north", "all"), ("all", "1"), ("all", "2"), ("north", "3")):
        start = time.process_time()
        widgets.box.pictured(explorer.result(*choice, grain="month"))
        spent.append(time.process_time() - start)
    assert np.median(spent) < 0.3


@pytest.mark.realdata
def test_real_calls_without_districts(realdata, monkeypatch):
    monkeypatch.setenv("PERFLIB_REALDATA", str(realdata))
    explorer = Explorer(pf.open(Path(__file__).parents[2] / "data" / "departments" / "decc.yml"))
    assert explorer.result().facts["1"]["median_min"] == pytest.approx(4.82, abs=0.006)
    assert explorer.choices("district") == ["all"]
