"""Result: what it carries, prints, saves and never does."""

import base64
import io
import json
import re

import numpy as np
import openpyxl
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.figures import Chart
from perflib.result import MIME, Result, json_safe, spreadsheet_safe


@pytest.fixture
def result() -> Result:
    table = pd.DataFrame({"week": [1, 2], "minutes": [5.0, np.nan], "note": ["=1+1", "<script>"]})
    return Result(
        "demo",
        table,
        "How long?",
        "It took 5.0 minutes.",
        "Median.",
        ["Small."],
        {"m": np.float64("nan")},
        chart=Chart("line", "week", "minutes", y_label="Minutes"),
        labels={"minutes": "Median (min)"},
    )


def test_table_is_copied_in() -> None:
    table = pd.DataFrame({"a": [1]})
    result = Result("demo", table, "t", "a", "m")
    table.loc[0, "a"] = 2
    assert result.table.loc[0, "a"] == 1


def test_facts_are_json_without_nan(result: Result) -> None:
    assert json.dumps(dict(result.facts), allow_nan=False) == '{"m": null}'
    assert json_safe({"t": pd.Timestamp("2025-01-01"), "n": np.int64(3), "x": pd.NA}) == {
        "t": "2025-01-01T00:00:00",
        "n": 3,
        "x": None,
    }


def test_summary_holds_answer_and_caveats(result: Result) -> None:
    assert all(part in result.summary() for part in ("How long?", "5.0 minutes", "Caveat: Small.", "Method: Median."))


def test_html_escapes_data(result: Result) -> None:
    page = result._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_mimebundle_describes_itself(result: Result) -> None:
    described = result._repr_mimebundle_()[MIME]
    json.dumps(described, allow_nan=False)
    assert described["rows"][1] == [2, None, "<script>"] and described["chart"]["kind"] == "line"


def test_save_writes_safe_files(result: Result, tmp_path) -> None:
    names = {path.name for path in result.save(tmp_path)}
    assert names == {"demo.csv", "demo.xlsx", "demo.facts.json", "demo.svg", "demo.png"}
    assert pd.read_csv(tmp_path / "demo.csv")["note"][0] == "'=1+1"
    assert pd.read_excel(tmp_path / "demo.xlsx")["note"][0] == "'=1+1"


def test_a_live_notebook_offers_the_files_themselves(result: Result, monkeypatch) -> None:
    monkeypatch.delenv("PERFLIB_STATIC", raising=False)
    links = dict(re.findall(r'download="demo\.(\w+)" href="data:[^;]+;base64,([^"]+)"', result._repr_html_()))
    files = {suffix: base64.b64decode(content) for suffix, content in links.items()}
    assert files["png"].startswith(b"\x89PNG") and b"'=1+1" in files["csv"]
    assert pd.read_excel(io.BytesIO(files["xlsx"]), engine="openpyxl")["note"][0] == "'=1+1"
    monkeypatch.setenv("PERFLIB_STATIC", "1")
    assert "download" not in result._repr_html_()


def test_a_large_table_is_not_carried_in_the_notebook(monkeypatch) -> None:
    monkeypatch.delenv("PERFLIB_STATIC", raising=False)
    large = Result("large", pd.DataFrame({"a": range(20_001)}), "T", "A.", "")
    assert "download" not in large._repr_html_() and len(large._repr_html_()) < 10_000


@pytest.mark.parametrize("sign", ["\x07", "\x00", "\x1f", "\ufffe", "\uffff"])
def test_excel_takes_what_it_could_not_print(tmp_path, sign: str) -> None:
    odd = pd.DataFrame({f"a{sign}": [f"b{sign}", "c"], "t": pd.to_datetime(["2025-01-01", None], utc=True)})
    Result("odd", odd, "T", "A.", "").save(tmp_path)
    sheet = openpyxl.load_workbook(tmp_path / "odd.xlsx").active
    assert [cell.value for cell in sheet["A"]] == ["a\N{REPLACEMENT CHARACTER}", "b\N{REPLACEMENT CHARACTER}", "c"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1", "'=1"),
        (" +1", "' +1"),
        ("a;=1", "a;'=1"),
        ("a\n@x", "a\n'@x"),
        ("＝1", "'＝1"),
        ("\t-1", "'\t'-1"),
        ("a-b; c", "a-b; c"),
        ("0412", "0412"),
        ("1 + 1 = 2", "1 + 1 = 2"),
    ],
)
def test_only_what_a_spreadsheet_would_evaluate_is_defused(text: str, written: str) -> None:
    assert spreadsheet_safe(pd.DataFrame({"a": [text]}))["a"][0] == written


def test_not_assessable_gives_the_reason() -> None:
    result = Result.not_assessable("demo", "fewer than 5 calls")
    assert result.reason == "fewer than 5 calls" and "Not assessable" in result.summary()
    with pytest.raises(InputError, match="fewer than 5"):
        result.plot()


def test_name_must_be_an_identifier() -> None:
    with pytest.raises(InputError):
        Result("Bad Name", pd.DataFrame(), "t", "a", "m")
