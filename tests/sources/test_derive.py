"""Joined files and derived columns: what an export lacks, made before the mapping proper."""

import gzip
import textwrap

import pandas as pd
import pytest

import perflib as pf
from perflib.errors import MappingError, SourceError
from perflib.sources.check import quarantine

MAPPING = """
table: complaints
reader:
  join:
    record: {file: records.csv.gz, on: [case]}
    internal: {file: internal.csv, on: {case: number}, partial: true}
    spell: {file: spells.csv, on: [case], first_by: day, partial: true}
missing: ["NULL"]
derive:
  by:
    cases:
      - {when: {internal.number: present}, value: internal}
      - {when: {code: [C, D], case: {except: ["9"]}}, value: public}
    otherwise: unknown
  ended: {first: [record.closed, spell.day]}
  old: {cases: [{when: {record.filed: {from: "2020-01-01", until: "2021-01-01"}}, value: "yes"}], otherwise: "no"}
columns:
  complaint_id: case
  officer_id: who
  allegation: code
  filed_at: {from: record.filed, format: "%Y-%m-%d"}
  closed_at: {from: ended, format: "%Y-%m-%d"}
  source: by
filter: [{column: old, keep: ["no"], because: another release holds them}]
quarantine_limit: 0.5
"""
CASES = "case,who,code\n1,a,C\n2,b,X\n3,c,D\n4,d,C\n5,e,C\n"
RECORDS = "case,filed,closed\n1,2019-05-01,NULL\n2,2019-06-01,2019-07-01\n3,2020-03-01,\n4,2021-01-01,2021-02-02\n"


@pytest.fixture
def department(tmp_path):
    """Writes the department with one text changed; returns its path."""

    def write(old="", new="", records=RECORDS):
        (tmp_path / "cases.csv").write_text(CASES, encoding="utf-8")
        (tmp_path / "records.csv.gz").write_bytes(gzip.compress(records.encode()))
        (tmp_path / "internal.csv").write_text("number\n2\n 4 \n", encoding="utf-8")
        spells = "case,day\n1,2019-09-09\n1,2019-08-08\n1,\n2,1999-01-01\n"
        (tmp_path / "spells.csv").write_text(spells, encoding="utf-8")
        (tmp_path / "m.yml").write_text(MAPPING.replace(old, new), encoding="utf-8")
        file = tmp_path / "d.yml"
        file.write_text(
            textwrap.dedent("""
            name: Joined
            timezone: UTC
            sources: [{table: complaints, files: cases.csv, mapping: m.yml}]
        """),
            encoding="utf-8",
        )
        return file

    return write


def rows(file):
    return pf.open(file).complaints.order_by("complaint_id").execute()


def test_columns_of_a_second_file_and_of_cases(department):
    found = rows(department())
    assert found["complaint_id"].tolist() == ["1", "2", "4"]
    assert found["source"].tolist() == ["public", "internal", "internal"]
    assert [f"{day:%Y-%m-%d}" for day in found["closed_at"]] == ["2019-08-08", "2019-07-01", "2021-02-02"]


def test_a_record_without_a_match_is_quarantined_as_it_stands_in_the_export(department):
    file = department()
    (source,) = pf.open(file).sources
    assert (source.read, source.accepted, source.quarantined) == (5, 4, 1)
    assert any("1 of 5 records have no match in record" in note for note in source.notes)
    assert not any("internal" in note for note in source.notes)
    assert quarantine(file)[["line", "reasons", "raw"]].values.tolist() == [[6, "filed_at: missing", "5,e,C"]]


def test_the_filter_by_a_derived_column_is_a_decision(department):
    (step,) = pf.open(department()).log
    assert (step.rows_before, step.rows_after, step.because) == (4, 3, "another release holds them")


def test_every_joined_file_is_in_the_hashes(department):
    (source,) = pf.open(department()).sources
    assert set(source.sha256) == {"cases.csv", "records.csv.gz", "internal.csv", "spells.csv"}


def test_a_repeated_key_is_refused_unless_a_row_is_chosen(department):
    with pytest.raises(SourceError, match=r"a key such as '9' stands 3 times in spells.csv .records 1, 2, 3.*first_by"):
        rows(department(", first_by: day", ""))


def test_a_workbook_can_be_joined(department, tmp_path):
    file = department("internal.csv, on: {case: number}", "internal.xlsx, header: false, on: {case: column2}")
    mapping = (tmp_path / "m.yml").read_text(encoding="utf-8")
    (tmp_path / "m.yml").write_text(mapping.replace("internal.number", "internal.column2"), encoding="utf-8")
    pd.DataFrame([["x", "2"], ["y", "4"]]).to_excel(tmp_path / "internal.xlsx", header=False, index=False)
    assert rows(file)["source"].tolist() == ["public", "internal", "internal"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{code: [C, D],", "{kode: [C, D],", "no column 'kode', wanted for 'by'.*did you mean 'code'"),
        ("on: [case]}", "on: [kase]}", "column 'kase' stands 0 times in records.csv.gz"),
        ("first: [record.closed, spell.day]", "first: [record.ended]", "no column 'record.ended'"),
        ("otherwise: unknown", "otherwize: unknown", "unknown key 'otherwize'"),
        ("{code: [C, D],", "{code: C,", "'C' where a list of texts"),
        ("on: [case]}", "by: [case]}", "unknown key 'by'"),
        ("file: records.csv.gz, on", "on", "needs `on` and `file`"),
        ("ended: {first: [record.closed, spell.day]}", "ended: {}", "either `first` or `cases`"),
    ],
)
def test_a_wrong_rule_is_named(department, old, new, words):
    with pytest.raises(MappingError, match=words):
        rows(department(old, new))


def test_an_absent_file_is_named(department):
    with pytest.raises(SourceError, match=r"spells2.csv: no such file"):
        rows(department("spells.csv", "spells2.csv"))
