"""A total among its parts: residents and counts are added up once, or it is said why they cannot be."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import perflib as pf
from perflib.__main__ import main

PARTS = (("0-17", 0.25), ("18-64", 0.6), ("65+", 0.15))
PLACES = {"North": (50000, 0.0), "South": (20000, 0.1)}


def square(at: float) -> list:
    return [[[at, 0], [at + 0.1, 0], [at + 0.1, 0.1], [at, 0.1], [at, 0]]]


@pytest.fixture
def people(town):
    """Case 13: 1,000 incidents and 1,000 arrests in each of two districts in 2023, and a population of these rows.

    ``rows``: header and lines of the population; "{n}" is the number of residents of the place ``area``.
    """
    days = pd.date_range("2023-01-01", periods=1000, freq="525min")
    events = "\n".join(f"{place}{at},{day},{place}" for place in PLACES for at, day in enumerate(days))
    outlines = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"district": place},
                "geometry": {"type": "Polygon", "coordinates": square(at)},
            }
            for place, (_, at) in PLACES.items()
        ],
    }

    def make(header: str, *rows: str, places: tuple[str, ...] = ()):
        """Each row is written for every district, shares of its residents as numbers between braces; then others."""
        lines = [
            ",".join(
                [
                    place,
                    "2023",
                    *(f"{round(float(cell[1:-1]) * number)}" if cell[:1] == "{" else cell for cell in row.split(",")),
                ]
            )
            for place, (number, _) in PLACES.items()
            for row in rows
        ]
        files = {
            "e.csv": f"id,at,district\n{events}\n",
            "b.geojson": json.dumps(outlines),
            "p.csv": "\n".join([f"area,year,{header}", *lines, *places]) + "\n",
        }
        return town(
            files,
            [
                (
                    "incidents",
                    "e.csv",
                    {
                        "incident_id": "id",
                        "reported_at": "at",
                        "offence": {"value": "Burglary"},
                        "district": "district",
                    },
                ),
                ("arrests", "e.csv", {"arrest_id": "id", "arrested_at": "at", "district": "district"}),
                ("population", "p.csv", {name: name for name in ["area", "year", *header.split(",")]}),
            ],
            boundaries="b.geojson",
        )

    return make


def ages(word: str = "", name: str = "group") -> tuple[str, ...]:
    """Header and rows of three ages, with a total of that name or none."""
    parts = [f"{label},{{{part}}}" for label, part in PARTS]
    return (f"{name},residents", *([f"{word},{{1}}"] if word else []), *parts)


def right(path) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Residents, offences per 1,000 and arrests per 1,000 residents by district."""
    dept = pf.open(path)
    found = pf.metrics.maps.rate_map(dept, period="2023-01-01..2023-12-30", per="residents").table.set_index("district")
    held = pf.metrics.arrests.rates(dept, per="population").table.set_index("district")
    assert held["exposure"].to_dict() == found["residents"].to_dict()
    per = pf.metrics.indicators.measure(dept, "offences_per_residents", "district").table
    assert sorted(per["denominator"]) == sorted(found["residents"])
    return found["residents"].to_dict(), found["rate"].round(0).to_dict(), held["rate"].round(0).to_dict()


RIGHT = ({"North": 50000, "South": 20000}, {"North": 20, "South": 50}, {"North": 20, "South": 50})


WORDS = [
    "",
    "Total",
    "TOTAL",
    "All",
    "All ages",
    "all persons",
    "Alle",
    "Gesamt",
    "Insgesamt",
    "0+",
    "Everyone",
    "Total: both sexes",
    "Total population",
    "Ensemble",
    "Wohnbevoelkerung",
    "B01001",
]


@pytest.mark.parametrize(
    ("column", "word"),
    [*(("group", word) for word in WORDS), *(("age_group", word) for word in ("", "Total", "B01001"))],
)
def test_a_total_beside_its_parts_is_counted_once(people, capsys, word, column):
    path = people(*ages(word, column))
    assert right(path) == RIGHT
    assert main(["check", str(path), "--json"]) == 0
    notes = [note for note in json.loads(capsys.readouterr().out)["notes"] if note.startswith("population")]
    assert len(notes) == bool(word) and all(word in note and "counted once" in note for note in notes)
    if word:
        answer = pf.metrics.maps.rate_map(pf.open(path), per="residents")
        assert any("counted once" in text for text in answer.caveats)


@pytest.mark.parametrize(
    "rows",
    [
        ("sex,residents", "Total,{1}", "F,{0.5}", "M,{0.5}"),
        ("sex,residents", "F,{0.5}", "M,{0.5}"),
        ("sex,residents", "Both sexes,{1}", "Female,{0.5}", "Male,{0.5}"),
        ("race,residents", "All races,{1}", "Asian,{0.2}", "Black,{0.3}", "White,{0.5}"),
        ("group,residents", "Total,{1}", "Female,{0.5}", "Male,{0.5}", *ages()[1:]),
        ("group,residents", ",{1}", "Female,{0.5}", "Male,{0.5}"),
        ("group,residents", "Total,{1}", "0-17,{0.25}"),
        ("group,residents", "Total,{1}", "0-17,{0.25}", "0-5,{0.1}", "18+,{0.75}"),
        (
            "age_group,sex,residents",
            "Total,Total,{1}",
            "0-17,Total,{0.4}",
            "18+,Total,{0.6}",
            "0-17,F,{0.2}",
            "0-17,M,{0.2}",
            "18+,F,{0.3}",
            "18+,M,{0.3}",
            "Total,F,{0.5}",
            "Total,M,{0.5}",
        ),
        ("age_group,sex,residents", "0-17,F,{0.2}", "0-17,M,{0.2}", "18+,F,{0.3}", "18+,M,{0.3}"),
        ("age_group,sex,residents", "0-17,,{0.4}", "18+,,{0.6}", ",F,{0.5}", ",M,{0.5}"),
        ("group,residents", "Total,{1}"),
        ("residents", "{1}"),
    ],
)
def test_whatever_the_parts_residents_are_counted_once(people, rows):
    assert right(people(*rows)) == RIGHT


@pytest.mark.parametrize(
    "place", ["Citywide,2023,70000", "Total,2023,70000", "City,2023,71000", "Peopletown,2023,70000"]
)
def test_a_row_for_the_whole_city_is_no_area(people, place):
    path = people("residents", "{1}", places=(place,))
    assert right(path) == RIGHT
    assert pf.metrics.arrests.rates(pf.open(path), by="year", per="population").table["exposure"].tolist() == [70000]
    assert pf.metrics.indicators.measure(pf.open(path), "offences_per_residents").facts["all"]["denominator"] == 70000


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (("group,residents", "0-17,{0.25}", "0-5,{0.1}", "18+,{0.75}"), "ages '0-17' and '0-5' overlap"),
        (("group,residents", "under 18,{0.25}", "15-24,{0.1}", "25+,{0.7}"), "overlap"),
        (("group,residents", "Female,{0.5}", "Male,{0.5}", *ages()[1:]), "stands beside ages"),
        (
            ("age_group,sex,residents", "0-17,,{0.25}", "18+,,{0.75}", ",F,{0.2}", ",M,{0.2}"),
            "do not add up to one number",
        ),
        (("group,residents", "Total,{1}", "All,{0.9}", "0-17,{0.25}"), "two rows for all residents differ"),
    ],
)
def test_what_cannot_be_counted_once_is_refused(people, capsys, rows, words):
    path = people(*rows)
    dept = pf.open(path)
    assert words in pf.metrics.arrests.rates(dept, per="population").reason
    assert words in pf.metrics.indicators.measure(dept, "offences_per_residents", "district").reason
    found = pf.metrics.maps.rate_map(dept)
    assert found.facts["per"] == "square_km" and any(words in text for text in found.caveats)
    assert main(["check", str(path)]) == 0
    assert words in " ".join(capsys.readouterr().out.split())


def test_arrests_of_years_without_residents_are_left_out(people):
    path = people("residents", "{1}")
    table = path.parent / "p.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("2023", "2022"), encoding="utf-8")
    assert pf.metrics.arrests.rates(pf.open(path), per="population").table["arrests"].sum() == 0


@pytest.mark.parametrize("total", ["Total", "Citywide", "Alle", "District 9"])
def test_counts_with_a_row_for_all_are_added_up_once(total):
    days = pd.date_range("2024-01-01", periods=140, freq="D")
    counts = [(day, place, 2 + at % 3 + number) for at, day in enumerate(days) for number, place in enumerate("ABC")]
    frame = pd.DataFrame(counts, columns=["date", "district", "count"])
    whole = frame.groupby("date", as_index=False)["count"].sum().assign(district=total)
    plain = pf.metrics.counts.trend(frame)
    found = pf.metrics.counts.trend(pd.concat([frame, whole], ignore_index=True))
    assert found.table["value"].tolist() == plain.table["value"].tolist()
    assert any(f"{total!r} is the total of the others" in text for text in found.caveats)
    assert not [text for text in plain.caveats if "total of the others" in text]


def test_the_sample_keeps_its_residents():
    dept = pf.open("")
    rows = dept.population.execute()
    whole = rows[rows["group"].isna() & (rows["year"] == rows["year"].max())]["residents"].sum()
    found = pf.metrics.indicators.measure(dept, "offences_per_residents", period="2025").facts["all"]["denominator"]
    assert found == pytest.approx(whole)
    years = pf.metrics.indicators.measure(dept, "offences_per_residents").facts["all"]
    assert years["denominator"] == pytest.approx(rows[rows["group"].isna()]["residents"].sum())
