"""A wrong type, an unbounded value or an idle option, anywhere in a mapping, is a named error of `check`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from perflib.__main__ import main

COLUMNS = "columns: {call_id: id, received_at: received}"
ROWS = "id,received,district,day,time,n\n"
ROWS += "1,2025-01-01 10:00:00,N,2025-01-01,10:00,1\n"
ROWS += "2,2025-01-01 11:00:00,S,2025-01-02,11:00,2\n"


def checked(folder: Path, text: str, capsys: pytest.CaptureFixture[str], name: str = "x.csv") -> tuple[int, str]:
    """Exit code and words of `perflib check` for a mapping (``table: calls`` is put before it)."""
    (folder / name).write_text(ROWS, encoding="utf-8")
    (folder / "m.yml").write_bytes(text if isinstance(text, bytes) else f"table: calls\n{text}\n".encode())
    (folder / "d.yml").write_text(
        f"name: Town\ntimezone: UTC\nsources: [{{table: calls, files: {name}, mapping: m.yml}}]\n", encoding="utf-8"
    )
    code = main(["check", str(folder / "d.yml")])
    shown = capsys.readouterr()
    return code, shown.out + shown.err


def with_rule(rule: str, column: str = "district") -> str:
    """A mapping with one more column."""
    return f"columns: {{call_id: id, received_at: received, {column}: {rule}}}"


BOMB = "notes:\n  - &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"  - &a{at} [{','.join([f'*a{at - 1}'] * 9)}]\n" for at in range(1, 10)
)
PAIRS, LIST = "`name: value` pairs", "a list"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (f"{COLUMNS}\n{BOMB}", "m.yml", "more than 200,000 values"),
        (f"{COLUMNS}\nnotes: {'[' * 3000}{']' * 3000}", "m.yml", "more than 30 levels"),
        (f"{COLUMNS}\nnotes: &n [*n]", "m.yml", "the alias *n stands for nothing, or for itself"),
        ("columns: {call_id: !!python/object/apply:os.system [x], received_at: received}", "m.yml", "is not data"),
        ("columns: {? [a, b] : id, call_id: id, received_at: received}", "m.yml", "a key that is no text"),
        (f"1: 2\n{COLUMNS}", "m.yml", "unknown key '1'"),
        (f"2025-01-01: x\n{COLUMNS}", "m.yml", "unknown key '2025-01-01'"),
        (f"null: x\n{COLUMNS}", "m.yml", "unknown key 'null'"),
        (f"~: x\n{COLUMNS}", "m.yml", "unknown key (not shown)"),
        (f"true: x\n{COLUMNS}", "m.yml", "unknown key 'true'"),
        ("columns: {call_id: {from: {any: {a: b}}}, received_at: received}", "call_id, from, any", PAIRS),
        ("columns: {call_id: [[id]], received_at: received}", "call_id, from", LIST),
        (
            "columns: {call_id: id, received_at: {from: [received, {any: [a]}], join: [1, 2]}}",
            "received_at, join",
            LIST,
        ),
        ('columns: {call_id: "id\\0", received_at: received}', "m.yml", "U+0000"),
        ("columns: {call_id: , received_at: received}", "columns, call_id, from", "nothing where"),
        ("columns: {call_id: {from: []}, received_at: received}", "columns, call_id, from", "nothing where"),
        ("columns: [call_id, received_at]", "columns", f"a list where {PAIRS} is wanted"),
        ("columns: call_id", "columns", f"'call_id' where {PAIRS} is wanted"),
        (with_rule("{from: district, pad: 999999999}"), "district, pad", "a whole number from 0 to 100"),
        (with_rule("{from: district, pad: inf}"), "district, pad", "a whole number from 0 to 100"),
        (with_rule("{from: district, pad: nan}"), "district, pad", "a whole number from 0 to 100"),
        (with_rule("{from: district, pad: -1}"), "district, pad", "a whole number from 0 to 100"),
        (with_rule("{from: district, pad: 2.5}"), "district, pad", "a whole number from 0 to 100"),
        (with_rule("{from: district, recode: [a, b]}"), "district, recode", f"a list where {PAIRS} is wanted"),
        (with_rule("{from: district, recode: {N: [a]}}"), "district, recode, N", "a list where a text is wanted"),
        (with_rule('{from: district, recode: {"": x}}'), "district", "blanks are missing"),
        (with_rule("{value: [a, b]}"), "district, value", "a list where a text is wanted"),
        (with_rule("{from: district, missing: {a: b}}"), "district, missing", PAIRS),
        (with_rule("{from: district, optional: [true]}"), "district, optional", "true or false"),
        (with_rule("{from: district, optional: 1}"), "district, optional", "'1' where true or false"),
        (with_rule("{from: day, pivot: 1e3, format: '%y-%m-%d'}", "arrived_at"), "pivot", "from 0 to 99"),
        (with_rule("{from: day, format: {a: b}}", "arrived_at"), "format", PAIRS),
        (with_rule("{from: day, format: []}", "arrived_at"), "format", "nothing where"),
        (with_rule("{from: day, timezone: ../../etc/passwd}", "arrived_at"), "timezone", "unknown time zone"),
        (with_rule("{from: n, decimal: [',']}", "unit_count"), "decimal", LIST),
        (f"timezone: [UTC]\n{COLUMNS}", "timezone", "a list where a text is wanted"),
        (f"trust: [1, 2]\n{COLUMNS}", "trust", "a list where a text is wanted"),
        (f"notes: {{a: b}}\n{COLUMNS}", "notes", PAIRS),
        (f"notes: [[a]]\n{COLUMNS}", "notes", "a list where a text is wanted"),
        (f"missing: {{a: b}}\n{COLUMNS}", "missing", PAIRS),
        (f"quarantine_limit: nan\n{COLUMNS}", "quarantine_limit", "a number from 0 to 1"),
        (f"quarantine_limit: inf\n{COLUMNS}", "quarantine_limit", "a number from 0 to 1"),
        (f"quarantine_limit: 5\n{COLUMNS}", "quarantine_limit", "a number from 0 to 1"),
        (f"quarantine_limit: -0.1\n{COLUMNS}", "quarantine_limit", "a number from 0 to 1"),
        (f"quarantine_limit: [1]\n{COLUMNS}", "quarantine_limit", "a list where a number"),
        (f"quarantine_limit: 0_1\n{COLUMNS}", "quarantine_limit", "a number from 0 to 1"),
        (f"reader: [a]\n{COLUMNS}", "reader", f"a list where {PAIRS} is wanted"),
        (f"reader: {{delimiter: [a]}}\n{COLUMNS}", "reader, delimiter", "a list where a text is wanted"),
        (f"reader: {{join: {{a: [b]}}}}\n{COLUMNS}", "join, a", f"a list where {PAIRS} is wanted"),
        (f"reader: {{join: {{a: {{file: x.csv, on: {{id: [id]}}}}}}}}\n{COLUMNS}", "on, id", "a list where a text"),
        *(
            (f"reader: {{encoding: {name}}}\n{COLUMNS}", "encoding", "is no encoding of texts")
            for name in (
                "rot13",
                "hex",
                "zlib",
                "base64",
                "idna",
                "punycode",
                "unicode_escape",
                "undefined",
                "klingon",
                "../x",
            )
        ),
        (f"filter: {{column: id}}\n{COLUMNS}", "filter", PAIRS),
        (
            f"filter: [{{column: [a], keep: x, because: c}}]\n{COLUMNS}",
            "filter, column",
            "a list where a text is wanted",
        ),
        (f"filter: [{{column: id, keep: {{a: b}}, because: c}}]\n{COLUMNS}", "filter, keep", PAIRS),
        (
            f"filter: [{{column: id, keep: [[a]], because: c}}]\n{COLUMNS}",
            "filter, keep",
            "a list where a text is wanted",
        ),
        (f"derive: {{q: {{cases: [{{when: {{id: {{from: [1]}}}}, value: x}}]}}}}\n{COLUMNS}", "from", "a list where"),
        (f"derive: {{q: {{cases: [{{when: {{id: [1]}}, value: [1]}}]}}}}\n{COLUMNS}", "value", "a list where a text"),
        (f"derive: {{q: {{cases: {{a: b}}}}}}\n{COLUMNS}", "cases", PAIRS),
        (f"derive: {{q: {{first: {{a: b}}}}}}\n{COLUMNS}", "first", PAIRS),
        (f"derive: [q]\n{COLUMNS}", "derive", f"a list where {PAIRS} is wanted"),
        (f"{COLUMNS}\n---\na: b", "m.yml", "another document"),
        (f"{COLUMNS}\n{COLUMNS}", "m.yml", "key 'columns' stands twice"),
        (f"trust: {'x' * 10_000_000}\n{COLUMNS}", "m.yml", "more than 2,000,000 characters"),
        (f"trust: {'x' * 1_000_000}\n{COLUMNS}", "m.yml", "a value of 1,000,000 characters"),
        (b"table: [calls]\ncolumns: {call_id: id}", "table", "a list where a text is wanted"),
        (b"", "m.yml", "needs `table` and `columns`"),
        (b"- a\n- b", "m.yml", "needs `table` and `columns`"),
        (b"\x00\xff\xfe binary", "m.yml", "not readable as YAML"),
        (b"!!python/object/apply:os.system [x]", "m.yml", "is not data"),
    ],
)
def test_what_is_not_of_the_language_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, place: str, words: str
) -> None:
    start = time.monotonic()
    code, shown = checked(tmp_path, text, capsys)
    assert code == 1
    assert "Traceback" not in shown and place in shown and words in shown and len(shown) < 2_000
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("rule", "column", "key", "valid"),
    [
        ("{from: district, format: '%Y'}", "district", "format", "timestamp and date"),
        ("{from: district, pivot: 30}", "district", "pivot", "timestamp and date"),
        ("{from: district, decimal: ','}", "district", "decimal", "integer and number and timestamp and date"),
        ("{from: district, true: [N]}", "district", "true", "boolean"),
        ("{from: district, timezone: UTC}", "district", "timezone", "timestamp and date"),
        ("{from: n, pad: 4}", "unit_count", "pad", "string and category and timestamp"),
        ("{from: n, strip_decimal: true}", "unit_count", "strip_decimal", "string and category"),
        ("{from: n, false: [a]}", "unit_count", "false", "boolean"),
        ("{from: district, otherwise: keep}", "district", "otherwise", "without `recode`"),
        ("{from: district, join: x}", "district", "join", "several columns in `from`"),
        ("{value: N, optional: true}", "district", "optional", "without `from`"),
        ("{from: day, decimal: ','}", "arrived_at", "decimal", "a `format` that is a number"),
        ("{from: day, pivot: 30}", "arrived_at", "pivot", "a `format` with %y"),
    ],
)
def test_an_option_that_does_nothing_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rule: str, column: str, key: str, valid: str
) -> None:
    code, shown = checked(tmp_path, with_rule(rule, column), capsys)
    assert code == 1 and f"column {column}" in shown and f"`{key}` does nothing" in shown and valid in shown


@pytest.mark.parametrize(
    ("reader", "key", "valid"),
    [
        ("sheet: A", "sheet", "excel"),
        ("query: SELECT 1", "query", "postgresql and duckdb"),
        ("relation: a", "relation", "postgresql and duckdb"),
        ("format: csv, url_env: X", "url_env", "postgresql"),
        ("format: excel, delimiter: ';'", "delimiter", "csv and tsv"),
        ("format: excel, encoding: utf-8", "encoding", "csv and tsv and json"),
        ("format: parquet, member: a", "member", "csv and tsv and json"),
        ("join: {a: {file: l.csv, on: id, sheet: S}}", "sheet", "excel"),
        ("join: {a: {file: l.json, on: id, header: false}}", "header", "csv and tsv and excel"),
        ("join: {a: {file: l.xlsx, on: id, delimiter: ';'}}", "delimiter", "csv"),
    ],
)
def test_an_option_of_another_reader_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reader: str, key: str, valid: str
) -> None:
    code, shown = checked(tmp_path, f"reader: {{{reader}}}\n{COLUMNS}", capsys)
    assert code == 1 and f"`{key}` does nothing for" in shown and valid in shown


@pytest.mark.parametrize(
    "rule",
    [
        "{any: [arrived, [day, time]]}",
        "[{any: [arrived, [day, time]]}]",
        "[{any: [arrived, day]}, {any: [hour, time]}]",
    ],
)
def test_alternatives_may_be_joined_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str], rule: str) -> None:
    import perflib as pf

    code, shown = checked(tmp_path, with_rule(f"{{from: {rule}, format: '%Y-%m-%d %H:%M'}}", "arrived_at"), capsys)
    assert code == 0, shown
    found = pf.open(tmp_path / "d.yml").calls.order_by("call_id").arrived_at.execute()
    assert [str(stamp)[:16] for stamp in found] == ["2025-01-01 10:00", "2025-01-02 11:00"]


def test_an_alias_may_stand_for_a_few_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"missing: &none [x, y]\nnotes: *none\n{COLUMNS}"
    assert checked(tmp_path, text, capsys)[0] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="counts memory as Unix does")
def test_a_small_file_of_aliases_takes_no_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    checked(tmp_path, f"{COLUMNS}\n{BOMB}", capsys)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        f"a: {'[' * 3000}{']' * 3000}",
        "a: &n [*n]",
        "a: !!python/object/apply:os.system [x]",
        "a: 2025-02-30",
        f"a: {'9' * 6000}",
        "2024-01-01: New Year\n2024-01-01: again",
        "- a",
        "a: [",
        "",
        "? [a, b]\n: c",
        "courses: {A: {helps: [[force]], moves: force}}",
        "courses: {}\nother: [a]",
        "courses: {A: 1}",
    ],
)
def test_further_files_of_yaml_are_data_only(tmp_path: Path, text: str) -> None:
    """Calendars and development plans: a named error, or a frame where the file is a calendar after all."""
    from perflib.errors import PerflibError
    from perflib.metrics.counts.calendar import read_calendar
    from perflib.metrics.review.development import read

    file = tmp_path / "x.yml"
    file.write_text(text, encoding="utf-8")
    for reader in (read_calendar, read):
        with pytest.raises(PerflibError, match=r"x\.yml|calendar"):
            reader(file)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("name: [a]", "name: a list where a text"),
        ("timezone: {a: b}", "timezone: `name: value` pairs where a text"),
        ("sources: x", "sources: 'x' where a list"),
        ("sources: [x]", "sources: 'x' where `name: value` pairs"),
        ("sources: [{table: [calls], files: x.csv, mapping: m.yml}]", "table: a list where a text"),
        ("sources: [{table: cals, files: x.csv, mapping: m.yml}]", "did you mean 'calls'"),
        ("sources: [{table: calls, files: [x.csv], mapping: m.yml}]", "files: a list where a text"),
        ("sources: [{table: calls, files: x.csv, mapping: {a: b}}]", "mapping: `name: value` pairs where a text"),
        ("sources: [{table: calls, files: x.csv}]", "needs `mapping`"),
        ("settings: [a]", "settings: a list where"),
        ("settings: x", "settings: 'x' where"),
        ("settings: {fiscal_year_starts: 13}", "a whole number from 1 to 12"),
        ("settings: {fiscal_yaer_starts: 7}", "did you mean 'fiscal_year_starts'"),
        ("settings: {fiscal_year_starts: [7]}", "a whole number from 1 to 12"),
        ("settings: {stops: [a]}", "stops: a list where"),
        ("settings: {stops: {search_kinds: {a: b}}}", "search_kinds"),
        ("settings: {stops: {location: {lat: north, lon: 1}}}", "lat: 'north' where a number from -90 to 90"),
        ("settings: {review: {weights: [1]}}", "weights: a list where"),
        ("settings: {review: {weights: {force: .nan}}}", "force: '.nan' where a number"),
        ("boundaries: [a]", "boundaries: a list where"),
        ("policy: [a]", "policy: a list where"),
        ("1: a", "unknown key '1'"),
        ("2024-01-01: a", "unknown key '2024-01-01'"),
        ("districts: {a: b}", "not a list"),
        ("priority_targets: {1: [7]}", "is not a positive number"),
        ("privacy: [a]", "is not a section"),
        ("privacy: {subjects: [[a]]}", "no subject"),
        ("privacy: {because: [a]}", "because"),
    ],
)
def test_a_wrong_type_in_a_department_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, words: str
) -> None:
    checked(tmp_path, COLUMNS, capsys)
    lines = {
        "name": "name: Town",
        "timezone": "timezone: UTC",
        "sources": "sources: [{table: calls, files: x.csv, mapping: m.yml}]",
    }
    lines[line.split(":")[0]] = line
    (tmp_path / "d.yml").write_text("\n".join(lines.values()), encoding="utf-8")
    assert main(["check", str(tmp_path / "d.yml")]) == 1
    shown = capsys.readouterr().out
    assert "d.yml" in shown and words in shown


def test_names_of_a_department_file_stay_as_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import perflib as pf

    checked(tmp_path, COLUMNS, capsys)
    (tmp_path / "2024-01-01").write_text(ROWS, encoding="utf-8")
    (tmp_path / "d.yml").write_text(
        "name: 0412\ntimezone: UTC\nsources: [{table: calls, files: 2024-01-01, mapping: m.yml}]\n", encoding="utf-8"
    )
    assert pf.open(tmp_path / "d.yml").name == "0412"


def test_a_text_that_means_missing_does_so_in_typed_columns(tmp_path: Path) -> None:
    import pandas as pd

    import perflib as pf

    pd.DataFrame(
        {
            "id": ["1", "2"],
            "t": pd.to_datetime(["2025-01-01 10:00"] * 2),
            "n": [0, 3],
            "lat": [-1.0, 2.5],
            "a": pd.to_datetime(["2030-01-01 12:00", "2025-01-01 11:00"]),
            "c": pd.to_datetime(["1900-01-01", "2025-01-02"]),
        }
    ).to_parquet(tmp_path / "x.parquet")
    (tmp_path / "m.yml").write_text(
        """table: calls
missing: ["0", "-1.0", "2030-01-01 12:00:00", "1900-01-01"]
columns: {call_id: id, received_at: t, unit_count: n, lat: lat, arrived_at: a, closed_at: c}
""",
        encoding="utf-8",
    )
    (tmp_path / "d.yml").write_text(
        "name: T\ntimezone: UTC\nsources: [{table: calls, files: x.parquet, mapping: m.yml}]\n", encoding="utf-8"
    )
    rows = pf.open(tmp_path / "d.yml", personal=["lat"]).calls.order_by("call_id").execute()
    for column in ("unit_count", "lat", "arrived_at", "closed_at"):
        assert rows[column].isna().tolist() == [True, False], column
