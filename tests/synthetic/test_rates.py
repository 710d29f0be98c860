"""The sample looks like a real city: every rate of the written files lies between published ones."""

import re

import pytest

from perflib.synthetic import rates

ROWS = [[part.strip() for part in line.split("|")] for line in rates.RATES.strip().splitlines()]
#: rates by the year; `residents`, `officers` (officer-years) and `years` are set by the fixture
OFFENCE = {
    "robberies": "Robbery",
    "aggravated assaults": "Aggravated assault",
    "burglaries": "Burglary",
    "vehicle thefts": "Motor vehicle theft",
    "larcenies": "Larceny",
}
SPREAD = """(select var_pop(n) / avg(n) from (select count(e.officer_id) as n from officers o
    left join {0} e using (officer_id) group by o.officer_id))"""
EACH = {
    "calls for service per resident": "(select count(*) from calls) / residents / years",
    "public share of calls": "(select avg((origin = 'public')::int) from calls)",
    "hours of officers per call": """(select sum(epoch(cleared_at) - epoch(coalesce(assigned_at, arrived_at))) / 3600
        from unit_responses) / (select count(*) from calls)""",
    "officers per 1,000 residents": "1000 * officers / years / residents",
    "leavers per officer": "(select count(left_on) from officers) / officers",
    "days off among days on the roster": """(select sum((kind = 'leave')::int) / count(*) from shifts
        where kind in ('leave', 'regular'))""",
    "simple per aggravated assault": """(select sum((offence = 'Simple assault')::int)
        / sum((offence = 'Aggravated assault')::int) from incidents)""",
    "vandalisms per burglary": """(select sum((offence = 'Vandalism')::int) / sum((offence = 'Burglary')::int)
        from incidents)""",
    "arrests for cases on the same day": """(select avg((cleared_at::date = reported_at::date)::int)
        from incidents where clearance = 'arrest')""",
    "arrests per 1,000 residents": "1000 * (select count(*) from arrests) / residents / years",
    "arrests per officer": "(select count(*) from arrests) / officers",
    "stops per 1,000 residents": "1000 * (select count(*) from stops) / residents / years",
    "stops per officer": "(select count(*) from stops) / officers",
    "share of stops with a search": "(select avg(searched::int) from stops)",
    "uses of force per 1,000 dispatches": "1000 * (select count(*) from force) / (select count(*) from unit_responses)",
    "scenes with force per 1,000 arrests": """1000 * (select count(distinct incident_id) from force)
        / (select count(*) from arrests)""",
    "uses of force per 100 officers": "100 * (select count(*) from force) / officers",
    "variance over mean, force": SPREAD.format("force"),
    "officers injured, of uses of force": "(select avg(officer_injured::int) from force)",
    "subjects injured, of uses of force": "(select avg(subject_injured::int) from force)",
    "complaints per 100 officers": "100 * (select count(*) from complaints) / officers",
    "complaints of force per 100 officers": """100 * (select count(*) from complaints
        where allegation = 'excessive force') / officers""",
    "share of complaints sustained": """(select avg((finding = 'sustained')::int) from complaints
        where finding <> 'pending')""",
    "variance over mean, complaints": SPREAD.format("complaints"),
    "complaints of the top 5 % of officers": """(select sum(n) from (select count(*) as n from complaints
        group by officer_id order by n desc limit (select round(.05 * count(*)) from officers)))
        / (select count(*) from complaints)""",
}
CASES = "from incidents where offence ="
for name, offence in OFFENCE.items():
    EACH[f"{name} per 1,000 residents"] = f"1000 * (select count(*) {CASES} '{offence}') / residents / years"
    # two years of cases, each with a year or more to be cleared
    EACH[f"{name} cleared"] = f"""(select avg((cleared_at is not null)::int) {CASES} '{offence}'
        and year(reported_at) < 2025)"""


def measure(made, rate: str) -> float:
    days = "date_diff('day', greatest(hired_on, date '2023-01-01'), coalesce(left_on, date '2025-12-31'))"
    return made.one(f"""select {EACH[rate]} from (select (select sum(residents) from population
        where "group" is null and year = 2024) as residents, sum({days}) / 365.25 as officers, 1096 / 365.25 as years
        from officers)""")


@pytest.mark.parametrize(("name", "low", "high", "ours", "sources"), ROWS, ids=[row[0] for row in ROWS])
def test_a_rate_of_the_sample_is_a_published_one(city, name, low, high, ours, sources):
    assert float(low) <= float(ours) <= float(high)
    assert measure(city, name) == pytest.approx(float(ours), rel=0.02)
    cited = re.findall(r"\b[A-Z]+[0-9]*\b", sources)
    assert cited and all(re.search(rf"(^|; ){key}\b", rates.__doc__ or "", re.M) for key in cited)


def test_the_busiest_officer_exists_in_a_real_department(city):
    """In Chicago's three years 2011-13 no officer of 7,785 had more than 26 reports of force and 28 complaints."""
    for table, most in (("force", 26), ("complaints", 28)):
        assert city.one(f"select max(n) from (select count(*) as n from {table} group by officer_id)") <= most


def test_the_events_department_has_events_enough(city, events):
    """The same calls and officers' work in both; about 15 events an officer in one, about one in the other."""
    same = "select call_id, epoch(received_at), priority, district from calls order by call_id"
    assert city.sql(same) == events.sql(same)
    for table in ("force", "complaints"):
        each = f"select count(*) / (select count(distinct officer_id) from unit_responses) from {table}"
        assert events.one(each) > 12 and city.one(each) < 2.5
