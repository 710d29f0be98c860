"""Counts that changed: what is counted, what it is compared with, what cannot be compared."""

from __future__ import annotations

import datetime as dt
import gzip
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perflib as pf
from perflib.errors import InputError
from perflib.metrics.counts import check_areas, compare, compstat, daily, read_calendar, records, total
from perflib.metrics.counts.periods import named
from perflib.models.counts import e_test_p
from perflib.period import Period
from perflib.verdicts import Verdict


def days(first: str, last: str) -> pd.DatetimeIndex:
    return pd.date_range(first, last, freq="D")


def frame(counts: dict[str, np.ndarray], first: str) -> pd.DataFrame:
    """Daily counts of named categories."""
    parts = [
        pd.DataFrame({"date": pd.date_range(first, periods=len(values)), "category": name, "count": values})
        for name, values in counts.items()
    ]
    return pd.concat(parts, ignore_index=True)


def steady(years: int = 5, mean: float = 4.0, seed: int = 1, **changed: float) -> pd.DataFrame:
    """Poisson categories a..h over whole years to 2024-12-31; ``changed`` multiplies the last 28 days of one."""
    rng = np.random.default_rng(seed)
    every = days(f"{2025 - years}-01-01", "2024-12-31")
    counts = {}
    for name in "abcdefgh":
        means = np.full(len(every), mean)
        means[-28:] *= changed.get(name, 1.0)
        counts[name] = rng.poisson(means)
    return frame(counts, str(every[0].date()))


def incidents(rows: list[tuple[str, str, str, int]]) -> pf.Department:
    """A department of incidents: number, UTC time of report, offence, victims."""
    table = pd.DataFrame(rows, columns=["incident_id", "reported_at", "offence", "victims"])
    table["reported_at"] = pd.to_datetime(table["reported_at"], utc=True)
    return pf.from_frames(incidents=table.assign(district="0412"), timezone="America/New_York")


def test_incidents_offences_and_victims_are_different_counts():
    dept = incidents(
        [
            ("1", "2024-03-01 12:00", "Robbery", 2),
            ("1", "2024-03-01 12:00", "Assault", 1),
            ("2", "2024-03-02 03:00", "Assault", 1),
            ("3", "2024-03-02 12:00", "Assault", 3),
        ]
    )
    by_unit = {unit: daily(dept, by=(), unit=unit).counts.tolist() for unit in ("incidents", "offences", "victims")}
    assert by_unit == {"incidents": [[2, 1]], "offences": [[3, 1]], "victims": [[4, 3]]}  # 03:00 UTC is the day before
    cells = daily(dept, by="offence", unit="incidents")
    assert cells.cells["offence"].tolist() == ["Assault", "Robbery"] and cells.counts.tolist() == [[2, 1], [1, 0]]


def test_a_crosswalk_translates_codes_and_names_those_it_lacks(tmp_path):
    dept = incidents(
        [
            ("1", "2024-03-01 12:00", "Rob 2", 1),
            ("2", "2024-03-01 12:00", "Asl", 1),
            ("3", "2024-03-02 12:00", "Odd", 1),
        ]
    )
    path = tmp_path / "codes.csv"
    path.write_text("local,nibrs\nRob 2,120\nAsl,13A\n", encoding="utf-8")
    series = daily(dept, by="nibrs", crosswalk=path)
    assert series.cells["nibrs"].tolist() == ["120", "13A", "not in the crosswalk"]
    assert any("1 offence codes are not in the crosswalk: Odd (1)" in note for note in series.notes)
    path.write_text("local,nibrs\nA,1\nA,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="'A' stands twice"):
        daily(dept, by="nibrs", crosswalk=path)


def test_periods_keep_their_weekdays_and_whole_months_their_dates():
    week = Period(dt.date(2024, 6, 3), dt.date(2024, 6, 9))
    for years in range(1, 6):
        back = week.years_back(years)
        assert (back.first.weekday(), back.days) == (0, 7)
        assert abs((back.first - week.first.replace(year=2024 - years)).days) <= 3
    february = Period(dt.date(2024, 2, 1), dt.date(2024, 2, 29))
    assert february.years_back(1) == Period(dt.date(2023, 2, 1), dt.date(2023, 2, 28))
    assert february.previous() == Period(dt.date(2024, 1, 1), dt.date(2024, 1, 31))
    assert week.previous() == Period(dt.date(2024, 5, 27), dt.date(2024, 6, 2))
    assert named("ytd", dt.date(2024, 3, 5)).years_back(2) == Period(dt.date(2022, 1, 1), dt.date(2022, 3, 5))


def test_counts_of_a_hand_worked_comparison():
    """Ten a day; 28 days at 20 in one category: 560 against 280, E-test and ratio as for those counts alone."""
    every = days("2020-01-01", "2024-12-31")
    counts = {name: np.full(len(every), 10) for name in "ab"}
    counts["a"] = counts["a"].copy()
    counts["a"][-28:] = 20
    found = compare(frame(counts, "2020-01-01"), by="category", against="mean_of_years", years=4)
    first, second = found.table.to_dict("records")
    assert (first["category"], first["now"], first["before"], first["expected"]) == ("a", 560, 1120, 280)
    assert first["p_e_test"] == pytest.approx(e_test_p(560, 1120, (28, 112)))
    assert first["ratio"] == 2 and first["low"] < 2 < first["high"]
    assert first["verdict"] == Verdict.UP and second["verdict"] == Verdict.NO_CHANGE
    assert found.facts["up"] == ["a"] and found.facts["against"][0] == "2023-12-06 to 2024-01-02"


def test_rows_are_sorted_by_evidence_and_not_by_percentage():
    """A rare category that trebles is a larger percentage and less evidence than a common one that rises by 60 %."""
    every = days("2020-01-01", "2024-12-31")
    rng = np.random.default_rng(4)
    rare, common = (np.arange(len(every)) % 28 == 0).astype(int), rng.poisson(20, len(every))
    rare[-28:], common[-28:] = [1, 1, 1] + [0] * 25, rng.poisson(32, 28)
    found = compare(frame({"rare": rare, "common": common}, "2020-01-01"), by="category", against="mean_of_years").table
    assert found["category"].tolist() == ["common", "rare"]
    assert found["ratio"][1] > found["ratio"][0]
    assert found["verdict"][1] == Verdict.TOO_FEW


def test_a_planted_rise_is_found_and_nothing_else():
    found = compare(steady(c=1.8), by="category", against="mean_of_years", years=4)
    assert found.facts["up"] == ["c"] and found.facts["flags"] <= 2  # a tenth of the flags may be false
    assert 0.9 < found.facts["dispersion"] < 1.3 and "Variance/mean" in found.method
    flags = [compare(steady(seed=seed), by="category", against="mean_of_years").facts["flags"] for seed in range(8)]
    assert sum(count > 0 for count in flags) <= 2


def test_over_dispersed_counts_are_not_flagged_for_their_usual_variation():
    """Weekly shocks common to the series: the E-test calls a fifth of such cells changed, the verdict none."""
    rng = np.random.default_rng(8)
    every = days("2020-01-01", "2024-12-31")
    shocks = [np.repeat(rng.gamma(4, 1 / 4, 262), 7)[: len(every)] for _ in range(40)]
    counts = {f"c{place:02}": rng.poisson(6 * shock) for place, shock in enumerate(shocks)}
    found = compare(frame(counts, "2020-01-01"), by="category", period="7d", against="previous")
    assert (found.table["p_e_test"] < 0.05).mean() > 0.2
    assert found.facts["flags"] == 0 and found.facts["dispersion"] > 4


def test_a_missing_year_is_named_and_never_zero():
    counts = steady()
    gap = counts[counts["date"].dt.year != 2022]
    found = compare(gap, by="category", against="mean_of_years", years=4)
    assert len(found.facts["against"]) == 3 and found.facts["missing"] == ["2022-12-07 to 2023-01-03"]
    assert "Years without data are left out, not taken as zero: 2022." in found.caveats
    assert found.facts["flags"] == 0
    lost = compare(gap, by="category", period="2023-06", against="last_year")
    assert lost.reason == "the data do not hold 2022-06-01 to 2022-06-30"


def test_negative_corrections_are_named_and_their_cells_not_assessed():
    counts = steady()
    counts.loc[counts.index[(counts["category"] == "b") & (counts["date"] == "2024-12-20")], "count"] = -900
    found = compare(counts, by="category", against="mean_of_years")
    row = found.table.set_index("category").loc["b"]
    assert row["verdict"] == Verdict.NOT_ASSESSABLE and np.isnan(row["p_value"]) and np.isnan(row["ratio"])
    assert any(
        "negative counts are corrections" in caveat and "b -900 on 2024-12-20" in caveat for caveat in found.caveats
    )


def test_a_renamed_category_is_named():
    counts = steady()
    after = (counts["category"] == "b") & (counts["date"] >= "2024-07-01")
    found = compare(
        counts.assign(category=counts["category"].mask(after, "b (new)")), by="category", against="last_year"
    )
    assert any("'b' ends on 2024-06-30 where 'b (new)' begins on 2024-07-01" in caveat for caveat in found.caveats)
    assert not any("renamed" in caveat for caveat in compare(counts, by="category").caveats)


def test_a_feed_that_falls_silent_is_named():
    counts = steady()
    stopped = counts[(counts["category"] != "d") | (counts["date"] < "2024-12-20")]
    found = compare(stopped, by="category", against="last_year")
    assert any("category d: nothing in the 7 days" in caveat for caveat in found.caveats)


def test_holidays_in_one_period_only_are_named(tmp_path):
    path = tmp_path / "days.csv"
    path.write_text("date,name\n2024-12-25,Christmas\n2023-12-25,Christmas\n2024-12-14,Marathon\n", encoding="utf-8")
    found = compare(steady(), by="category", against="last_year", calendar=path)
    assert "Marathon falls in this period but in 0 of 1 compared with." in found.caveats
    assert not any("Christmas" in caveat for caveat in found.caveats)
    listed = tmp_path / "days.yml"
    listed.write_text("- {date: 2024-07-04, name: Fourth of July}\n", encoding="utf-8")
    assert read_calendar(listed)["date"].tolist() == [dt.date(2024, 7, 4)]
    for text, message in (("day,name\n2024-01-01,x\n", "columns date and name"), ("date,name\nsoon,x\n", "not a date")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=message):
            read_calendar(path)


def test_percentiles_of_averages_are_refused():
    months = pd.DataFrame(
        {
            "month": ["2015-01", "2015-02"],
            "median_response": [13.2, 14.8],
            "p90_response": [16, 18.3],
            "call_count": [21779, 21244],
        }
    )
    for column in ("median_response", "p90_response"):
        with pytest.raises(InputError, match="cannot be added or averaged"):
            total(months, column)
    assert total(months, "call_count")["call_count"].tolist() == [43023]
    with pytest.raises(InputError, match="percentile"):
        daily(months.rename(columns={"month": "date"})[["date", "p90_response"]], by=())
    with pytest.raises(InputError, match="fractions"):
        compare(steady().assign(count=1.5), by="category")


def test_areas_must_match_by_key():
    check_areas(["a", "b"], ["b", "a"])
    with pytest.raises(InputError, match="2 of 2 rows hold different areas: 'a' with 'b'"):
        check_areas(["a", "b"], ["b", "a"], by="position")
    with pytest.raises(InputError, match="written differently: 'athmar-park' is 'Athmar Park'"):
        check_areas(["athmar-park", "Baker"], ["Athmar Park", "Baker"])
    with pytest.raises(InputError, match=r"not in population: c; 1 areas of population are not in the counts: d"):
        check_areas(["a", "c"], ["a", "d"], name="population")
    with pytest.raises(InputError, match="areas twice: a"):
        check_areas(["a"], ["a", "a"])


@given(st.integers(0, 10_000))
@settings(max_examples=8)
def test_the_order_of_rows_does_not_matter(seed):
    counts = steady(years=3)
    mixed_up = counts.sample(frac=1, random_state=seed)
    plain, mixed = (compare(each, by="category", against="last_year").table for each in (counts, mixed_up))
    pd.testing.assert_frame_equal(plain, mixed)


def test_arguments_that_do_not_fit_are_refused():
    counts = steady(years=2)
    with pytest.raises(InputError, match="last_year"):
        compare(counts, by="category", against="last year")
    with pytest.raises(InputError, match="do not hold 2030"):
        compare(counts, by="category", period="2030-01")
    with pytest.raises(InputError, match="no column 'place'"):
        compare(counts, by="place")
    with pytest.raises(InputError, match="q:"):
        compare(counts, by="category", q=2)
    with pytest.raises(InputError, match="victims"):
        daily(incidents([("1", "2024-03-01 12:00", "x", 1)]), unit="people")


@pytest.fixture(scope="module")
def town() -> pf.Department:
    """Three years of incidents, most recorded within two days and all within ten."""
    rng = np.random.default_rng(12)
    at = pd.to_datetime("2022-01-01", utc=True) + pd.to_timedelta(np.sort(rng.uniform(0, 1096, 9000)), unit="D")
    late = np.where(rng.random(9000) < 0.9, rng.uniform(0, 2, 9000), rng.uniform(2, 10, 9000))
    recorded = at + pd.to_timedelta(late, unit="D")
    table = pd.DataFrame(
        {
            "incident_id": [f"{number:06}" for number in range(9000)],
            "reported_at": at,
            "recorded_at": recorded,
            "offence": rng.choice(["Robbery", "Assault"], 9000),
            "district": rng.choice(["0411", "0412"], 9000),
        }
    )
    return pf.from_frames(incidents=table[recorded < "2024-12-31"], timezone="America/New_York")


def test_a_sample_shorter_than_a_year_is_compared_with_the_period_before(small_city):
    found = compare(pf.open(small_city), against="previous", period="7d")
    assert found.facts["flags"] == 0 and found.facts["cells"] > 10
    assert "no earlier year" in compstat(pf.open(small_city)).reason


def test_compstat_counts_what_the_records_say(town):
    dept = town
    found = compstat(dept, years=3)
    assert found.name == "compstat" and found.facts["tests"] % len(found.table) == 0
    last = dt.date.fromisoformat(found.facts["last_complete"])
    assert found.facts["windows"]["7d"] == f"{last - dt.timedelta(days=6)} to {last}"
    cell = found.table.iloc[0]
    for window in ("7d", "28d", "ytd"):
        behind = records(dept, window, district=cell["district"], offence=cell["offence"])
        assert behind["incident_id"].nunique() == cell[f"{window}_now"]
    assert 3 <= (dt.date(2024, 12, 30) - last).days <= 8  # a tenth of the records arrive after two to ten days
    assert any("95% of the records arrive within" in caveat for caveat in found.caveats)
    with pytest.raises(InputError, match="no offence 'Arson'"):
        records(dept, "7d", offence="Arson")


def test_compstat_as_of_a_day_does_not_know_what_came_later(town):
    dept = town
    newest = dt.date.fromisoformat(compstat(dept).facts["last_complete"])
    earlier = newest - dt.timedelta(days=40)
    found = compstat(dept, as_of=earlier)
    assert dt.date.fromisoformat(found.facts["last_complete"]) < earlier
    assert records(dept, "28d", as_of=earlier)["day"].max() < pd.Timestamp(earlier)


def test_compstat_finds_a_planted_rise_and_draws_it(tmp_path):
    found = compstat(steady(c=1.9), by="category", years=4)
    assert ("c", Verdict.UP) in {(item["cell"], item["verdict"]) for item in found.facts["changed"]}
    assert found.table["category"][0] == "c"
    assert found.table["28d_verdict"][0] == Verdict.UP
    assert {path.suffix for path in found.save(tmp_path)} >= {".xlsx", ".csv", ".png"}
    assert compstat(steady(), by="category", years=4).facts["flags"] == 0


def test_compstat_without_an_earlier_year_says_so():
    short = steady()
    found = compstat(short[short["date"] >= "2024-06-01"], by="category")
    assert "no earlier year" in found.reason


@pytest.mark.realdata
def test_areas_of_the_published_merge_failure_are_caught(realdata):
    folder = realdata / "denver_merge_failure"
    keys = {
        name: pd.read_stata(folder / f"{name}_merge.dta")[f"{name}_nb_key"] for name in ("arrest", "crime", "shape")
    }
    with pytest.raises(InputError, match="joined by position, 7[0-9] of 78 rows"):
        check_areas(keys["arrest"], keys["shape"], by="position")
    with pytest.raises(InputError, match="'College View - South Platte' is 'College View-South Platte'"):
        check_areas(keys["arrest"], keys["shape"])
    with pytest.raises(InputError, match="78 areas of the counts are not in boundaries"):
        check_areas(keys["crime"], keys["shape"])
    check_areas(keys["shape"], sorted(keys["shape"]))


@pytest.mark.realdata
def test_percentiles_of_daily_averages_are_refused_on_the_published_series(realdata):
    raw = json.loads((realdata / "nola_monthly" / "response-times.json").read_text(encoding="utf-8"))
    months = pd.DataFrame(raw["monthly"])
    with pytest.raises(InputError, match="p90_response"):
        total(months, "p90_response")
    assert total(months, "call_count")["call_count"][0] == months["call_count"].sum()


@pytest.mark.realdata
def test_a_city_by_district_and_category(realdata):
    """San Francisco to 30 June 2026: crime series vary more than Poisson, and the E-test would flag many more cells."""
    with gzip.open(realdata / "sf_daily" / "crime-data.json.gz", "rt", encoding="utf-8") as file:
        counts = pd.DataFrame(json.load(file)["records"])
    counts = counts[pd.to_datetime(counts["date"]) <= "2026-06-30"]
    found = compare(counts, by=("district", "category"), period="28d", against="mean_of_years", years=4)
    assert found.facts["dispersion"] > 1.1 and found.facts["cells"] > 200
    plain = (found.table["p_e_test"] <= 0.05).sum()
    assert found.facts["flags"] < plain
    page = compstat(counts, by="category", years=4)
    assert page.facts["last_complete"] == "2026-06-30" and page.facts["flags"] > 0


@pytest.mark.realdata
def test_negative_corrections_of_published_agency_counts_are_named(realdata):
    path = sorted((realdata / "rtci" / "vintages").glob("20241017*"))[0]
    table = pd.read_csv(path).rename(columns={"rape": "count"}).dropna(subset=["count"])
    found = compare(table, by="state_name", period="2024-06", against="last_year")
    assert any("negative counts are corrections" in caveat for caveat in found.caveats)
