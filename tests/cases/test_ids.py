"""Ids of officers, units, calls, places: one id in every table, whatever pandas or a spreadsheet made of it."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta

import pandas as pd
import pytest

import perflib as pf
from perflib import schema
from perflib.__main__ import main

OPEN = {"pseudonyms": False, "because": "invented"}
IDS = {table: [name for name, column in schema.get(table).columns.items() if column.id] for table in schema.names()}
PERSONAL = [name for table in schema.names() for name in schema.get(table).personal]
RIGHT = ["1007", "412", "9"]


def check(capsys, path: object) -> dict:
    """What `perflib check --json` says of sources that are sound."""
    assert main(["check", str(path), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_code_of_the_schema_names_its_kind():
    """What is an id by its name has a kind, and one name has one kind in all tables but for offences and charges."""
    for table in schema.tables().values():
        for name, column in table.columns.items():
            named = name.endswith("_id") or name in ("district", "beat", "unit", "shift", "area", "priority")
            assert bool(column.id) >= (named and column.type == "string"), f"{table.name}.{name}"
            assert not (column.pseudonym and not column.id)
            if column.refers:
                other, key = column.refers.split(".")
                assert column.id == schema.get(other).columns[key].id
    kinds = {
        name: {schema.get(table).columns[name].id for table in IDS if name in IDS[table]}
        for table in IDS
        for name in IDS[table]
    }
    assert {name for name, held in kinds.items() if len(held) > 1} <= {"offence", "incident_id"}


def written(frame: pd.DataFrame, ids: list[str], form: str, path: str) -> str:
    """Writes a table with its ids in one of the forms that tools leave; the name of the file."""
    if form.startswith("csv"):
        texts = {"csv float": "{}.0", "csv blanks": " {} ", "csv decimal": "{}.00", "csv": "{}"}
        odd = [texts.get(form, "{}.0"), "{}" if form == "csv mixed" else texts.get(form, "{}.0")]
        given = frame.assign(**{name: [odd[at > 0].format(value) for at, value in enumerate(RIGHT)] for name in ids})
        given.to_csv(f"{path}.csv", index=False)
        return f"{path}.csv"
    kind = {"integer": "int64", "float": "float64", "text": "string"}[form.split()[1]]
    made = {
        name: pd.Series([f"{text}.0" if kind == "string" else float(text) for text in RIGHT]).astype(kind)
        for name in ids
    }
    given = frame.assign(**made)
    if form.startswith("excel"):
        given.to_excel(f"{path}.xlsx", index=False)
        return f"{path}.xlsx"
    if form.startswith("json"):
        given.to_json(f"{path}.json", orient="records")
        return f"{path}.json"
    given.to_parquet(f"{path}.parquet", index=False)
    return f"{path}.parquet"


@pytest.mark.parametrize(
    "form",
    [
        "csv",
        "csv float",
        "csv blanks",
        "csv decimal",
        "csv mixed",
        "parquet integer",
        "parquet float",
        "parquet text",
        "json integer",
        "json float",
        "json text",
        "excel float",
        "excel text",
    ],
)
def test_one_id_in_every_table_whatever_the_file(town, filled, tmp_path, form):
    sources = []
    for table, ids in IDS.items():
        frame = filled(table, **dict.fromkeys(ids, RIGHT))
        file = written(frame, ids, form, str(tmp_path / table))
        sources.append((table, file.rsplit("/", 1)[-1].rsplit("\\", 1)[-1], {name: name for name in frame.columns}))
    dept = pf.open(town({}, sources, privacy=OPEN), personal=PERSONAL)
    for table, ids in IDS.items():
        rows = dept.table(table).execute()
        assert {name: sorted(rows[name]) for name in ids} == dict.fromkeys(ids, RIGHT), table


@pytest.mark.parametrize("kind", ["int64", "float64", "string", "object", "category"])
def test_one_id_in_every_table_of_frames(filled, kind):
    frames = {}
    for table, ids in IDS.items():
        values = [1007.0, "412.0", 9] if kind == "object" else pd.Series([1007, 412, 9], dtype="int64")
        values = pd.Series([f"{text}.0" for text in RIGHT]) if kind in ("string", "category") else pd.Series(values)
        frames[table] = filled(table, **dict.fromkeys(ids, RIGHT)).assign(**{name: values.astype(kind) for name in ids})
    dept = pf.from_frames(privacy=OPEN, personal=PERSONAL, **frames)
    for table, ids in IDS.items():
        rows = dept.table(table).execute()
        assert {name: sorted(rows[name]) for name in ids} == dict.fromkeys(ids, RIGHT), table


def test_ids_of_a_canonical_folder(filled, tmp_path):
    frame = filled("assignments", officer_id=["1007.0", "412.0"], unit=["A", "B"])
    frame.assign(start_on=pd.to_datetime(frame["start_on"]).dt.date).to_parquet(tmp_path / "assignments.parquet")
    (tmp_path / "department.yml").write_text("privacy: {pseudonyms: false, because: invented}", encoding="utf-8")
    assert sorted(pf.open(tmp_path).assignments.execute()["officer_id"]) == ["1007", "412"]


@pytest.mark.parametrize(
    "ids",
    [["0412", "412"], ["3.1", "3.0", "10.2"], ["1.0A", "2.0A"], ["A.0", "B.0"], ["00.10", "2.0"], ["1-0", "1.0.0"]],
)
def test_what_is_no_whole_number_stays_as_it_is_written(town, ids):
    text = "id,t\n" + "".join(f"{each},2024-01-01\n" for each in ids)
    path = town({"x.csv": text}, [("calls", "x.csv", {"call_id": "id", "received_at": "t"})])
    assert sorted(pf.open(path).calls.execute()["call_id"]) == sorted(ids)


def test_files_of_one_source_are_looked_at_together(town):
    """A month in which every beat happens to end in .0 is not read otherwise than the others."""
    files = {"c1.csv": "id,t,b\n1.0,2024-01-01,3.0\n", "c2.csv": "id,t,b\n2,2024-01-01,3.1\n"}
    columns = {"call_id": "id", "received_at": "t", "beat": "b"}
    rows = pf.open(town(files, [("calls", "c*.csv", columns)])).calls.order_by("call_id").execute()
    assert rows["call_id"].tolist() == ["1", "2"] and rows["beat"].tolist() == ["3.0", "3.1"]


def test_one_key_in_two_spellings_is_one_key(town, capsys):
    path = town(
        {"x.csv": "id,t\n1007.0,2024-01-01\n1007,2024-01-01\n" + "".join(f"{at},2024-01-01\n" for at in range(40))},
        [("calls", "x.csv", {"call_id": "id", "received_at": "t"})],
    )
    (source,) = check(capsys, path)["sources"]
    assert source["reasons"] == {"call_id: duplicate of an earlier record": 1}
    assert "call_id: whole numbers written as 7.0 are read as 7" in source["notes"]


def test_a_large_file_is_read_the_same(town):
    rows = [f"{at}{'.0' if at % 40 == 0 else ''},2024-01-01 10:00:00,{1 + at % 9},{'x' * 60}" for at in range(230_000)]
    columns = {"call_id": "id", "received_at": "t", "beat": "b"}
    path = town({"x.csv": "id,t,b,z\n" + "\n".join(rows) + "\n"}, [("calls", "x.csv", columns)])
    found = pf.open(path).calls.call_id
    assert int(found.nunique().execute()) == 230_000 and int(found.contains(".").sum().execute()) == 0


def test_recodes_filters_and_joins_meet_ids_that_were_floats(town):
    files = {
        "x.csv": "id,t,a,o,k\n1,2024-01-01,1.0,1007.0,0.0\n2,2024-01-01,2.0,9.0,1.0\n3,2024-01-01,3.0,8.0,1.0\n",
        "j.csv": "o,d\n1007,North\n9,South\n",
    }
    mapping = {
        "reader": {"join": {"r": {"file": "j.csv", "on": ["o"], "partial": "true"}}},
        "columns": {
            "call_id": "id",
            "received_at": "t",
            "district": "r.d",
            "beat": {"from": "k", "missing": ["0"]},
            "service": {"from": "a", "recode": {"1": "police", "2": "fire", "3": "ems"}, "otherwise": "other"},
        },
        "filter": [{"column": "a", "keep": ["1", "2"], "because": "a test"}],
    }
    rows = pf.open(town(files, [("calls", "x.csv", mapping)])).calls.order_by("call_id").execute()
    assert rows["service"].tolist() == ["police", "fire"] and rows["district"].tolist() == ["North", "South"]
    assert rows["beat"].isna().tolist() == [True, False]


@pytest.fixture
def force(town):
    """Case 06: 60 officers in 3 units, one year; 1007 uses force four times as often."""
    random.seed(6)
    officers = [str(1000 + at) for at in range(60)]
    unit = {officer: "ABC"[at % 3] for at, officer in enumerate(officers)}
    calls, responses, forces = ["call,recv,arr,district"], ["call,officer,assigned,arrived"], []
    for at in range(9000):
        when = datetime(2024, 1, 1) + timedelta(minutes=random.randrange(365 * 1440))
        one = random.choice("ABC")
        crew = random.sample([officer for officer in officers if unit[officer] == one], 2)
        random.choice("12")
        calls.append(f"C{at},{when},{when + timedelta(minutes=8)},D{one}")
        for officer in crew:
            responses.append(f"C{at},{officer},{when + timedelta(minutes=1)},{when + timedelta(minutes=8)}")
            if random.random() < (0.16 if officer == "1007" else 0.04):
                random.choice("123")
                forces.append((f"F{at}-{officer}", f"C{at}", when + timedelta(minutes=15), officer))
    posts = ["officer,unit,start", *(f"{officer},{unit[officer]},2023-01-01" for officer in officers)]

    def make(spell, **privacy: object):
        used = ["id,call,at,officer", *(f"{','.join(map(str, row[:3]))},{spell(row[3])}" for row in forces)]
        files = {"calls.csv": calls, "responses.csv": responses, "posts.csv": posts, "force.csv": used}
        return town(
            {name: "\n".join(lines) + "\n" for name, lines in files.items()},
            [
                (
                    "calls",
                    "calls.csv",
                    {"call_id": "call", "received_at": "recv", "arrived_at": "arr", "district": "district"},
                ),
                (
                    "unit_responses",
                    "responses.csv",
                    {
                        "call_id": "call",
                        "unit_id": "officer",
                        "officer_id": "officer",
                        "assigned_at": "assigned",
                        "arrived_at": "arrived",
                    },
                ),
                ("assignments", "posts.csv", {"officer_id": "officer", "unit": "unit", "start_on": "start"}),
                ("force", "force.csv", {"force_id": "id", "call_id": "call", "used_at": "at", "officer_id": "officer"}),
            ],
            privacy=privacy or OPEN,
        )

    return make


@pytest.mark.parametrize("spell", [str, "{}.0".format, " {}.0 ".format])
def test_officers_of_float_columns_are_assessed(force, capsys, spell):
    path = force(spell)
    assert check(capsys, path)["notes"] == []
    found = pf.metrics.officers.compare(pf.open(path), "force", ["unit"])
    assert [found.facts[name] for name in ("officers", "assessed", "flags")] == [60, 60, 1]


@pytest.mark.parametrize(
    ("spell", "cause"),
    [
        ("00{}".format, "without leading zeros 100% would be the same"),
        ("{}.5".format, "check what both columns hold"),
        (lambda officer: f"{officer[0]}-{officer[1:]}", "without spaces and punctuation 100% would be the same"),
        (lambda officer: f"{officer[0]},{officer[1:]}".join('""'), "without spaces and punctuation 100%"),
    ],
)
def test_check_names_the_table_whose_officers_are_in_no_other(force, capsys, spell, cause):
    (note,) = check(capsys, force(spell))["notes"]
    assert note.startswith("no officer of force (60) is in unit_responses (60), assignments (60)") and cause in note
    assert "1007" not in note


def test_coded_ids_are_compared_too(force, capsys, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("PERFLIB_KEY_FILE", str(tmp_path_factory.mktemp("keys") / "new.key"))
    (note,) = check(capsys, force("00{}".format))["notes"]
    assert note.startswith("no officer of force (60) is in")


@pytest.mark.parametrize(
    ("kind", "tables", "cause"),
    [
        ("district", ("calls", "incidents"), "upper and lower case"),
        ("beat", ("calls", "stops"), "upper and lower case"),
        ("unit", ("officers", "force"), "upper and lower case"),
        ("call_id", ("calls", "arrests"), "upper and lower case"),
        ("shift", ("calls", "assignments"), "upper and lower case"),
        ("unit_id", ("shifts", "unit_responses"), "case"),
        ("incident_id", ("incidents", "arrests"), "upper and lower case"),
    ],
)
def test_check_compares_every_kind_of_id(town, filled, tmp_path, capsys, kind, tables, cause):
    sources = []
    for table, made in zip(tables, (str.upper, str.lower), strict=True):
        ids = {
            name: [f"k{at}" for at in range(6)]
            for name in schema.get(table).key
            if schema.get(table).columns[name].type == "string"
        }
        frame = filled(table, **(ids | {kind: [made(f"North {at}") for at in range(6)]}))
        frame.to_csv(tmp_path / f"{table}.csv", index=False)
        sources.append((table, f"{table}.csv", {name: name for name in frame.columns}))
    notes = check(capsys, town({}, sources, privacy=OPEN))["notes"]
    assert any(note.startswith("no ") and all(table in note for table in tables) and cause in note for note in notes)


def test_few_shared_ids_are_told_as_a_share(town, filled, tmp_path, capsys):
    sources = []
    for table, start in (("calls", 0), ("arrests", 97)):
        ids = [f"C{at}" for at in range(start, start + 100)]
        frame = filled(table, **({"arrest_id": ids} if table == "arrests" else {}), call_id=ids)
        frame.to_csv(tmp_path / f"{table}.csv", index=False)
        sources.append((table, f"{table}.csv", {name: name for name in frame.columns}))
    (note,) = check(capsys, town({}, sources))["notes"]
    assert note.startswith("only 3% of the call ids of")


@pytest.mark.parametrize("source", ["", "data/departments/decc.yml"])
def test_sound_departments_are_told_nothing(capsys, source):
    if source and main(["check", source]):
        pytest.skip("no public records")
    capsys.readouterr()
    assert not [note for note in check(capsys, source)["notes"] if note.startswith(("no ", "only "))]
