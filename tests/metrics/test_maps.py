"""Maps: figures join their outlines by key, small counts stay hidden, what is missing is said and never raised."""

from __future__ import annotations

import datetime as dt
import json
import math
import re

import pandas as pd
import pytest
from scipy.stats import chi2

import perflib as pf
from perflib.errors import DepartmentError, InputError
from perflib.metrics.maps import boundaries, change_map, rate_map, response_map
from perflib.privacy import Policy

FIRST, LAST = dt.date(2023, 1, 1), dt.date(2025, 12, 31)


def square(x: float, y: float, size: float = 0.1) -> list[list[float]]:
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def feature(key: str, *rings, level: str = "district") -> dict:
    return {
        "type": "Feature",
        "properties": {"level": level, "id": key},
        "geometry": {"type": "Polygon", "coordinates": list(rings)},
    }


def collection(*features) -> dict:
    return {"type": "FeatureCollection", "features": list(features)}


FOUR = collection(*(feature(key, square(at / 10, 0)) for at, key in enumerate(("d", "c", "b", "a"))))


def department(counts: dict[str, list[tuple[str, int]]], shapes=FOUR, residents: dict[str, float] | None = None):
    """Districts with so many incidents on so many days: district -> [(day, number)]; 'a' has one on the last day."""
    rows = [
        (f"{district}{day}{n}", f"{day}T15:00:00Z", district)
        for district, held in counts.items()
        for day, number in held
        for n in range(number)
    ]
    frame = pd.DataFrame(rows, columns=["incident_id", "reported_at", "district"])
    frame["reported_at"], frame["offence"] = pd.to_datetime(frame["reported_at"]), "Theft"
    frames = {"incidents": frame}
    if residents:
        frames["population"] = pd.DataFrame(residents.items(), columns=["area", "residents"]).assign(year=2025)
    dept = pf.from_frames(**frames, timezone="America/New_York", name="Testville")
    return pf.Department(dept.name, dept.timezone, dept.tables, dept.main, {"boundaries": shapes} if shapes else {})


def spread_over(number: int, first: dt.date, days: int) -> list[tuple[str, int]]:
    """So many incidents, one after the other, over so many days."""
    found = [number // days + (1 if at < number % days else 0) for at in range(days)]
    return [(str(first + dt.timedelta(days=at)), n) for at, n in enumerate(found) if n]


YEAR_FIRST = dt.date(2025, 1, 1)
COUNTS = {
    key: spread_over(n, YEAR_FIRST, 364) + [("2025-12-31", 1)] * (key == "a")
    for key, n in {"a": 728, "b": 364, "c": 182, "d": 3}.items()
}


def test_a_rate_is_events_by_residents_and_years_with_exact_limits():
    residents = {"a": 5000, "b": 1000, "c": 1000, "d": 900}
    found = rate_map(department(COUNTS, residents=residents), period="2025-01-01..2025-12-30")
    row = found.table.set_index("district").loc["b"]
    factor = 1000 / 1000 * 365.25 / 364
    assert found.facts["dispersion"] == 1 and found.facts["per"] == "residents"
    assert row["n"] == 364 and row["rate"] == pytest.approx(364 * factor)
    assert row["rate_low"] == pytest.approx(chi2.ppf(0.025, 2 * 364) / 2 * factor, rel=1e-9)
    assert row["rate_high"] == pytest.approx(chi2.ppf(0.975, 2 * 365) / 2 * factor, rel=1e-9)
    assert found.facts["rate"] == pytest.approx(1277 / 7.9 * 365.25 / 364)
    assert list(found.table["district"]) == ["d", "c", "b", "a"]  # outlines decide the order, keys the values


def test_small_counts_are_hidden_with_another_from_which_they_follow():
    whole = rate_map(department(COUNTS), period="2025-01-01..2025-12-30")
    assert whole.table.set_index("district").at["d", "n"] == 3
    found = whole.shared()
    held = found.table.set_index("district")
    assert held.loc[["c", "d"], ["n", "rate", "rate_low", "rate_high"]].isna().all(axis=None)
    assert held.loc[["a", "b"], "n"].tolist() == [728, 364]
    assert held.loc[["a", "b"], ["rate", "rate_low", "rate_high"]].notna().all(axis=None)
    assert found.facts["hidden"] == 2 and "from 1 to 4" in " ".join(found.caveats)
    dept = department(COUNTS)
    ten = pf.Department(
        dept.name, dept.timezone, dept.tables, dept.main, {**dept.settings, "privacy": Policy(small_cells=1)}
    )
    assert rate_map(ten, period="2025-01-01..2025-12-30").shared().table["n"].notna().all()
    told = found.describe()
    numbers = re.findall(r"[\d.]+", json.dumps([told["rows"], told["facts"]["areas"]]))
    assert not {182.0, 3.0, 185.0} & {float(number) for number in numbers}


def test_without_residents_of_every_area_the_rate_is_by_area():
    found = rate_map(department(COUNTS, residents={"a": 5000, "b": 1000}), period="2025-01-01..2025-12-30")
    row = found.table.set_index("district").loc["a"]
    side = math.radians(0.1) * 6371.0
    assert found.facts["per"] == "square_km" and row["square_km"] == pytest.approx(side * side, rel=1e-3)
    with pytest.raises(InputError, match="not in population"):
        rate_map(department(COUNTS, residents={"a": 5000, "b": 1000}), per="residents")


def test_keys_that_do_not_match_are_named_and_never_joined_by_place():
    wrong = collection(*(feature(key, square(at / 10, 0)) for at, key in enumerate(("D", "C", "B", "A"))))
    with pytest.raises(InputError, match="'a' is 'A'"):
        rate_map(department(COUNTS, wrong))
    with pytest.raises(InputError, match="areas twice: a"):
        rate_map(department(COUNTS, collection(*FOUR["features"], feature("a", square(3, 3)))))


def test_an_outline_without_records_is_grey_and_said():
    found = rate_map(department(COUNTS, collection(*FOUR["features"], feature("lake", square(1, 1)))))
    assert "lake" in found.chart.marks["shapes"] and "lake" not in set(found.table["district"])
    assert "No record names district lake: grey, not zero." in found.caveats
    found.plot()


def test_a_change_with_evidence_is_outlined_and_small_ones_are_hidden():
    def period(n: int, last: int) -> list[tuple[str, int]]:
        return [*spread_over(n, dt.date(2025, 11, 3), 28), *spread_over(last, dt.date(2025, 12, 1), 28)]

    held = {"a": [*period(60, 200), ("2025-12-31", 1)], "b": period(60, 61), "c": period(50, 48), "d": period(3, 2)}
    long = {key: [*spread_over(300, dt.date(2025, 6, 2), 154), *value] for key, value in held.items()}
    found = change_map(department(long), period="2025-12-01..2025-12-28", against="previous")
    rows = found.table.set_index("district")
    assert rows["evidence"].to_dict() == {"d": False, "c": False, "b": False, "a": True}
    rows = found.shared().table.set_index("district")
    assert found.facts["changed"] == ["a"] and rows.loc["a", "ratio"] == pytest.approx(200 / 60)
    assert rows.loc["d", ["now", "before", "expected", "ratio", "low", "high", "adjusted"]].isna().all()
    assert found.chart.marks["highlight"] == "evidence" and found.chart.marks["scale"] == "change"
    assert "\u25b2 3.33" in " ".join(text.get_text() for text in found.plot().axes[0].texts)


def test_no_outlines_no_table_or_no_year_before_is_not_assessable(small_city):
    bare = department(COUNTS, None)
    assert "no boundaries" in rate_map(bare).reason and "no boundaries" in change_map(bare).reason
    assert "no calls" in response_map(department(COUNTS)).reason
    assert (
        "no boundaries of a beat"
        in response_map(
            pf.Department(**{**vars(pf.open(small_city, tables=["calls"])), "settings": {"boundaries": FOUR}}),
            by="beat",
        ).reason
    )
    assert "no incidents" in rate_map(pf.open(small_city, tables=["calls"])).reason
    assert "do not hold" in change_map(pf.open(small_city, tables=["incidents"])).reason
    with pytest.raises(InputError, match="nonsense"):
        rate_map(department(COUNTS, collection(feature("a", square(0, 0), level="nonsense"))), by="nonsense")


def test_response_times_of_the_map_are_those_of_the_table(small_city):
    dept = pf.open(small_city, tables=["calls"])
    found = response_map(dept, q=0.9)
    table = pf.metrics.response.response(dept, "district", quantiles=(0.9,)).table
    held, wanted = (each.set_index("district")["p90"].to_dict() for each in (found.table, table))
    assert held == pytest.approx(wanted)
    assert found.chart.y == "p90" and len(found.chart.marks["shapes"]) == 6


def test_no_coordinate_of_a_record_is_in_the_description(small_city):
    dept = pf.open(small_city, tables=["calls", "incidents"], personal=["lat", "lon", "address_key"])
    found = [rate_map(dept), response_map(dept)]
    places = {str(value) for value in dept.incidents.select("lon").execute()["lon"].dropna().head(200)}
    told = json.dumps([each.describe() for each in found])
    shapes = boundaries(dept).shapes.values()
    corners = {str(x) for area in shapes for rings in area for ring in rings for x, _ in ring}
    assert not [place for place in places - corners if place in told] and "A0" not in told


def test_large_outlines_become_light_and_keep_common_borders():
    def wavy(flip: bool) -> list[list[float]]:
        border = [[1 + 0.01 * math.sin(at / 7), at / 2000] for at in range(8001)]
        side = [[2.0, 4.0], [2.0, 0.0]] if flip else [[0.0, 4.0], [0.0, 0.0]]
        return [*border, *side, border[0]]

    shapes = boundaries(department(COUNTS, collection(feature("a", wavy(False)), feature("b", wavy(True))))).shapes
    assert sum(len(ring) for area in shapes.values() for rings in area for ring in rings) <= 6000
    left, right = ({tuple(point) for point in shapes[key][0][0] if 0.9 < point[0] < 1.1} for key in ("a", "b"))
    assert left == right and len(left) > 100
    numbers = [number for area in shapes.values() for ring in area[0] for point in ring for number in point]
    assert all(round(number, 5) == number for number in numbers)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"type": "Point", "coordinates": [0, 0]}, "Point"),
        ({"type": "Polygon", "coordinates": [[[500000, 4000000]] * 4]}, "not degrees"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, "fewer than four"),
        ({"type": "Polygon"}, "coordinates"),
    ],
)
def test_broken_outlines_have_a_named_error(shape, words):
    with pytest.raises(DepartmentError, match=words):
        boundaries(department(COUNTS, collection({"type": "Feature", "properties": {"id": "a"}, "geometry": shape})))
    with pytest.raises(DepartmentError, match="cannot be read"):
        boundaries(department(COUNTS, "nowhere.geojson"))


def test_a_hole_is_no_area():
    whole, ring = (
        boundaries(department(COUNTS, collection(feature("a", *rings)))).square_km()["a"]
        for rings in ([square(0, 0, 0.4)], [square(0, 0, 0.4), square(0.1, 0.1, 0.2)])
    )
    assert ring / whole == pytest.approx(0.75, rel=1e-4)
