"""Whatever leaves the session hides small counts of people; what stays in it is whole."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import perflib as pf
from perflib.errors import PrivacyError
from perflib.figures import Chart
from perflib.metrics import arrests
from perflib.metrics.counts import compare, compstat, compstat_page
from perflib.privacy.people import People
from perflib.result import MIME, links
from perflib.widgets.box import Pick, box, pictured, saved

COUNTS = {"Amber": 40, "Blue": 3, "Coral": 9, "Dune": 61}
SECRET = "31.4159"


def department(**privacy: object) -> pf.Department:
    start = pd.Timestamp("2024-01-02", tz="UTC")
    held = [
        {
            "arrest_id": f"{district}{n}",
            "arrested_at": start + pd.Timedelta(days=n),
            "district": district,
            "outcome": "charged" if n % 3 else "declined",
        }
        for district, count in COUNTS.items()
        for n in range(count)
    ]
    calls = [
        {"call_id": f"{district}{n}", "received_at": start, "district": district}
        for district in COUNTS
        for n in range(100)
    ]
    section = privacy or None
    return pf.from_frames(arrests=pd.DataFrame(held), calls=pd.DataFrame(calls), privacy=section)


def everything(result: pf.Result, folder: Path) -> str:
    """All that a report, a page, a file or a reader is given of a Result."""
    saved = [path.read_text(encoding="utf-8-sig") for path in result.save(folder) if path.suffix in (".csv", ".json")]
    bundle = result._repr_mimebundle_()
    return "\n".join([*saved, json.dumps(list(bundle.values())), repr(result), str(result)])


def test_small_counts_and_what_follows_from_them_are_hidden_everywhere(tmp_path: Path) -> None:
    """A made-up Result whose hidden rows carry a number of their own: it must not be found in anything shared."""
    table = pd.DataFrame(
        {
            "district": [*COUNTS],
            "arrests": [*COUNTS.values()],
            "rate": [1.5, 31.4159, 2.5, 3.5],
            "verdict": ["a", f"low {SECRET}", "b", "c"],
        }
    )
    facts = {"Blue": {"rate": 31.4159}, "Amber": {"rate": 1.5}, "total": 113, "lowest": 31.4159, "list": [[31.4159]]}
    about = People("arrests", 5, ("district",), ("arrests",), own=("rate", "verdict"), facts=("total",))
    chart = Chart("dots", "district", "rate", alt=f"lowest {SECRET}")
    result = pf.Result("made", table, "Rates?", f"The lowest is {SECRET}.", "", (), facts, chart, people=about)
    assert SECRET not in everything(result, tmp_path)
    shown = result.describe()
    assert shown["facts"] == {
        "Blue": None,
        "Amber": {"rate": 1.5},
        "total": 113,
        "lowest": None,
        "list": None,
        "hidden": 2,
    }
    assert [row[1] for row in shown["rows"]] == [40.0, None, None, 61.0]
    assert [row[-1] for row in shown["rows"]] == ["shown", "hidden", "hidden", "shown"]
    assert any("2 of 4 rows are hidden" in caveat for caveat in shown["caveats"])
    assert result.facts["lowest"] == 31.4159 and result.table["arrests"].tolist() == [*COUNTS.values()]


def test_a_figure_draws_no_hidden_cell() -> None:
    result = arrests.rates(department())
    drawn = [y for axes in result.plot().axes for line in axes.lines for y in line.get_ydata()]
    drawn += [x for axes in result.plot().axes for line in axes.lines for x in line.get_xdata()]
    assert 400.0 in drawn and 30.0 not in drawn and 90.0 not in drawn
    assert result.table.set_index("district")["rate"].to_dict()["Blue"] == 30.0


def test_arrest_rates_show_what_may_be_shown(tmp_path: Path) -> None:
    result = arrests.rates(department())
    shown = result.shared()
    assert shown.table.set_index("district")["arrests"].to_dict() == pytest.approx(
        {"Amber": 40.0, "Blue": float("nan"), "Coral": float("nan"), "Dune": 61.0}, nan_ok=True
    )
    assert shown.facts["Blue"] is None and shown.facts["overall"] == pytest.approx(1000 * 113 / 400)
    assert "Blue" not in shown.answer and "282.5 over all" in shown.answer and shown.chart.alt == shown.answer
    everything(result, tmp_path)


def test_outcomes_by_district_hide_lines_and_their_shares() -> None:
    shown = arrests.outcomes(department(), "district").shared().table.set_index(["district", "outcome"])
    assert shown.loc[["Blue", "Coral"], ["arrests", "known", "share", "low", "high"]].isna().all(axis=None)
    assert shown.loc[("Dune", "charged"), "arrests"] == 40


def test_a_figure_of_which_nothing_is_left_is_not_drawn() -> None:
    rows = department().arrests.execute()
    few = rows[rows["district"].isin(["Blue", "Coral"])]
    shown = arrests.outcomes(pf.from_frames(arrests=few), "district").shared()
    assert shown.chart is None and shown.table["share"].isna().all()


def test_a_department_may_state_another_threshold_or_subject() -> None:
    assert arrests.rates(department(small_cells=1)).people is None
    assert arrests.rates(department(subjects=["force"])).people is None
    assert arrests.rates(department(small_cells=3)).shared().table["arrests"].notna().all()


def test_nothing_is_hidden_without_small_counts_and_calls_are_no_people() -> None:
    dept = department()
    rows = dept.arrests.execute()
    large = pf.from_frames(arrests=rows[rows["district"].isin(["Amber", "Dune"])], calls=dept.calls.execute())
    assert "note" not in arrests.rates(large).shared().table
    counted = pd.DataFrame({"date": pd.date_range("2023-01-01", "2024-12-31").astype(str), "count": 1, "district": "a"})
    assert compare(counted, by="district", period="7d").people is None


def test_the_meeting_table_of_arrests_hides_small_cells_and_that_of_incidents_does_not() -> None:
    days = pd.date_range("2022-01-01", "2024-12-31")
    frame = pd.concat(
        [
            pd.DataFrame({"date": days.astype(str), "count": each, "district": name})
            for name, each in {"north": 1, "south": 9, "east": 7, "west": 12}.items()
        ]
    )
    frame.loc[(frame["district"] == "north") & (pd.to_datetime(frame["date"]).dt.day % 4 > 0), "count"] = 0
    found = compstat(frame, table="arrests", by="district")
    shown = found.shared().table.set_index("district")
    assert shown.loc["north", "note"] == "hidden" and pd.isna(shown.loc["north", "7d_now"])
    assert found.shared().facts["changed"] is None
    page = compstat_page(found).table.set_index("district")
    assert pd.isna(page.loc["north", "now"]) and page.loc["north", "verdict"] == "hidden"
    assert compstat(frame, table="incidents", by="district").people is None
    few = compare(frame, table="arrests", by="district", period="7d").describe()
    assert "north" in str(few["rows"]) and few["facts"]["up"] is None


def test_two_reports_of_a_year_to_date_do_not_give_a_month_away(tmp_path: Path) -> None:
    """January shows Amber; by February it grew by two: the register hides the sum, and looking changes nothing."""

    def report(**more: int) -> dict[str, object]:
        start = {"jan": pd.Timestamp("2024-01-02", tz="UTC"), "feb": pd.Timestamp("2024-02-02", tz="UTC")}
        counts = [("jan", {"Amber": 12, "Blue": 40, "Coral": 50}), ("feb", more)]
        held = [
            {
                "arrest_id": f"{month}{district}{n}",
                "arrested_at": start[month] + pd.Timedelta(hours=n),
                "district": district,
            }
            for month, count in counts
            for district, many in count.items()
            for n in range(many)
        ]
        calls = [
            {"call_id": f"{name}{n}", "received_at": start["jan"], "district": name}
            for name in ("Amber", "Blue", "Coral")
            for n in range(9)
        ]
        dept = pf.from_frames(
            "Town",
            arrests=pd.DataFrame(held),
            calls=pd.DataFrame(calls),
            privacy={"releases": str(tmp_path / "register")},
        )
        table = arrests.rates(dept).shared().table
        return table.set_index("district")["arrests"].to_dict()

    assert report() == {"Amber": 12, "Blue": 40, "Coral": 50}
    second = report(Amber=2, Blue=20, Coral=30)
    assert pd.isna(second["Amber"]) and sum(pd.isna(value) for value in second.values()) == 2
    assert report(Amber=2, Blue=20, Coral=30) == pytest.approx(second, nan_ok=True)
    held = b"".join(path.read_bytes() for path in (tmp_path / "register").glob("*.json"))
    assert b"12" in held and b"14" not in held
    for path in (tmp_path / "register").glob("*.json"):
        path.write_text("{}", encoding="utf-8")
    with pytest.raises(PrivacyError, match="register"):
        report()


def test_looking_is_not_releasing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERFLIB_STATIC", "0")
    assert arrests.rates(department(releases=str(tmp_path / "register"))).summary()
    assert not list((tmp_path / "register").glob("*.json"))


def test_links_and_explorers_give_the_shared_table_and_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files behind the links of a Result and of an explorer, its words and its picture, are of the shown rows."""
    monkeypatch.setenv("PERFLIB_STATIC", "0")
    table = pd.DataFrame({"district": [*COUNTS], "arrests": [*COUNTS.values()], "rate": [1.5, 31.4159, 2.5, 3.5]})
    about = People("arrests", 5, ("district",), ("arrests",), own=("rate",))
    chart = Chart("dots", "district", "rate")
    secret = pf.Result("made", table, "Rates?", f"The lowest is {SECRET}.", "", (), {}, chart, people=about)
    shell = box([Pick("District", ["all"], "all")], lambda _: secret, lambda _: ["pf.again()"])
    _, words, image, keep = shell.children
    assert image.value == pictured(secret.shared())[1] != pictured(replace(secret, people=None))[1]
    assert SECRET not in words.value and "2 of 4 rows" in keep.value
    for page in (keep.value, saved(secret, ["pf.again()"]), links(secret, b"")):
        files = [base64.b64decode(part) for part in re.findall(r"base64,([A-Za-z0-9+/=]+)", page)]
        books = [pd.read_excel(io.BytesIO(each), engine="openpyxl") for each in files if each[:2] == b"PK"]
        lists = [pd.read_csv(io.BytesIO(each)) for each in files if each[:3] == b"\xef\xbb\xbf"]
        assert len(books) == len(lists) == 1
        for found in (*books, *lists):
            assert found["note"].tolist() == ["shown", "hidden", "hidden", "shown"]
            assert found.set_index("district")[["arrests", "rate"]].loc[["Blue", "Coral"]].isna().all(axis=None)


def test_the_data_of_an_interactive_page_are_the_shared_table() -> None:
    result = arrests.rates(department())
    held = result._repr_mimebundle_()[MIME]
    assert [row[held["columns"].index("note")] for row in held["rows"]] == ["shown", "hidden", "hidden", "shown"]
