"""Mappings and department files changed at random, and hostile texts anywhere: a named error or a right answer."""

from __future__ import annotations

import copy
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from perflib.__main__ import main

SECONDS = 20
MAPPING: dict[str, Any] = {
    "table": "calls",
    "reader": {
        "format": "csv",
        "delimiter": ",",
        "encoding": "utf-8",
        "decimal": ".",
        "join": {"record": {"file": "records.csv", "on": {"id": "number"}, "first_by": "day", "partial": True}},
    },
    "missing": ["NULL", "-"],
    "timezone": "America/Chicago",
    "trust": "as exported",
    "notes": ["one", "two"],
    "derive": {
        "who": {
            "cases": [
                {"when": {"source": ["OFFICER"]}, "value": "officer"},
                {"when": {"source": "present", "id": {"except": ["9"]}}, "value": "public"},
                {"when": {"day": {"from": "2024-01-01", "until": "2025-01-01"}}, "value": "public"},
            ],
            "otherwise": "unknown",
        },
        "ended": {"first": ["record.closed", "cleared"]},
    },
    "columns": {
        "call_id": "id",
        "received_at": {"from": ["day", "time"], "join": " ", "format": "%Y-%m-%d %H:%M"},
        "arrived_at": {"from": {"any": ["arrived", ["day", "absent"]]}, "optional": True, "timezone": "America/Denver"},
        "cleared_at": {"from": "ended", "format": ["%m/%d/%y", "%Y-%m-%d"], "pivot": 30},
        "service": {"from": "agency", "recode": {"PD": "police", "FD": "fire"}, "otherwise": "reject"},
        "origin": "who",
        "priority": {"from": "pri", "pad": 2, "strip_decimal": True},
        "unit_count": {"from": "n", "decimal": ",", "missing": ["x"]},
        "district": {"value": "all"},
    },
    "filter": [{"column": "agency", "keep": ["PD", "FD"], "because": "police and fire"}],
    "collapse": {"columns": {"arrived_at": "min"}, "otherwise": "first", "because": "one row per unit"},
    "quarantine_limit": 0.5,
}
DEPARTMENT: dict[str, Any] = {
    "name": "Town",
    "timezone": "America/Chicago",
    "roots": ["."],
    "sources": [{"table": "calls", "files": "calls*.csv", "mapping": "m.yml"}],
    "privacy": {"pseudonyms": True, "small_cells": 5, "subjects": ["stops"], "because": "x", "key": "keys/k"},
    "districts": ["all", {"name": "North"}],
    "shifts": {"day": ["07:00", "15:00"], "night": ["15:00", "07:00"]},
    "priority_targets": {"1": 7, "2": {"minutes": 15, "share": 0.9}},
    "notes": ["a note"],
    "settings": {
        "fiscal_year_starts": 7,
        "review": {"weights": {"force": 1}},
        "stops": {"reference": "White", "location": {"lat": 1, "lon": 2}},
    },
}
CALLS = """id,day,time,arrived,later,source,agency,pri,n,cleared
1,2024-05-01,10:00,2024-05-01 10:07,,PHONE,PD,1.0,3,05/01/24
1,2024-05-01,10:00,2024-05-01 10:04,,PHONE,PD,1.0,3,05/01/24
2,2024-05-02,11:00,,,OFFICER,FD,2,x,-
3,2024-05-03,12:30,2024-05-03 12:45,,,PD,3,1,2024-05-03
"""
RECORDS = "number,day,closed\n1,2024-05-02,2024-05-02\n1,2024-05-01,2024-05-01\n"
TOUCH = "touch pwned; copy nul pwned"
WRONG: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    7,
    999999999,
    10**40,
    1.5,
    -0.0,
    float("nan"),
    float("inf"),
    "",
    " ",
    "x",
    "nan",
    "1e999",
    "0x1F",
    "2024-01-01",
    "NULL",
    "~",
    [],
    {},
    [[]],
    [None],
    {"a": {}},
    {"": ""},
    ["x", "x"],
    [1, 2.5, None],
    [["a", ["b", ["c"]]]],
    {"x": ["y", {"z": None}]},
    "x" * 5_000,
    ["x"] * 2_000,
    {str(n): n for n in range(2_000)},
    "%Y%m%d",
    "%",
    "{0.__class__}",
    "*",
    "&a",
    "!!python/object/apply:os.system [x]",
    "\u202e",
    "../../x",
    "/",
]
HOSTILE = [
    # SQL
    "'; DROP TABLE calls; --",
    '"; DROP TABLE calls; --',
    "x') OR 1=1; --",
    "' UNION SELECT * FROM duckdb_settings() --",
    "'); COPY (SELECT 1) TO 'pwned'; --",
    "\" FROM read_csv('/etc/passwd') --",
    "$$; ATTACH 'pwned'; --",
    "\\'; SELECT 1",
    "'||getenv('HOME')||'",
    "/* x */",
    "c0",
    "_record",
    "COLUMNS(*)",
    "'; INSTALL httpfs; --",
    "1; SET threads = 0",
    # pages and templates
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</style><svg onload=alert(1)>",
    "&lt;b&gt;",
    "]]>",
    "{{ 7*7 }}",
    "{{ config.__class__.__mro__ }}",
    "{% for x in y %}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    # shells, formats and Python
    f"$({TOUCH})",
    f"`{TOUCH}`",
    f"| {TOUCH}",
    f"; {TOUCH} #",
    "%s%s%s%n",
    "{0}",
    "{0.__class__.__init__.__globals__}",
    "%(x)s",
    "{x!r:>99999999}",
    f"__import__('os').system('{TOUCH}')",
    "!!python/object/apply:os.system ['x']",
    "\\x00",
    "\\u0000",
    "(a+)+$",
    "[",
    "(?P<x>",
    "*" * 200,
    "\\",
    "\\1",
    ".*",
    # paths and addresses
    "../../../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\win.ini",
    "\\\\host\\share",
    "~/.ssh/id",
    "file:" + "///etc/passwd",
    "${HOME}/.pgpass",
    "%USERPROFILE%",
    "CON",
    "nul",
    "a/../../b",
    "http://127.0.0.1/x",
    "s3://bucket/x",
    "|ls",
    "-rf",
    # characters
    "\u202egnp.exe",
    "\u200b",
    "\ufeff",
    "\u2028",
    "\u2029",
    "\x85",
    "\x1b[31mred",
    "\x07",
    "\x7f",
    "e\u0301",
    "\u00e9",
    "\U0001f600",
    "\ud7ff",
    "\ufffe",
    "\u0000"[:0] + "\u0130",
    "\u00df",
    "\uff07; DROP",
    "a\tb",
    "a\nb",
    "a\r\nb",
    # spreadsheets
    "=cmd|'/c calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    '=HYPERLINK("http://x")',
    "\t=1",
    "\r=1",
    # words that mean something to somebody
    "null",
    "None",
    "NaN",
    "Infinity",
    "-Infinity",
    "epoch",
    "infinity",
    "now",
    "today",
    "true",
    "yes",
    "on",
    "0412",
    "1e5",
    "0x10",
    "1_000",
    "12:30:45",
    "<<",
    "=",
    "__proto__",
    "constructor",
    "toString",
    "",
    " ",
    "  x  ",
    "x" * 3_000,
]


def places(raw: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a structure."""
    items = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def holder(raw: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        raw = raw[key]
    return raw


def put(raw: Any, path: tuple[Any, ...], value: Any) -> None:
    holder(raw, path)[path[-1]] = value


def renamed(raw: Any, path: tuple[Any, ...], key: Any) -> None:
    held = holder(raw, path)
    if isinstance(held, dict):
        items = [(key if name == path[-1] else name, value) for name, value in held.items()]
        held.clear()
        held.update(items)


def mutated(rng: random.Random, raw: dict[str, Any]) -> str:
    """The YAML of a good file after one to three changes, each of a kind chosen at random."""
    found = copy.deepcopy(raw)
    for _ in range(rng.randint(1, 3)):
        path = rng.choice(list(places(found)) or [("table",)])
        kind = rng.randrange(5)
        if kind == 0:
            put(found, path, copy.deepcopy(rng.choice(WRONG)))
        elif kind == 1:
            holder(found, path).pop(path[-1])
        elif kind == 2:
            renamed(found, path, rng.choice(["x", 1, None, True, 2.5, "format", "from", "because", "\u202e", "a b"]))
        elif kind == 3:
            other = rng.choice(list(places(found)) or [path])
            put(found, path, copy.deepcopy(holder(found, other)[other[-1]]))
        else:
            put(found, path, rng.choice(HOSTILE))
    text = yaml.safe_dump(found, allow_unicode=True, sort_keys=False)
    return altered(rng, text) if rng.random() < 0.3 else text


def altered(rng: random.Random, text: str) -> str:
    """A change of the text itself: lines doubled, lost or indented, anchors, half a file, an odd character."""
    lines = text.splitlines()
    at = rng.randrange(len(lines)) if lines else 0
    kind = rng.randrange(7)
    if kind == 0:
        lines.insert(at, lines[at])
    elif kind == 1:
        del lines[at]
    elif kind == 2:
        lines[at] = " " * rng.randint(1, 4) + lines[at]
    elif kind == 3:
        nest = ", ".join(["*a"] * 50)
        lines = ["x: &a [1, 2]", f"y: [{nest}]", *lines, "<<: *a"]
    elif kind == 4:
        return text[: rng.randrange(len(text) + 1)]
    elif kind == 5:
        lines[at] += rng.choice([": :", "[", "}", "\t", "'", " #", " !x", " &b", " *c", "---", " | x", " >-", "\u2028"])
    else:
        lines[at] = lines[at].replace(": ", ": " + rng.choice(["[", "{", "!!set ", "? ", "- ", "'"]), 1)
    return "\n".join(lines)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Writes the files, runs `perflib check` and `quarantine`; nothing may be raised, made or take long."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").mkdir()

    def go(mapping: str, department: str, calls: str = CALLS, what: object = "") -> int:
        written = {"m.yml": mapping, "d.yml": department, "calls.csv": calls, "records.csv": RECORDS}
        for name, text in written.items():
            (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        before, start = sorted(os.listdir(tmp_path)), time.monotonic()
        for command in ("check", "quarantine"):
            try:
                code = main([command, "d.yml"])
            except Exception as fault:
                raise AssertionError(f"{what}: {type(fault).__name__}: {fault}") from fault
            shown = capsys.readouterr()
            assert code in (0, 1) and "Traceback" not in shown.out + shown.err, what
            assert "root:" not in shown.out + shown.err and len(shown.out + shown.err) < 100_000, what
        assert time.monotonic() - start < SECONDS, what
        assert sorted(os.listdir(tmp_path)) == before, what
        return code

    return go


def dumped(raw: Any) -> str:
    return yaml.safe_dump(raw, allow_unicode=True, sort_keys=False)


def test_the_files_that_are_changed_are_good(run: Callable[..., int], tmp_path: Path) -> None:
    import perflib as pf

    assert run(dumped(MAPPING), dumped(DEPARTMENT)) == 0
    assert pf.open(tmp_path / "d.yml").calls.count().execute() == 3


def many(count: int, few: int) -> list[Any]:
    """The numbers of a run, in tens; all but the first ones are slow."""
    return [pytest.param(first, marks=[] if first < few else [pytest.mark.slow]) for first in range(0, count, 10)]


@pytest.mark.parametrize("first", many(300, 20))
def test_a_changed_mapping_is_read_or_refused(run: Callable[..., int], first: int) -> None:
    for seed in range(first, first + 10):
        run(mutated(random.Random(seed), MAPPING), dumped(DEPARTMENT), what=f"mapping {seed}")


@pytest.mark.parametrize("first", many(300, 20))
def test_a_changed_department_file_is_read_or_refused(run: Callable[..., int], first: int) -> None:
    for seed in range(first, first + 10):
        run(dumped(MAPPING), mutated(random.Random(seed), DEPARTMENT), what=f"department {seed}")


@pytest.mark.parametrize("first", many(260, 20))
def test_a_hostile_text_is_a_text(run: Callable[..., int], first: int) -> None:
    """Each somewhere in the mapping, the department file, a cell and the header, or as what the mapping names there."""
    for number in range(first, first + 10):
        rng = random.Random(number)
        text = HOSTILE[number % len(HOSTILE)] + ("" if number < len(HOSTILE) else str(number))
        mapping, department = copy.deepcopy(MAPPING), copy.deepcopy(DEPARTMENT)
        if number % 2:
            put(mapping, rng.choice(list(places(mapping))), text)
            path = rng.choice([path for path in places(department) if path[0] != "sources"])
            put(department, path, text)
        else:
            mapping["columns"]["district"] = {"from": text, "recode": {text: text}, "optional": True}
            mapping["derive"][f"d{text}"] = {"cases": [{"when": {text: [text]}, "value": text}], "otherwise": text}
            mapping["filter"][0]["keep"].append(text)
            department["districts"].append(text)
        cell = '"' + text.replace('"', '""') + '"'
        calls = CALLS.replace("later", cell, 1).replace("PHONE", cell).replace(",x,", f",{cell},")
        run(dumped(mapping), dumped(department), calls, what=f"text {number} {text[:40]!r}")


COLUMNS = {"call_id": "id", "received_at": {"from": "day"}}
LARGE: dict[str, dict[str, Any]] = {
    "recode": {"columns": {**COLUMNS, "district": {"from": "agency", "recode": {f"k{n}": "x" for n in range(90_000)}}}},
    "recodes": {
        "columns": {
            **COLUMNS,
            **{
                name: {"from": "agency", "recode": {f"k{n}": "x" for n in range(1_900)}}
                for name in ("district", "beat", "priority", "call_type", "shift")
            },
        }
    },
    "missing": {"missing": [f"m{n}" for n in range(100_000)]},
    "parts": {"columns": {**COLUMNS, "district": {"from": ["agency"] * 1_500}}},
    "parts of parts": {"columns": {**COLUMNS, "district": {"from": [{"any": [["agency"] * 20]}] * 20}}},
    "cases": {"derive": {"q": {"cases": [{"when": {"id": ["1"]}, "value": "x"}] * 900}}},
    "derived from derived": {
        "derive": {f"d{n}": {"first": [f"d{n - 1}"] * 2 if n else ["agency", "agency"]} for n in range(90)}
    },
    "derived": {"derive": {f"d{n}": {"first": ["agency"]} for n in range(5_000)}},
    "formats": {"columns": {**COLUMNS, "arrived_at": {"from": "day", "format": ["%Y-%m-%d"] * 1_000}}},
    "format": {"columns": {**COLUMNS, "arrived_at": {"from": "day", "format": "%Y-%m-%d" + "x%%" * 6_000}}},
    "kept": {"filter": [{"column": "agency", "keep": [f"k{n}" for n in range(19_000)] + ["PD"], "because": "x"}]},
    "filters": {"filter": [{"column": "agency", "keep": ["PD", "FD"], "because": "x"}] * 400},
    "notes": {"notes": ["x" * 15_000] * 100},
    "joins": {
        "reader": {
            "join": {f"j{n}": {"file": "records.csv", "on": {"id": "number"}, "first_by": "day"} for n in range(500)}
        }
    },
}


@pytest.mark.parametrize("name", LARGE)
def test_a_mapping_that_is_large_in_one_thing_is_read_soon_or_refused(run: Callable[..., int], name: str) -> None:
    mapping = {"table": "calls", "columns": COLUMNS, "collapse": "first", **LARGE[name]}
    department = "name: T\ntimezone: UTC\nsources: [{table: calls, files: calls.csv, mapping: m.yml}]\n"
    run(dumped(mapping), department, what=name)
