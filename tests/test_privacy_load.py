"""Ids of officers and staff leave the load as keyed codes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

import perflib as pf
from perflib import privacy, schema
from perflib.errors import DepartmentError, PrivacyError
from perflib.sources.guard import key_print
from perflib.sources.opening import people

CODE = r"P-[A-Z2-7]{10}"
MAPPING = """
table: {table}
columns: {{{columns}}}
"""
OFFICERS = "who,hired,boss\n0412,2019-01-01,77\n77,2001-05-05,\n9,2020-02-02,0412\n"
SPELLS = "who,from,boss,place\n0412,2019-01-01,77,North\n9,2020-02-02,0412,South\n"


@pytest.fixture
def agency(tmp_path: Path) -> Path:
    """A department file with two exports that share ids, and its key elsewhere."""
    folder = tmp_path / "work"
    (folder / "exports").mkdir(parents=True)
    (folder / "exports" / "officers.csv").write_text(OFFICERS, encoding="utf-8")
    (folder / "exports" / "spells.csv").write_text(SPELLS, encoding="utf-8")
    columns = {
        "officers": "officer_id: who, hired_on: hired",
        "assignments": "officer_id: who, start_on: from, unit: place, supervisor_id: boss, district: place",
    }
    for table, said in columns.items():
        (folder / f"{table}.yml").write_text(MAPPING.format(table=table, columns=said), encoding="utf-8")
    described = {
        "name": "Keytown",
        "timezone": "Europe/Vienna",
        "roots": ["../keys", "../other"],
        "privacy": {"key": "../keys/keytown.key"},
        "sources": [
            {"table": "officers", "files": "exports/officers.csv", "mapping": "officers.yml"},
            {"table": "assignments", "files": "exports/spells.csv", "mapping": "assignments.yml"},
        ],
    }
    (folder / "department.yml").write_text(yaml.safe_dump(described), encoding="utf-8")
    return folder / "department.yml"


def change(agency: Path, **privacy_: object) -> None:
    described = yaml.safe_load(agency.read_text(encoding="utf-8"))
    described["privacy"] = {**described.get("privacy", {}), **privacy_}
    agency.write_text(yaml.safe_dump(described), encoding="utf-8")


def test_one_person_has_one_code_in_every_table(agency: Path) -> None:
    dept = pf.open(agency)
    key = (agency.parents[1] / "keys" / "keytown.key").read_bytes()
    code = {each: privacy.pseudonym(each, key) for each in ("0412", "77", "9")}
    assert set(dept.officers.execute()["officer_id"]) == set(code.values())
    spells = dept.assignments.execute().sort_values("district")
    assert spells["officer_id"].tolist() == [code["0412"], code["9"]]
    assert spells["supervisor_id"].tolist() == [code["77"], code["0412"]]


def test_codes_are_stable_with_a_key_and_differ_with_another(agency: Path, tmp_path: Path) -> None:
    first, again = (set(pf.open(agency).officers.execute()["officer_id"]) for _ in range(2))
    change(agency, key=str(tmp_path / "other" / "second.key"))
    other = set(pf.open(agency).officers.execute()["officer_id"])
    assert first == again and not first & other
    assert all(pd.Series(list(first | other)).str.fullmatch(CODE))


@pytest.mark.parametrize(
    "table", [name for name in schema.names() if any(column.pseudonym for column in schema.get(name).columns.values())]
)
def test_every_id_column_of_every_table_is_coded(table: str, tmp_path: Path) -> None:
    """A row with a telling id in every column marked as a pseudonym: none of them is in the opened table."""
    spec = schema.get(table)
    values = {
        "string": "x",
        "category": "x",
        "timestamp": pd.Timestamp("2024-01-02 03:04", tz="UTC"),
        "date": pd.Timestamp("2024-01-02").date(),
        "integer": 1,
        "number": 1.0,
        "boolean": True,
    }
    row = {name: column.allowed[0] if column.allowed else values[column.type] for name, column in spec.columns.items()}
    ids = [name for name, column in spec.columns.items() if column.pseudonym]
    row |= {name: f"badge {name}" for name in ids}
    dept = pf.from_frames(privacy={"key": str(tmp_path / "k.key")}, **{table: pd.DataFrame([row])})
    found = dept.table(table).execute()
    key = (tmp_path / "k.key").read_bytes()
    assert {name: found[name][0] for name in ids} == {name: privacy.pseudonym(f"badge {name}", key) for name in ids}
    assert "badge" not in found.to_csv()


def test_a_folder_of_parquet_files_is_coded_and_a_missing_id_stays_missing(tmp_path: Path) -> None:
    folder = tmp_path / "canonical"
    folder.mkdir()
    hired = pd.Series(["2020-01-01", "2021-01-01"]).astype("datetime64[s]").dt.date
    pd.DataFrame({"officer_id": ["a1", "b2"], "hired_on": hired}).to_parquet(folder / "officers.parquet")
    spells = pd.DataFrame({"officer_id": ["a1", "b2"], "unit": "A", "start_on": hired, "supervisor_id": [None, "a1"]})
    spells.to_parquet(folder / "assignments.parquet")
    dept = pf.open(folder)
    found = dept.assignments.execute().sort_values("supervisor_id", na_position="first")
    assert found["supervisor_id"].isna().tolist() == [True, False]
    assert found["officer_id"].iloc[0] == found["supervisor_id"].iloc[1]
    assert set(found["officer_id"]) == set(dept.officers.execute()["officer_id"])


def test_an_id_that_came_after_opening_is_missing_never_shown(tmp_path: Path) -> None:
    folder = tmp_path / "canonical"
    folder.mkdir()
    file = folder / "officers.parquet"
    pd.DataFrame({"officer_id": ["a1"]}).to_parquet(file)
    dept = pf.open(folder)
    pd.DataFrame({"officer_id": ["a1", "later"]}).to_parquet(file)
    found = dept.officers.execute()["officer_id"]
    assert found.isna().sum() == 1 and "later" not in found.tolist()


def test_ids_stay_only_with_a_reason_and_the_report_says_so(agency: Path) -> None:
    change(agency, pseudonyms=False)
    with pytest.raises(DepartmentError, match="needs a reason"):
        pf.open(agency)
    change(agency, because="the ids are a publisher's codes")
    dept = pf.open(agency)
    assert set(dept.officers.execute()["officer_id"]) == {"0412", "77", "9"}
    assert all("a publisher's codes" in " ".join(source.notes) for source in dept.sources)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"pseudonym": True}, "did you mean 'pseudonyms'"),
        ({"pseudonyms": "no"}, "not true or false"),
        ({"small_cells": 0}, "small_cells"),
        ({"small_cells": True}, "small_cells"),
        ({"subjects": ["cops"]}, "no subject"),
        ({"key": 5}, "not a text"),
    ],
)
def test_a_wrong_privacy_section_is_refused(agency: Path, section: dict[str, object], words: str) -> None:
    change(agency, **section)
    with pytest.raises(DepartmentError, match=words):
        pf.open(agency)


def test_the_key_may_not_lie_with_the_data(agency: Path) -> None:
    change(agency, key="exports/officers.key")
    with pytest.raises(PrivacyError, match="folder of the data"):
        pf.open(agency)


def test_without_a_section_the_environment_names_the_key(
    agency: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = yaml.safe_load(agency.read_text(encoding="utf-8"))
    del described["privacy"]
    agency.write_text(yaml.safe_dump(described), encoding="utf-8")
    monkeypatch.setenv("PERFLIB_KEY_FILE", str(tmp_path / "named.key"))
    found = set(pf.open(agency).officers.execute()["officer_id"])
    assert privacy.pseudonym("0412", (tmp_path / "named.key").read_bytes()) in found
    monkeypatch.delenv("PERFLIB_KEY_FILE")
    monkeypatch.setenv("LOCALAPPDATA" if os.name == "nt" else "XDG_CONFIG_HOME", str(tmp_path / "config"))
    pf.open(agency)
    assert (tmp_path / "config" / "perflib" / "keytown.key").is_file()


def test_agencies_named_in_other_scripts_have_keys_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERFLIB_KEY_FILE")
    names = ["Київ", "東京", "Graz", "Gráz", "../../etc", ""]
    found = [privacy.default_key(name) for name in names]
    assert len(set(found)) == len(names)
    assert {path.parent for path in found} == {privacy.config_folder()}


@pytest.mark.skipif(os.name != "posix", reason="the prepared folder is of batches, which share on POSIX only")
def test_what_a_batch_keeps_on_disk_holds_codes_and_changes_with_the_key(
    agency: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = agency.parent / "exports" / "officers.csv"
    extra = ["badge666,31.02.2020,", "badge777,2020-01-01,"]
    rows = [*OFFICERS.splitlines(), *(f"{n},2020-01-01," for n in range(1000, 1060)), *extra]
    bad.write_text("\n".join(rows) + "\n", encoding="utf-8")
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setenv("PERFLIB_SHARED", str(shared))
    first = pf.open(agency)
    assert first.sources[0].quarantined == 1
    assert set(pf.open(agency).officers.execute()["officer_id"]) == set(first.officers.execute()["officer_id"])
    assert len(list(shared.glob("*.duckdb"))) == 1
    change(agency, key="../keys/other.key")
    pf.open(agency)
    assert len(list(shared.glob("*.duckdb"))) == 2
    held = b"".join(path.read_bytes() for path in shared.rglob("*") if path.is_file())
    assert b"badge777" not in held and b"badge666" not in held  # "0412" might be there by chance
    rest, _ = pickle.loads(next(shared.glob("*.pickle")).read_bytes())
    assert rest["sources"][0].quarantined == 1 and rest["sources"][0].quarantine.empty


def test_the_print_of_a_key_is_empty_where_no_code_is_made(agency: Path, small_city: Path) -> None:
    assert len(key_print(agency)) == 16
    assert key_print(small_city) == ""


def test_the_sample_keeps_its_invented_ids(small_city: Path) -> None:
    truth = yaml.safe_load((small_city / "truth.yml").read_text(encoding="utf-8"))
    ids = set(pf.open(small_city).officers.execute()["officer_id"])
    assert not pd.Series(list(ids)).str.fullmatch(CODE).any()
    assert any(each in str(truth) for each in ids)


def test_the_ids_can_be_had_for_reidentification(agency: Path) -> None:
    guard, ids = people(agency)
    assert set(ids) == {"0412", "77", "9"} and guard.key_file.name == "keytown.key"


@pytest.mark.skipif(os.name != "posix", reason="permission bits exist on POSIX only")
def test_processes_that_start_together_make_one_whole_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "one.key"
    code = f"from pathlib import Path; from perflib import privacy; print(privacy.read_key(Path({str(path)!r})).hex())"
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(6)]
    keys = {process.communicate()[0].strip() for process in started}
    assert keys == {path.read_bytes().hex()} and path.stat().st_mode & 0o077 == 0
    assert [file.name for file in path.parent.iterdir()] == ["one.key"]


def test_two_people_with_one_code_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perflib.privacy.pseudonyms.pseudonym", lambda identity, key: "P-SAME")
    with pytest.raises(PrivacyError, match="same code"):
        privacy.codes(["1", "2"], b"k" * 32)


def test_the_first_hmac_of_the_standard_is_met() -> None:
    """RFC 4231, test case 1: key of 20 bytes 0x0b, data "Hi There"; the code is base32 of its first 50 bits."""
    import base64

    digest = bytes.fromhex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    assert privacy.pseudonym("Hi There", b"\x0b" * 20) == f"P-{base64.b32encode(digest)[:10].decode()}"


@pytest.mark.slow
@pytest.mark.realdata
def test_call_takers_and_dispatchers_of_real_records_are_coded(realdata: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alexandria: as many codes as there are ids in the export, and none of them an id."""
    monkeypatch.setenv("PERFLIB_REALDATA", str(realdata))
    file = Path(__file__).parents[1] / "data" / "departments" / "decc.yml"
    found = pf.open(file).calls.select("call_taker_id", "dispatcher_id").execute()
    _, ids = people(file)
    shown = pd.concat([found["call_taker_id"], found["dispatcher_id"]]).dropna()
    assert len(ids) > 20 and shown.nunique() == len(ids)
    assert shown.str.fullmatch(CODE).all() and not set(shown) & set(ids)
