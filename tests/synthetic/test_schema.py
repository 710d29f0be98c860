"""Every written table against the schema, by SQL that shares no code with the generator."""

import pytest

from perflib import schema

SQL_TYPES = {
    "string": "VARCHAR",
    "category": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "date": "DATE",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
}
DEPARTMENTS = ("city", "small", "town")
EVERY = [(department, table) for department in DEPARTMENTS for table in schema.names()]


@pytest.fixture
def made(request):
    return request.getfixturevalue(request.param)


def pairs(*, indirect="made"):
    return pytest.mark.parametrize(("made", "name"), EVERY, indirect=[indirect])


@pairs()
def test_columns_types_and_rows(made, name):
    found = {column: kind for column, kind, *_ in made.sql(f"describe {name}")}
    table = schema.get(name)
    assert set(table.required) <= set(found) <= set(table.columns)
    assert found == {column: SQL_TYPES[table.columns[column].type] for column in found}
    assert made.one(f"select count(*) from {name}") > 0


@pairs()
def test_required_allowed_and_ranges(made, name):
    present = {column for column, *_ in made.sql(f"describe {name}")}
    for column in (schema.get(name).columns[one] for one in present):
        wrong = []
        if column.required:
            wrong.append(f'"{column.name}" is null')
        if column.allowed:
            wrong.append(f'"{column.name}" not in {column.allowed!r}')
        if column.low is not None:
            wrong.append(f'"{column.name}" < {column.low}')
        if column.high is not None:
            wrong.append(f'"{column.name}" > {column.high}')
        for rule in wrong:
            assert made.one(f"select count(*) from {name} where {rule}") == 0, rule


@pairs()
def test_keys_are_unique_and_rules_hold(made, name):
    table = schema.get(name)
    key = ", ".join(f'"{column}"' for column in table.key)
    assert made.sql(f"select {key} from {name} group by {key} having count(*) > 1 limit 3") == []
    for rule in table.rules:
        assert made.one(f'select count(*) from {name} where "{rule.earlier}" > "{rule.later}"') == 0, rule.name


@pairs()
def test_references_exist(made, name):
    present = {column for column, *_ in made.sql(f"describe {name}")}
    for column in (schema.get(name).columns[one] for one in present):
        targets = [column.refers] if column.refers else []
        if column.pseudonym and column.name in ("officer_id", "supervisor_id", "detective_id"):
            targets.append("officers.officer_id")
        for target in targets:
            other, key = target.split(".")
            query = f"select count(*) from {name} a anti join {other} b on a.{column.name} = b.{key}"
            assert made.one(f"{query} where a.{column.name} is not null") == 0, target


@pytest.mark.parametrize("made", DEPARTMENTS, indirect=True)
def test_nothing_is_recorded_after_the_end_or_before_it_happened(made):
    for name, moment in (("calls", "closed_at"), ("incidents", "reported_at"), ("requests", "received_at")):
        assert made.one(f"select count(*) from {name} where recorded_at < {moment}") == 0
        assert made.one(f"select count(*) from {name} where recorded_at >= timestamptz '2026-01-01 00:00'") == 0


@pytest.mark.parametrize("made", DEPARTMENTS, indirect=True)
def test_nobody_works_twice_at_once(made):
    clashes = """select count(*) from (select *, lag(ended_at) over
                 (partition by officer_id order by started_at) as prior from shifts) where started_at < prior"""
    assert made.one(clashes) == 0


@pytest.mark.parametrize("made", DEPARTMENTS, indirect=True)
def test_spells_do_not_overlap(made):
    clashes = """select count(*) from (select *, lag(end_on) over (partition by officer_id order by start_on) as prior
                 from assignments) where start_on <= prior"""
    assert made.one(clashes) == 0


@pytest.mark.parametrize("made", ("city", "town"), indirect=True)
def test_whoever_takes_a_call_is_on_a_regular_shift(made):
    away = """select count(*) from calls c anti join shifts s on c.officer_id = s.officer_id and s.kind = 'regular'
              and c.received_at >= s.started_at - interval 1 hour and c.received_at < s.ended_at + interval 1 hour
              where c.officer_id is not null and c.received_at > timestamptz '2023-01-02 12:00'"""
    assert made.one(away) == 0


def test_one_district_keeps_its_leading_zero(city):
    assert "0412" in {row[0] for row in city.sql("select distinct district from calls")}
