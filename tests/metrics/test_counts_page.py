"""The meeting's page repeats the full table's figures; the weekly chart counts whole weeks only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import perflib as pf
from perflib.errors import InputError
from perflib.metrics.counts import compare, compstat, compstat_page, opening, trend
from perflib.models.counts import successive_dispersion
from perflib.words import counts as words


def counts(seed: int = 1, last: str = "2025-12-31") -> pd.DataFrame:
    days, rng = pd.date_range("2022-01-01", last), np.random.default_rng(seed)
    parts = [
        pd.DataFrame({"date": days, "district": name, "offence": "Theft", "count": rng.poisson(mean, len(days))})
        for name, mean in (("a", 4), ("b", 2))
    ]
    return pd.concat(parts)


def test_the_page_says_what_the_full_table_says():
    full = compstat(counts(), by=("district", "offence"), years=3)
    page = compstat_page(full)
    assert list(page.table) == [
        "district",
        "offence",
        "now",
        "last_year",
        "mean_of_years",
        "ratio",
        "ratio_low",
        "ratio_high",
        "verdict",
    ]
    for column, wanted in (("now", "28d_now"), ("ratio_low", "28d_low")):
        assert page.table[column].tolist() == full.table[wanted].tolist()
    heads = [verdict.split(";")[0] for verdict in page.table["verdict"]]
    assert heads == full.table["28d_verdict"].tolist()
    frame = counts().query("district == 'a' and date > '2025-12-03'")
    assert page.table.set_index("district").loc["a", "now"] == frame["count"].sum()
    assert page.facts["flags"] == full.facts["flags"]
    one = compstat_page(full, "7d", rows=1)
    assert len(one.table) == 1 and "1 further rows" in one.answer and one.labels["now"] == "7 days now"


def test_a_change_that_another_window_shows_is_told_beside_the_verdict():
    frame = counts()
    lift = (frame["district"] == "a") & (frame["date"] > "2025-01-31") & (frame["date"] < "2025-11-01")
    page = compstat_page(compstat(frame.assign(count=frame["count"] + 2 * lift), by=("district", "offence"), years=3))
    verdicts = page.table.set_index("district")["verdict"]
    assert verdicts["a"] == "no clear change; year to date: up" and verdicts["b"] == "no clear change"


def test_what_cannot_be_asked_is_not_assessable(small_city):
    dept = pf.open(small_city, tables=["calls"])
    for found in (compstat(dept), compare(dept), trend(dept), compstat_page(compstat(dept))):
        assert "no incidents" in found.reason
    assert "2 whole weeks" in trend(counts().query("date < '2022-01-20'")).reason


def test_weeks_are_whole_and_begin_on_monday():
    frame = counts(last="2022-03-02")
    found = trend(frame, district="a")
    assert found.table["date"].dt.dayofweek.eq(0).all()
    assert found.table["date"].min() == pd.Timestamp("2022-01-03")
    assert found.table["date"].max() == pd.Timestamp("2022-02-21")  # the next week lacks days
    wanted = frame.query("district == 'a' and '2022-01-03' <= date < '2022-01-10'")["count"].sum()
    assert found.table["value"].iloc[0] == wanted
    months = trend(counts(last="2022-04-05"), every="month").table["value"].tolist()
    wanted = [counts(last="2022-04-05").query(f"date.dt.month == {month}")["count"].sum() for month in (1, 2, 3)]
    assert months == wanted


def test_a_doubled_week_is_a_signal_and_a_quiet_series_has_few():
    frame = counts(last="2022-12-31")
    quiet = trend(frame)
    assert len(quiet.facts["signals"]) <= 1
    frame.loc[frame["date"].between("2022-10-03", "2022-10-09"), "count"] *= 3
    assert 40 in trend(frame).facts["signals"]


def test_the_dispersion_of_poisson_counts_is_one_and_of_doubled_ones_two():
    values = np.random.default_rng(2).poisson(30, 20_000).astype(float)
    assert successive_dispersion(values) == pytest.approx(1, abs=0.03)
    assert successive_dispersion(2 * values) == pytest.approx(2, abs=0.06)
    assert (
        successive_dispersion(values + np.where(np.arange(20_000) < 10_000, 0, 30)) < 1
    )  # a step does not look like noise


def test_unknown_grain_and_value_are_named():
    with pytest.raises(InputError, match="no period 'day'"):
        trend(counts(), every="day")
    with pytest.raises(InputError, match="no district 'z'"):
        trend(counts(), district="z")


CHANGED = {"cell": "0421 / Burglary", "window": "ytd", "against": "mean_of_years", "now": 139, "expected": 89.4}
SIGNALS = {"every": "week", "unit": "incidents", "signal_dates": ["2024-02-12", "2025-03-31"]}


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        (
            {"finding": "change", "changed": {**CHANGED, "verdict": "up"}, "trend": SIGNALS},
            "0421 / Burglary rose: 139 this year to date, against 89 on average in earlier years. "
            "The weekly number of incidents left its usual range 2 times, last in the week of 31 March 2025.",
        ),
        (
            {"finding": "none", "changed": {}, "trend": {**SIGNALS, "signal_dates": []}},
            "No group shows a clear change. The weekly number of incidents stays within its usual range.",
        ),
        (
            {"finding": "not_assessable", "changed": {}, "trend": None},
            "Whether any group changed cannot be judged from these records.",
        ),
    ],
)
def test_the_report_opens_with_two_short_sentences(facts, answer):
    found = words.opening(facts, pd.DataFrame()).answer
    assert found == answer
    for sentence in found.split(". "):
        assert len(sentence.split()) <= 25 and sum(any(map(str.isdigit, word)) for word in sentence.split()) <= 4


def test_the_opening_takes_the_strongest_change():
    frame = counts()
    lift = (frame["district"] == "a") & (frame["date"] > "2025-01-31")
    frame = frame.assign(count=frame["count"] + 2 * lift)
    meeting = compstat(frame, by=("district", "offence"), years=3)
    found = opening(meeting, trend(frame))
    assert found.facts["finding"] == "change" and found.facts["changed"] == meeting.facts["changed"][0]
    assert found.facts["trend"]["signal_dates"] == trend(frame).facts["signal_dates"]
