"""Each planted truth is measured in the written files; every tolerance is a number of standard errors."""

import math

import numpy as np
import pytest

SE = 3.5  # standard errors allowed: a correct file of this fixed seed passes, a truth 10 % off does not
PUBLIC = "origin = 'public' and arrived_at is not null"
MINUTES = "(epoch(arrived_at) - epoch(received_at)) / 60"


def log_ratio_share(after: tuple[int, int], before: tuple[int, int]) -> tuple[float, float]:
    """Log ratio of two Poisson rates and its standard error."""
    return math.log(after[0] / after[1] / (before[0] / before[1])), math.sqrt(1 / after[0] + 1 / before[0])


def test_response_step_is_there_and_nowhere_else(city):
    truth = city.truth["response_step"]
    query = f"""select district, priority, received_at >= timestamptz '{truth["date"]} 00:00' as late,
                avg(ln({MINUTES})),
                var_samp(ln({MINUTES})) / count(*) from calls where {PUBLIC} and {MINUTES} > 0 group by all"""
    rows = {row[:3]: row[3:] for row in city.sql(query)}
    for district in city.truth["response_times"]["district_multiple"]:
        steps = [
            (
                rows[district, p, True][0] - rows[district, p, False][0],
                rows[district, p, True][1] + rows[district, p, False][1],
            )
            for p in "1234"
        ]
        weight = np.array([1 / step[1] for step in steps])
        found = np.dot(weight, [step[0] for step in steps]) / weight.sum()
        wanted = math.log(truth["multiple"]) if district == truth["district"] else 0.0
        # The season of the later part differs by at most 1 % (amplitude .04, ten months against whole years).
        assert abs(found - wanted) < SE / math.sqrt(weight.sum()) + 0.01, district


@pytest.mark.parametrize("interval", [("dispatched_at", "arrived_at"), ("received_at", "arrived_at")])
def test_medians_step_by_the_stated_multiple(city, interval):
    truth = city.truth["response_step"]
    minutes = f"(epoch({interval[1]}) - epoch({interval[0]}))"
    query = f"""select received_at >= timestamptz '{truth["date"]} 00:00' as late, median({minutes}), count(*)
                from calls where {PUBLIC} and priority = '2'
                and district = '{truth["district"]}' group by 1 order by 1"""
    before, after = city.sql(query)
    error = 1.2533 * 0.6 * math.sqrt(1 / before[2] + 1 / after[2])
    assert abs(math.log(after[1] / before[1]) - math.log(truth["multiple"])) < SE * error + 0.01


def test_priority_medians_and_spread(city):
    truth = city.truth["response_times"]
    for priority, minutes in truth["median_min"].items():
        centre, spread, n = city.one(f"""select avg(ln({MINUTES})), stddev(ln({MINUTES})), count(*) from calls where
            {PUBLIC} and priority = '{priority}' and district = '0412' and received_at < timestamptz '2025-03-01'""")
        # hour factors: mean of their logs, weighted by calls, is +.019
        assert centre == pytest.approx(math.log(minutes) + 0.019, abs=SE * spread / math.sqrt(n) + 0.01)
        assert spread == pytest.approx(truth["sd_log"], abs=0.55 * SE / math.sqrt(2 * n) + 0.01)


def test_missing_arrivals_of_three_kinds(city):
    truth = city.truth["missing_arrivals"]
    for priority, phone in truth["without_arrival"].items():
        cancelled, without, lost, n = city.one(f"""select avg((closing = 'cancelled')::int),
            avg((closing = 'without_arrival')::int), avg((closing = 'attended' and arrived_at is null)::int), count(*)
            from calls where origin = 'public' and priority = '{priority}'""")
        wanted = (truth["cancelled"], phone, (1 - truth["cancelled"] - phone) * truth["stamp_missing_of_attended"])
        for found, share in zip((cancelled, without, lost), wanted, strict=True):
            assert abs(found - share) <= SE * math.sqrt(share * (1 - share) / n)


def daily(city, where="true"):
    # The newest weeks are incomplete, so they are left out.
    return city.sql(f"""select date_trunc('day', received_at)::date as d, count(*) from calls
                        where {where} and received_at < timestamptz '2025-12-01' group by 1 order by 1""")


def test_weekday_season_and_trend(city):
    rows = daily(city, "district <> '0421'")
    counts = np.array([row[1] for row in rows], dtype=float)
    weekday = np.array([row[0].weekday() for row in rows])
    wave = np.cos(2 * np.pi * (np.array([row[0].timetuple().tm_yday for row in rows]) - 200) / 365.25)
    season = counts / (1 + 0.15 * wave)
    error = math.sqrt(1 / counts.mean() + 0.04**2) / math.sqrt(len(counts) / 7)
    for day, wanted in enumerate(city.truth["weekday"]["multiple"].values()):
        assert season[weekday == day].mean() / season.mean() == pytest.approx(wanted, abs=SE * error)
    adjusted = counts / np.array(list(city.truth["weekday"]["multiple"].values()))[weekday]
    design = np.column_stack([np.ones(len(wave)), wave])
    level, slope = np.linalg.lstsq(design, adjusted, rcond=None)[0]
    assert slope / level == pytest.approx(city.truth["season"]["amplitude"], abs=SE * error)


def test_trend_in_one_district_only(city):
    for district in city.truth["response_times"]["district_multiple"]:
        years = dict(
            city.sql(f"""select year(received_at), count(*) from calls where district = '{district}'
                                  and month(received_at) < 12 group by 1""")
        )
        found, error = log_ratio_share((years[2025], 334), (years[2023], 334))
        rises = (
            math.log1p(city.truth["trend"]["per_year"]) * 731 / 365.25 * (district == city.truth["trend"]["district"])
        )
        # the day shocks are shared by a whole year of days: .04 / sqrt(334) each
        assert abs(found - rises) < SE * math.hypot(error, 0.04 * math.sqrt(2 / 334)), district


def test_hour_of_day_is_local_and_survives_clock_changes(city):
    shares = {}
    for season, months in (("winter", "(1, 2, 12)"), ("summer", "(6, 7, 8)")):
        rows = city.sql(
            f"select hour(received_at), count(*) from calls where month(received_at) in {months} group by 1 order by 1"
        )
        counts = np.array([row[1] for row in rows])
        shares[season] = counts / counts.mean()
        wanted = np.array(city.truth["hour"]["multiple"])
        assert np.abs(shares[season] - wanted).max() < 4.5 * np.sqrt(wanted / counts.mean()).max()


@pytest.mark.parametrize(
    ("name", "table"),
    [("force_outliers", "force"), ("complaint_outliers", "complaints"), ("top_performers", "commendations")],
)
def test_outlying_officers_have_the_stated_multiple(city, name, table):
    truth = city.truth[name]
    who = tuple(truth["officers"])
    assert len(who) == 4
    query = f"""select officer_id in {who} as planted,
                (select count(*) from {table} t where t.officer_id in {who}) as e1,
                (select count(*) from {table}) as e, count(*) from unit_responses group by 1 order by 1"""
    (_, few, every, others), (_, _, _, theirs) = city.sql(query)
    found, error = log_ratio_share((few, theirs), (every - few, others))
    # CV .2 of the others is averaged over 300 officers; place and shift factors of a few officers are within 15 %
    assert abs(found - math.log(truth["multiple"])) < SE * error + 0.15


@pytest.mark.parametrize("made", ["city", "events"])
def test_the_other_officers_are_overdispersed_by_the_stated_cv(made, request):
    department = request.getfixturevalue(made)
    truth = department.truth["complaint_outliers"]
    rows = department.sql(f"""select n, coalesce(k, 0)
        from (select officer_id, count(*) as n from unit_responses group by 1)
        left join (select officer_id, count(*) as k from complaints group by 1) using (officer_id)
        where officer_id not in {tuple(truth["officers"])} and n > 200""")
    n, k = np.array(rows, dtype=float).T
    mean = n * k.sum() / n.sum()
    excess = (k - mean) ** 2 - mean
    tau2, error = excess.sum() / (mean**2).sum(), excess.std() * math.sqrt(len(n)) / (mean**2).sum()
    assert abs(tau2 - truth["cv"] ** 2) < SE * error
    assert tau2 > 0


def test_exposure_is_unequal(city):
    cv = city.one("select stddev(n) / avg(n) from (select count(*) as n from unit_responses group by officer_id)")
    assert cv > 0.3


def test_scenes_are_shared_and_the_lean_raises_the_level(city, events):
    for made, least in ((city, 40), (events, 300)):
        assert made.one("select count(*) from (select incident_id from force group by 1 having count(*) > 1)") > least
    who = tuple(events.truth["force_level"]["officers"])
    theirs, n, rest, spread = (
        events.one(f"""select avg(level) filter (officer_id in {who}), count(*) filter (officer_id in {who}),
        avg(level) filter (officer_id not in {who}), stddev(level) from force""")
    )
    assert theirs - rest > 2 * spread / math.sqrt(n)


def test_course_effects(city):
    for name in ("course_that_works", "course_that_does_not"):
        truth = city.truth[name]
        query = f"""with t as (select officer_id, completed_on from training where course = '{truth["course"]}'),
            x as (select u.officer_id, u.assigned_at::date > t.completed_on as after, count(*) as n
                  from unit_responses u
                  join t using (officer_id) group by all),
            y as (select c.officer_id, c.occurred_at::date > t.completed_on as after, count(*) as k from complaints c
                  join t using (officer_id) group by all)
            select after, sum(k), (select sum(n) from x where x.after = y.after) from y group by 1 order by 1"""
        before, after = [(int(k), int(n)) for _, k, n in city.sql(query)]
        found, error = log_ratio_share(after, before)
        # the other course overlaps the null one in time: its effect leaks in as calendar time, at most 15 %
        assert abs(found - math.log(truth["multiple"])) < SE * error + (0.15 if truth["multiple"] == 1 else 0)


def test_clearance_hazard_is_constant_and_recent_cohorts_only_look_worse(city):
    truth = city.truth["clearance_lag"]
    for offence, byday in truth["cleared_by_day"].items():
        for year in (2023, 2024):
            found, n = (
                city.one(f"""select avg((cleared_at <= reported_at + interval 180 day)::int::double), count(*) from
                (select coalesce(cleared_at, timestamptz '2999-01-01') as cleared_at, reported_at from incidents
                 where offence = '{offence}' and status <> 'unfounded' and year(reported_at) = {year})""")
            )
            assert abs(found - byday[180]) < SE * math.sqrt(0.25 / n)


def test_the_newest_cases_are_cleared_less_often_for_no_other_reason_than_their_age(city):
    truth = city.truth["clearance_lag"]
    edges = np.array([float(name.split()[-1]) for name in truth["daily_hazard"]] + [10**6])
    shares = {}
    for span in ("'2023-01-01' and timestamptz '2023-06-30'", "'2025-10-01' and timestamptz '2025-12-31'"):
        rows = city.sql(f"""select offence, (epoch(timestamptz '2026-01-01') - epoch(reported_at)) / 86400 - 0.5 / 24,
            (cleared_at is not null)::int from incidents
            where status <> 'unfounded' and reported_at between timestamptz {span}""")
        age, times = np.array([row[1] for row in rows]), [truth["hazard_multiple"][row[0]] for row in rows]
        spent = np.clip(age[:, None] - edges[:-1], 0, np.diff(edges)) @ np.array(list(truth["daily_hazard"].values()))
        shares[span] = (1 - np.exp(-np.array(times) * spent)).mean(), np.mean([row[2] for row in rows]), len(rows)
    for expected, found, n in shares.values():
        assert abs(found - expected) < SE * math.sqrt(expected * (1 - expected) / n)
    (old, _, _), (new, _, _) = shares.values()
    assert new < 0.92 * old


def test_policy_breach(city):
    truth = city.truth["policy_breach"]
    query = f"""select unit = '{truth["unit"]}'
        and due_at::date between date '{truth["first"]}' and date '{truth["last"]}' as b,
        avg(complied::int), count(*) from policy_events where rule_id = '{truth["rule_id"]}' and excluded is null
        group by 1 order by 1"""
    (_, elsewhere, n), (_, breach, m) = city.sql(query)
    assert abs(elsewhere - truth["elsewhere"]) < SE * math.sqrt(0.93 * 0.07 / n)
    assert abs(breach - truth["compliance"]) < SE * math.sqrt(0.24 / m) + 0.005


def test_fatigue(city):
    truth = city.truth["fatigue"]
    rows = city.sql(f"""with p as (select officer_id, started_at, ended_at, lag(ended_at) over
            (partition by officer_id order by started_at) as prior from shifts where kind <> 'leave'
            and started_at between timestamptz '{truth["first"]}' and timestamptz '{truth["last"]}')
        select officer_id, sum(epoch(ended_at) - epoch(started_at)) / 3600 / 26.1 as weekly,
            sum((started_at > prior and started_at < prior + interval 8 hour)::int) as short from p group by 1
        order by weekly desc limit {len(truth["officers"])}""")
    assert {row[0] for row in rows} == set(truth["officers"])
    assert min(row[1] for row in rows) > 48


def test_feeds_lag_and_one_stopped(city):
    truth = city.truth["lagging_feed"]
    share, n = city.one("""select avg((epoch(recorded_at) - epoch(closed_at) > 86400)::int), count(*) from calls
                           where received_at < timestamptz '2025-11-01'""")
    wanted = truth["late_share"] * math.exp(-24 / truth["late_mean_hours"])
    assert abs(share - wanted) < SE * math.sqrt(wanted * (1 - wanted) / n)
    last = dict(city.sql("select district, max(received_at)::date from calls group by 1"))
    stopped = city.truth["stopped_feed"]
    assert {str(when) for name, when in last.items() if name != stopped["district"]} == {"2025-12-31"}
    assert str(last[stopped["district"]]) == "2025-12-22"


def test_request_mix_and_survey_wording(city):
    truth = city.truth["request_mix"]
    odds = {}
    for place in ("=", "<>"):
        for side in ("<", ">="):
            kind, rest = city.one(f"""select count(*) filter (kind = '{truth["kind"]}'),
                count(*) filter (kind <> '{truth["kind"]}')
                from requests where district {place} '{truth["district"]}'
                and received_at {side} timestamptz '{truth["date"]}'""")
            odds[place, side] = (math.log(kind / rest), 1 / kind + 1 / rest)
    for place, wanted in (("=", math.log(truth["weight_multiple"])), ("<>", 0.0)):
        found = odds[place, ">="][0] - odds[place, "<"][0]
        assert abs(found - wanted) < SE * math.sqrt(odds[place, ">="][1] + odds[place, "<"][1])
    shift, n = city.one("""select sum(weight * answer) filter (instrument = 'v2')
        / sum(weight) filter (instrument = 'v2' and answer is not null)
        - sum(weight * answer) filter (instrument = 'v1')
        / sum(weight) filter (instrument = 'v1' and answer is not null),
        count(distinct respondent_id) filter (instrument = 'v2') from surveys""")
    # answers are rounded and end at 5, which takes away up to a fifth of the shift
    assert 0.75 * 0.4 - SE / math.sqrt(n) < shift < 0.4 + SE / math.sqrt(n)


def test_lower_threshold_shows_as_a_lower_hit_rate(city):
    truth = city.truth["search_threshold"]
    rate = {}
    for place in ("=", "<>"):
        rate[place] = city.one(f"""select avg(contraband::int) filter (searched), count(*) filter (searched),
            avg(searched::int) from stops where subject_race = '{truth["group"]}'
            and district {place} '{truth["district"]}'""")
    error = math.sqrt(sum(r[0] * (1 - r[0]) / r[1] for r in rate.values()))
    assert rate["<>"][0] - rate["="][0] > 2 * error
    assert rate["="][2] > 1.8 * rate["<>"][2]


def test_a_unit_is_renamed_and_officers_are_moved(city):
    renamed, moved = city.truth["renamed_unit"], city.truth["reassigned"]
    assert city.one(
        f"select max(end_on)::varchar < '{renamed['date']}' from assignments where unit = '{renamed['before']}'"
    )
    assert (
        city.one(f"select min(start_on)::varchar from assignments where unit = '{renamed['after']}'") == renamed["date"]
    )
    rows = city.sql(
        f"select officer_id, district from assignments where start_on = date '{moved['date']}'"
        f" and officer_id in {tuple(moved['officers'])}"
    )
    assert {row[0] for row in rows} == set(moved["officers"])
    assert {row[1] for row in rows} == {moved["to"]}


def test_the_town_is_a_town(town):
    assert town.one("select count(*) from officers") == 15
    assert 11 < town.one("select count(*) from calls") / 1096 < 14.5
