"""One row per unit, victim or state of a case: right values where the mapping says what they are, else refused."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import perflib as pf
from perflib.__main__ import main

CASES = """
table: incidents
columns:
  incident_id: CaseNo
  reported_at: Reported
  offence: Offense
  status: Status
  cleared_at: ClearedOn
  clearance: How
  district: District
  recorded_at: ExtractedOn
"""
HEAD = "CaseNo,Reported,Offense,Status,ClearedOn,How,District,ExtractedOn"
UNITS = """
table: calls
columns: {call_id: id, received_at: received, dispatched_at: dispatched, arrived_at: arrived, cleared_at: cleared,
          priority: priority, district: district}
"""
PER_CALL = """
collapse:
  columns: {dispatched_at: min, arrived_at: min, cleared_at: max, unit_count: count}
  because: one row per unit
"""
VICTIMS = """
table: incidents
columns: {incident_id: ref, reported_at: {from: [day, time], join: " "}, offence: category, nibrs: code, district: area}
"""


def town(folder: Path, mapping: str, files: str, table: str = "", **more: str) -> Path:
    """The department file of one source, or of more: ``other="table files mapping text"`` adds one."""
    (folder / "m.yml").write_text(mapping, encoding="utf-8")
    sources = [(table or mapping.split()[1], files, "m.yml")]
    for place, text in enumerate(more.values()):
        (folder / f"m{place}.yml").write_text(text, encoding="utf-8")
        sources.append((text.split()[1], files, f"m{place}.yml"))
    lines = "".join(f"  - {{table: {each}, files: '{glob}', mapping: {name}}}\n" for each, glob, name in sources)
    (folder / "d.yml").write_text(f"name: Town\ntimezone: America/Chicago\nsources:\n{lines}", encoding="utf-8")
    return folder / "d.yml"


def checked(file: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and words of `perflib check`."""
    code = main(["check", str(file)])
    return code, " ".join(capsys.readouterr().out.split())


@pytest.fixture
def states(tmp_path: Path) -> Path:
    """Case 10: monthly extracts of 600 cases; each exports the last 60 days again with the newest state."""
    rng, cases = random.Random(10), []
    for i in range(600):
        at, cleared = dt.datetime(2024, 1, 1) + dt.timedelta(minutes=rng.randrange(90 * 1440)), rng.random()
        cases.append(
            (
                f"I{i:04d}",
                at,
                rng.choice(["Burglary", "Assault"]),
                at + dt.timedelta(days=rng.randint(20, 50)) if cleared < 0.4 else None,
                rng.choice(["North", "South"]),
            )
        )
    for month in (1, 2, 3, 5):
        end, rows = dt.datetime(2024, month + 1, 1), []
        start = dt.datetime(2024, 1, 1) if month == 5 else end - dt.timedelta(days=60)
        for case, at, offence, cleared, district in cases:
            if start <= at < end:
                known = cleared if cleared and cleared < end else None
                rows.append(
                    (
                        case,
                        at,
                        offence,
                        "cleared_arrest" if known else "open",
                        known or "",
                        "arrest" if known else "",
                        district,
                        end,
                    )
                )
        frame = pd.DataFrame(rows, columns=HEAD.split(","))
        frame.to_csv(tmp_path / f"rms_2024-{month:02d}.csv", index=False)
    return tmp_path


@pytest.mark.parametrize("limit", ["", "quarantine_limit: 0.9"])
def test_states_of_a_case_are_refused_with_what_to_write(
    states: Path, capsys: pytest.CaptureFixture[str], limit: str
) -> None:
    code, shown = checked(town(states, CASES + limit, "rms_*.csv"), capsys)
    assert code == 1 and "share 600 values of incident_id + offence" in shown
    assert "cleared_at (in 220)" in shown and "`collapse: newest`" in shown and "quarantine_limit" not in shown


def test_the_newest_state_of_a_case_counts(states: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = town(states, CASES + "collapse: newest\n", "rms_*.csv")
    code, shown = checked(file, capsys)
    assert code == 0 and "1,608 rows are 600 incidents, one per incident_id + offence" in shown
    dept = pf.open(file)
    rows = dept.incidents.execute()
    assert (len(rows), rows["cleared_at"].notna().sum()) == (600, 238)
    assert dept.sources[0].missing["cleared_at"] == pytest.approx(1 - 238 / 600)
    (step,) = dept.log
    assert (step.rows_before, step.rows_after) == (1608, 600)


def test_a_case_that_was_opened_again_is_open(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(
        f"{HEAD}\n"
        "1,2024-01-01 10:00:00,A,cleared_arrest,2024-01-02 10:00:00,arrest,N,2024-02-01 00:00:00\n"
        "1,2024-01-01 10:00:00,A,open,,,N,2024-03-01 00:00:00\n"
        "2,2024-01-01 10:00:00,A,open,,,N,2024-03-01 00:00:00\n"
        "2,2024-01-01 10:00:00,A,cleared_arrest,2024-01-02 10:00:00,arrest,N,2024-03-01 00:00:00\n",
        encoding="utf-8",
    )
    rows = pf.open(town(tmp_path, CASES + "collapse: newest\n", "x.csv")).incidents.order_by("incident_id").execute()
    assert rows["status"].tolist() == ["open", "cleared_arrest"]  # of rows of one moment the later stands
    assert rows["cleared_at"].isna().tolist() == [True, False]


def victims(folder: Path) -> Path:
    """Case 22: 400 incidents, every fifth with two to four victims of one offence."""
    rng, rows = random.Random(22), ["day,time,ref,category,code,area,victim"]
    for i in range(400):
        at = dt.datetime(2024, 1, 1) + dt.timedelta(minutes=rng.randrange(90 * 1440))
        for v in range(rng.randint(2, 4) if i % 5 == 0 else 1):
            kind = "Aggravated Assault" if i % 2 else "Robbery"
            rows.append(f"{at:%Y-%m-%d,%H:%M:%S},24{i:06d}    ,{kind},13A,{1 + i % 6},{1000 * i + v}")
    (folder / "nibrs.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


def test_rows_that_differ_in_a_column_that_is_not_mapped_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown = checked(town(victims(tmp_path), VICTIMS, "nibrs.csv"), capsys)
    assert code == 1 and "245 records share 80 values" in shown and "differ in: victim (in 80)" in shown
    assert "victims: count" in shown and "quarantine_limit" not in shown
    assert main(["quarantine", str(tmp_path / "d.yml")]) == 0
    assert "rows of one key differ" in capsys.readouterr().out


def test_one_row_per_victim_counts_victims_and_incidents(tmp_path: Path) -> None:
    rule = "collapse: {columns: {victims: count}, because: one row per victim}\n"
    dept = pf.open(town(victims(tmp_path), VICTIMS + rule, "nibrs.csv"))
    rows = dept.incidents.execute()
    assert (len(rows), rows["victims"].sum()) == (400, 565)
    for unit, count in (("incidents", 400), ("victims", 565)):
        assert pf.metrics.counts.daily(dept, unit=unit).counts.sum() == count


def units(folder: Path, calls: int = 400, seed: int = 5, name: str = "units.csv") -> pd.DataFrame:
    """One row per unit: several units per call in any order, some that never arrive; the export's rows as texts."""
    rng, rows = np.random.default_rng(seed), []
    for call in range(calls):
        received = pd.Timestamp("2024-03-01") + pd.Timedelta(minutes=int(rng.integers(60 * 24 * 200)))
        for unit in range(int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))):
            dispatched = received + pd.Timedelta(seconds=int(rng.integers(30, 600)))
            arrived = dispatched + pd.Timedelta(seconds=int(rng.integers(60, 1800)))
            rows.append(
                {
                    "id": f"C{call:06d}",
                    "received": received,
                    "unit": f"U{unit}",
                    "dispatched": dispatched,
                    "arrived": arrived if rng.random() > 0.1 else pd.NaT,
                    "cleared": arrived + pd.Timedelta(seconds=int(rng.integers(60, 3600))),
                    "priority": str(call % 3 + 1),
                    "district": "NS"[call % 2],
                }
            )
    frame = pd.DataFrame(rows).sample(frac=1, random_state=seed)
    frame.to_csv(folder / name, index=False, date_format="%Y-%m-%d %H:%M:%S")
    return frame


def test_medians_of_one_row_per_unit_are_those_of_the_calls(tmp_path: Path) -> None:
    raw = units(tmp_path)
    truth = raw.groupby("id").agg(
        received=("received", "first"),
        arrived=("arrived", "min"),
        cleared=("cleared", "max"),
        n=("unit", "count"),
        priority=("priority", "first"),
    )
    dept = pf.open(town(tmp_path, UNITS + PER_CALL, "units.csv"))
    rows = dept.calls.execute().set_index("call_id").sort_index()
    assert len(rows) == 400 and rows["unit_count"].tolist() == truth["n"].tolist()
    for ours, theirs in (("arrived_at", "arrived"), ("cleared_at", "cleared")):
        local = rows[ours].dt.tz_convert("America/Chicago").dt.tz_localize(None)
        pd.testing.assert_series_equal(local, truth[theirs], check_names=False, check_dtype=False)
    minutes = (truth["arrived"] - truth["received"]).dt.total_seconds() / 60
    table = pf.metrics.response.by_priority(dept).table.set_index("priority")
    for priority, median in minutes.groupby(truth["priority"]).median().items():
        assert table.loc[priority, "median"] == pytest.approx(median, abs=1e-6)
    first_row = raw.drop_duplicates("id")
    wrong = (first_row["arrived"] - first_row["received"]).dt.total_seconds().median() / 60
    assert wrong > minutes.median() * 1.05  # what the first row in the file would have said


def test_the_same_file_feeds_calls_and_units(tmp_path: Path) -> None:
    raw = units(tmp_path)
    each = (
        "table: unit_responses\ncolumns: {call_id: id, unit_id: unit, assigned_at: dispatched, arrived_at: arrived}\n"
    )
    dept = pf.open(town(tmp_path, UNITS + PER_CALL, "units.csv", other=each))
    assert dept.calls.count().execute() == 400
    assert dept.unit_responses.count().execute() == len(raw) == dept.calls.unit_count.sum().execute()


@pytest.mark.parametrize("size", [400, pytest.param(120_000, marks=pytest.mark.slow)])
def test_large_and_small_files_are_refused_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str], size: int) -> None:
    units(tmp_path, size)
    code, shown = checked(town(tmp_path, UNITS, "units.csv"), capsys)
    assert code == 1 and "differ in: " in shown and "arrived_at: min" in shown and "cleared_at: max" in shown
    few = "table: calls\ncolumns: {call_id: id, received_at: received, priority: priority}\n"
    code, shown = checked(town(tmp_path, few, "units.csv"), capsys)
    assert code == 1 and "which the mapping does not read" in shown and "unit_count: count" in shown


def test_what_no_rule_covers_must_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    units(tmp_path)
    rule = "collapse: {columns: {arrived_at: min}, because: one row per unit}\n"
    code, shown = checked(town(tmp_path, UNITS + rule, "units.csv"), capsys)
    assert code == 1 and "gives no rule: dispatched_at (" in shown and "cleared_at (" in shown
    assert "priority" not in shown.split("REFUSED")[1]


def test_rules_that_contradict_each_other_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    units(tmp_path)
    rule = "collapse: {columns: {arrived_at: min, received_at: max}, otherwise: first, because: x}\n"
    raw = (tmp_path / "units.csv").read_text(encoding="utf-8").splitlines()
    raw += ["Z,2024-05-01 10:00:00,U0,,2024-05-01 10:05:00,,1,N", "Z,2024-05-01 10:30:00,U1,,,,1,N"]
    (tmp_path / "units.csv").write_text("\n".join(raw), encoding="utf-8")
    code, shown = checked(town(tmp_path, UNITS + rule, "units.csv"), capsys)
    assert code == 1 and "1 rows that `collapse` makes break arrived_before_received" in shown


def test_a_bad_row_is_refused_and_the_rest_made_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.csv").write_text(
        "id,received,dispatched,arrived,cleared,priority,district\n"
        "1,2024-05-01 10:00:00,2024-05-01 10:01:00,2024-05-01 09:00:00,,1,N\n"
        "1,2024-05-01 10:00:00,2024-05-01 10:01:00,2024-05-01 10:09:00,,1,N\n"
        "1,2024-05-01 10:00:00,2024-05-01 10:01:00,2024-05-01 10:07:00,,1,N\n",
        encoding="utf-8",
    )
    file = town(tmp_path, UNITS + PER_CALL + "quarantine_limit: 0.5\n", "x.csv")
    dept = pf.open(file)
    assert dept.sources[0].reasons == {"arrived_before_received": 1}
    assert dept.calls.unit_count.execute().tolist() == [2]
    assert str(dept.calls.arrived_at.execute()[0]) == "2024-05-01 15:07:00+00:00"
    assert "2 rows are 1 calls" in checked(file, capsys)[1]


def test_copies_are_left_out_and_do_not_count_against_the_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "id,received,dispatched,arrived,cleared,priority,district,note\n"
    rows = [f"{i},2024-05-01 10:00:00,,2024-05-01 10:{i:02d}:00,,1,N,x{i}\n" for i in range(40)]
    (tmp_path / "a.csv").write_text(head + "".join(rows[:30]), encoding="utf-8")
    (tmp_path / "b.csv").write_text(head + "".join(rows[10:]), encoding="utf-8")
    file = town(tmp_path, UNITS, "?.csv")
    code, shown = checked(file, capsys)
    assert code == 0 and "20 call_id: duplicate of an earlier record" in shown
    assert pf.open(file).calls.count().execute() == 40
    (tmp_path / "b.csv").write_text(head + "".join(rows[10:]).replace("x15", "y15"), encoding="utf-8")
    code, shown = checked(file, capsys)
    assert code == 1 and "2 records share 1 values of call_id and differ in: note (in 1)" in shown


def test_units_of_overlapping_extracts_are_counted_once(tmp_path: Path) -> None:
    units(tmp_path)
    rows = (tmp_path / "units.csv").read_text(encoding="utf-8").splitlines()
    twins = ["T,2024-05-01 10:00:00,U1,2024-05-01 10:01:00,,2024-05-01 11:00:00,1,N"] * 2  # alike, and both meant
    for name, part in (("a.csv", rows[1:400] + twins), ("b.csv", rows[200:] + twins)):
        (tmp_path / name).write_text("\n".join([rows[0], *part]), encoding="utf-8")
    dept = pf.open(town(tmp_path, UNITS + PER_CALL, "[ab].csv"))
    found = dept.calls.execute().set_index("call_id")["unit_count"]
    assert found["T"] == 2 and found.sum() == len(rows) - 1 + 2
    assert any("rows in several files" in note for note in dept.sources[0].notes)


def test_a_count_of_rows_that_were_exported_twice_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = VICTIMS.replace("district: area}", "district: area, recorded_at: extracted}")
    for rule in ("otherwise: newest, columns: {victims: count}", "columns: {victims: count, recorded_at: max}"):
        code, shown = checked(town(tmp_path, f"{mapping}collapse: {{{rule}, because: x}}\n", "x.csv"), capsys)
        assert code == 1 and "would count a row twice" in shown


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("collapse: newest", "newest needs `recorded_at`"),
        ("collapse: newst", "did you mean 'newest'"),
        ("collapse: [newest]", "a list where"),
        ("collapse: {columns: {call_id: first}, because: x}", "is of the key"),
        ("collapse: {columns: {arrived_at: sum}, because: x}", "`sum` is for columns of type integer, number"),
        ("collapse: {columns: {priority: min}, because: x}", "`min` is for columns of type"),
        ("collapse: {columns: {arrived_at: median}, because: x}", "'median' where"),
        ("collapse: {columns: {unit_count: sum}, because: x}", "is not in `columns`"),
        ("collapse: {columns: {priority: count}, because: x}", "`count` counts rows"),
        ("collapse: {columns: {arrivd_at: min}, because: x}", "did you mean 'arrived_at'"),
        ("collapse: {columns: {arrived_at: min}}", "needs `because`"),
        ("collapse: {because: x}", "needs `columns` or `otherwise`"),
    ],
)
def test_a_wrong_rule_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], rule: str, words: str) -> None:
    units(tmp_path, 5)
    code, shown = checked(town(tmp_path, f"{UNITS}{rule}\n", "units.csv"), capsys)
    assert code == 1 and words in shown


def test_a_key_of_an_earlier_source_is_never_decided_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    units(tmp_path, 20)
    file = town(tmp_path, UNITS + PER_CALL, "units.csv", other=UNITS + PER_CALL)
    code, shown = checked(file, capsys)
    assert code == 1 and "20 of call_id stand in an earlier source of calls too" in shown


NUMBERED = """table: incidents
columns: {incident_id: {row_number: true}, reported_at: day, offence: kind, district: town}
"""


def test_the_number_of_the_row_is_the_key_where_records_have_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "day,kind,town\n"
    (tmp_path / "a.csv").write_text(head + "2024-01-01,threat,N\n2024-01-01,threat,N\n,threat,N\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text(head + "2024-01-01,threat,N\n", encoding="utf-8")
    file = town(tmp_path, NUMBERED + "quarantine_limit: 0.3\n", "?.csv", other=NUMBERED + "quarantine_limit: 0.3\n")
    dept = pf.open(file)
    assert sorted(dept.incidents.incident_id.execute()) == ["1-1", "1-2", "2-1", "3-1", "3-2", "4-1"]
    assert [source.reasons for source in dept.sources] == [{"reported_at: missing": 1}] * 2
    assert checked(file, capsys)[0] == 0


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        (NUMBERED.replace("true", "[1]"), "true or false"),
        (NUMBERED.replace("{row_number: true}", "{row_number: true, from: x}"), "needs either `from` or `value`"),
        (NUMBERED.replace("district: town", "district: {row_number: true}"), "it is for the id of the records"),
        (NUMBERED + "collapse: first\n", "every row has its own number"),
        (NUMBERED + "filter: [{column: incident_id, keep: x, because: y}]\n", "no column 'incident_id' to filter on"),
    ],
)
def test_a_row_number_is_a_key_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mapping: str, words: str
) -> None:
    (tmp_path / "a.csv").write_text("day,kind,town\n2024-01-01,threat,N\n", encoding="utf-8")
    code, shown = checked(town(tmp_path, mapping, "a.csv"), capsys)
    assert code == 1 and words in shown


def test_columns_become_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.csv").write_text('town,year,0-17,18-64,65+\nN,2024,10,"2,000",7\nS,2024,1,x,3\n', encoding="utf-8")
    mapping = """
table: population
unpivot: {columns: {0-17: child, 18-64: adult, 65+: old}, name: age, value: n}
columns: {area: town, year: year, group: age, residents: n}
quarantine_limit: 0.2
"""
    file = town(tmp_path, mapping, "p.csv")
    rows = pf.open(file).population.order_by(["area", "residents"]).execute()
    assert rows[["area", "group", "residents"]].values.tolist() == [
        ["N", "old", 7],
        ["N", "child", 10],
        ["N", "adult", 2000],
        ["S", "child", 1],
        ["S", "old", 3],
    ]
    code, shown = checked(file, capsys)
    assert code == 0 and "3 columns became rows, 2 records are 6 rows" in shown and "1 residents: cannot" in shown
    assert main(["quarantine", str(file), "--out", str(tmp_path / "out.csv")]) == 0
    held = pd.read_csv(tmp_path / "out.csv")
    assert held[["line", "raw"]].values.tolist() == [[3, "S,2024,1,x,3"]]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{columns: [0-17, 18-65], name: age, value: n}", "did you mean '18-64'"),
        ("{columns: [0-17, 0-17], name: age, value: n}", "a name stands twice"),
        ("{columns: 0-17, name: age, value: n}", "a list of header names"),
        ("{columns: [0-17], name: year, value: n}", "the export has a column 'year'"),
        ("{columns: [0-17], name: n, value: n}", "are one column"),
        ("{columns: [0-17], name: n}", "needs `value`"),
    ],
)
def test_a_wrong_unpivot_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], rule: str, words: str) -> None:
    (tmp_path / "p.csv").write_text("town,year,0-17,18-64\nN,2024,10,20\n", encoding="utf-8")
    mapping = f"table: population\nunpivot: {rule}\ncolumns: {{area: town, year: year, group: age, residents: n}}\n"
    code, shown = checked(town(tmp_path, mapping, "p.csv"), capsys)
    assert code == 1 and words in shown


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("id,received\n1,2024-01-01\n2,x\n", False),
        ("id,received\n1,x\n2,x\n", False),
        ("id,received\n" + "".join(f"{i},2024-01-01\n" for i in range(9)) + "9,x\n", True),
    ],
)
def test_a_higher_limit_is_advised_only_where_most_records_are_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, advice: bool
) -> None:
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    mapping = "table: calls\ncolumns: {call_id: id, received_at: received}\n"
    code, shown = checked(town(tmp_path, mapping, "x.csv"), capsys)
    assert code == 1 and ("state a higher quarantine_limit" in shown) == advice


def test_a_filter_may_name_a_personal_column(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,received,latitude\n1,2024-01-01,1.5\n2,2024-01-01,2.5\n", encoding="utf-8")
    mapping = (
        "table: calls\ncolumns: {call_id: id, received_at: received, lat: latitude}\n"
        "filter: [{column: lat, keep: ['1.5'], because: one site}]\n"
    )
    dept = pf.open(town(tmp_path, mapping, "x.csv"))
    assert dept.calls.call_id.execute().tolist() == ["1"] and "lat" not in dept.calls.columns


def test_a_workbook_of_titles_totals_and_records_without_an_id(tmp_path: Path) -> None:
    """Case 05: a title above the header, two lines below the records, a count in each."""
    rng = random.Random(5)
    rows: list[list[object]] = [
        ["MINISTRY"],
        ["POLICE"],
        [],
        [],
        ["OFFENCES OF THE YEAR"],
        [],
        ["Region", "Town", "Date of event", "Sex", "Number "],
    ]
    counts = rng.choices([1, 2, 3], [90, 8, 2], k=300)
    rows += [["R", f"T{at % 5}", dt.date(2024, 1, 1) + dt.timedelta(days=at), "F", n] for at, n in enumerate(counts)]
    rows += [["TOTAL", "", "", "", sum(counts)], ["SOURCE: crime unit, extracted 5 May 2025"]]
    pd.DataFrame(rows).to_excel(tmp_path / "o.xlsx", header=False, index=False, sheet_name="Sheet")
    mapping = """table: incidents
reader: {format: excel, sheet: Sheet, header: 7}
columns:
  incident_id: {row_number: true}
  reported_at: Date of event
  offence: {value: threat}
  district: Town
  victims: Number
"""
    dept = pf.open(town(tmp_path, mapping, "o.xlsx"))
    rows_ = dept.incidents.execute()
    assert (len(rows_), rows_["victims"].sum(), rows_["incident_id"].nunique()) == (300, sum(counts), 300)
    assert dept.sources[0].quarantined == 2
