"""Labels in any script: drawn by an installed font that has them, or a caveat that names the script; no warnings."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from matplotlib.image import imread

import perflib.reports
from perflib import Result
from perflib.__main__ import main
from perflib.figures import Chart

ROOT = Path(__file__).parents[2]
TEMPLATE = Path(perflib.reports.__file__).parent / "template"
DEPARTMENT = """name: 甲市警察局
timezone: Asia/Taipei
sources:
  - {table: calls, files: calls.csv, mapping: calls.yml}
districts: [甲分局, 乙分局, 丙分局]
priority_targets: {"一級": 7, "二級": 15}
"""
MAPPING = """table: calls
columns: {call_id: 號碼, received_at: 開始, arrived_at: 抵達, priority: 優先, district: 分局}
"""


def labelled(*labels: str, title: str = "Title") -> Result:
    table = pd.DataFrame({"unit": labels, "value": range(1, len(labels) + 1)})
    return Result("labelled", table, title, "Answer.", "", chart=Chart("dots", "unit", "value"))


def pixels(result: Result) -> np.ndarray:
    """The picture, drawn with every warning an error."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result.plot().savefig(buffer, format="png", dpi=100)
    buffer.seek(0)
    return imread(buffer)


@pytest.fixture
def only_usual_fonts(monkeypatch):
    """A computer on which matplotlib's own fonts alone are installed."""
    usual = [font for font in font_manager.fontManager.ttflist if font.name.startswith(("DejaVu", "Last Resort"))]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", usual)


@pytest.fixture
def one_more_font(only_usual_fonts, tmp_path):
    """The same, and a font with four Chinese characters: each a bar of another height."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    signs = {sign: f"glyph{n}" for n, sign in enumerate("一二三級")}
    drawn = {}
    for n, name in enumerate([".notdef", *signs.values()]):
        pen = TTGlyphPen(None)
        pen.moveTo((100, 0))
        for corner in ((100, 150 * (n + 1)), (900, 150 * (n + 1)), (900, 0)):
            pen.lineTo(corner)
        pen.closePath()
        drawn[name] = pen.glyph()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(list(drawn))
    font.setupCharacterMap({ord(sign): name for sign, name in signs.items()})
    font.setupGlyf(drawn)
    font.setupHorizontalMetrics(dict.fromkeys(drawn, (1000, 0)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Four Bars", "styleName": "Regular"})
    font.setupOS2(sTypoAscender=800, sTypoDescender=-200)
    font.setupPost()
    font.save(tmp_path / "bars.ttf")
    font_manager.fontManager.addfont(str(tmp_path / "bars.ttf"))


def test_chinese_labels_are_drawn_where_a_font_has_them(one_more_font):
    assert not np.array_equal(pixels(labelled("一級", "二級")), pixels(labelled("二級", "一級")))
    assert labelled("一級", "二級").describe()["caveats"] == []


def test_and_a_caveat_names_the_script_where_none_has(only_usual_fonts):
    result = labelled("一級", "二級")
    assert np.array_equal(pixels(result), pixels(labelled("二級", "一級"))), "boxes: all look alike"
    (said,) = result.describe()["caveats"]
    assert "no font with its Chinese (CJK) characters" in said
    assert pixels(result).shape[0] > pixels(labelled("a", "b")).shape[0], "it stands on the figure too"


@pytest.mark.parametrize(
    ("label", "script"),
    [
        ("スピード", "Katakana"),
        ("음주 운전", "Hangul"),
        ("สวัสดี", "Thai"),
        ("नमस्ते", "Devanagari"),
        ("🚓", "emoji or symbol"),
        ("一🚓ก", "Chinese (CJK), Thai, emoji or symbol"),
    ],
)
def test_every_script_without_a_font_is_named(only_usual_fonts, label, script):
    pixels(labelled(label))
    (said,) = labelled(label).describe()["caveats"]
    assert f"with its {script} characters" in said


@pytest.mark.parametrize(
    "label", ["Жёлтый район", "Περιοχή", "Ⅳ ≥ 5 → ☃", "שלום", "مرحبا", "a\tb\x00c\u200d\ufe0f", "café"]
)
def test_what_the_usual_font_has_needs_no_word(only_usual_fonts, label):
    pixels(labelled(label))
    assert labelled(label).describe()["caveats"] == []


def test_hebrew_is_drawn_from_right_to_left(only_usual_fonts):
    forced = "\u202dבא\u202c"  # the two letters the other way round, told to stand from left to right
    assert np.array_equal(pixels(labelled("אב")), pixels(labelled(forced)))


def test_a_title_of_wide_characters_stays_on_the_sheet(one_more_font):
    figure = labelled("a", title="一二三級" * 30).plot()
    figure.savefig(io.BytesIO(), format="png", dpi=100)
    ends = [text.get_window_extent().x1 for text in figure.texts]
    assert max(ends) <= figure.bbox.x1, ends


def test_the_page_leaves_the_choice_to_the_browser_in_the_end():
    """Each list of fonts ends in a generic family: the browser finds one that has the characters."""
    style = (TEMPLATE / "report.css").read_text(encoding="utf-8")
    lists = re.findall(r"--(?:serif|sans): ([^;]+);", style) + re.findall(r"font: [^;]*?(ui-monospace[^;]+);", style)
    scripts = "".join(path.read_text(encoding="utf-8") for path in (TEMPLATE / "script").glob("*.js"))
    lists += re.findall(r"[fF]ont[^\n`\"]*?[`\"][^`\"]*?px ([^`\"]+)[`\"]", scripts)
    assert len(lists) >= 6 and {one.rsplit(",", 1)[-1].strip() for one in lists} <= {"serif", "sans-serif", "monospace"}


def test_the_report_of_a_chinese_department(tmp_path, monkeypatch):
    """Case 12, from the command line: no warning in the page; boxes only with a caveat."""
    draw = random.Random(12)
    begin = dt.datetime(2023, 1, 1)
    with open(tmp_path / "calls.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["號碼", "開始", "抵達", "優先", "分局"])
        for n in range(3000):
            at = begin + dt.timedelta(minutes=draw.randrange(540 * 1440))
            rows.writerow(
                [
                    f"T{n}",
                    at,
                    at + dt.timedelta(minutes=draw.randint(3, 20)),
                    draw.choice(["一級", "二級"]),
                    draw.choice(["甲分局", "乙分局", "丙分局"]),
                ]
            )
    (tmp_path / "calls.yml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "department.yml").write_text(DEPARTMENT, encoding="utf-8")
    assert (
        main(
            [
                "run",
                str(ROOT / "notebooks" / "01_response_times.ipynb"),
                "--department",
                str(tmp_path / "department.yml"),
                "-p",
                "district=乙分局",
                "--out",
                str(tmp_path / "out"),
            ]
        )
        == 0
    )
    page = (tmp_path / "out" / "01_response_times.html").read_text(encoding="utf-8")
    assert "一級" in page and "missing from font" not in page and "findfont" not in page
    fonts = font_manager.fontManager.ttflist
    covered = any(
        {ord("一"), ord("級")} <= set(FT2Font(font.fname).get_charmap())
        for font in fonts
        if not font.name.startswith("Last Resort")
    )
    assert ("no font with its Chinese (CJK) characters" in page) is not covered
