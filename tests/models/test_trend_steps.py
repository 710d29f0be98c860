"""One district's step among six: found where it is, and nowhere else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.models.trend import step_test

START = pd.Timestamp("2023-01-02")


def department(seed, *, weeks=156, step=1.2, calls=(15, 20, 25, 30, 35, 40), sd=0.55, moving=1):
    """Weekly medians of log-normal response times in districts that share season, trend and weather.

    ``moving`` districts step by ``step`` at dates of their own. Returns (frame, {district: date of its step}).
    """
    generator = np.random.default_rng(seed)
    week = np.arange(weeks)
    shared = 0.08 * np.sin(2 * np.pi * week / 52 + 1) + 0.0006 * week + np.cumsum(generator.normal(0, 0.01, weeks))
    movers = {int(d): int(generator.integers(12, weeks - 12)) for d in generator.permutation(len(calls))[:moving]}
    rows = []
    for d, rate in enumerate(calls):
        for t in week:
            n = generator.poisson(7 * rate)
            level = 2 + 0.1 * d + shared[t] + (np.log(step) if t >= movers.get(d, weeks) else 0.0)
            median = np.exp(np.median(level + generator.normal(0, sd, n)))
            rows.append((str(d), START + pd.Timedelta(days=7 * int(t)), median, median * 1.2533 * sd / np.sqrt(n)))
    frame = pd.DataFrame(rows, columns=["series", "date", "value", "se"])
    return frame, {str(d): START + pd.Timedelta(days=7 * t) for d, t in movers.items()}


def outcome(seed, **shape):
    """(found within a month of its date, some other district flagged)."""
    frame, moved = department(seed, **shape)
    flagged = step_test(frame).table.query("flagged").set_index("series")["break_date"]
    found = all(name in flagged and abs((flagged[name] - date).days) <= 31 for name, date in moved.items())
    return found, bool(set(flagged.index) - set(moved))


SHAPES = {"3 years": {}, "2 years, small": {"weeks": 104, "sd": 0.6, "calls": (15,) * 6}}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_planted_step_in_fifty_departments(shape):
    """Measured: found in 50 and 50 of 50; another district flagged in 0 and 4 of 50."""
    outcomes = np.array([outcome(seed, **shape) for seed in range(50)])
    assert outcomes[:, 0].sum() >= 45 and outcomes[:, 1].sum() <= 5


@pytest.mark.slow
def test_no_step_no_flag():
    """With nothing planted some district is flagged in at most 5 % of 100 departments, even for steps of any size."""
    alarms = [bool(step_test(department(seed, moving=0)[0], least=0.0).facts["flagged"]) for seed in range(100)]
    assert np.sum(alarms) <= 5


def test_planted_step_in_ten_departments():
    outcomes = np.array([outcome(seed, weeks=104) for seed in range(100, 110)])
    assert outcomes[:, 0].sum() >= 9 and outcomes[:, 1].sum() <= 1


def test_size_and_interval_of_the_step():
    frame, moved = department(7)
    result = step_test(frame)
    name, date = next(iter(moved.items()))
    row = result.facts["steps"][name]
    assert result.facts["flagged"] == [name] and row["ratio_low"] < 1.2 < row["ratio_high"]
    assert row["low"] <= date.date().isoformat() <= row["high"]
    assert result.facts["reference"]
    assert result.plot() is not None


def test_two_districts_that_moved_are_both_named_and_nobody_else():
    frame, moved = department(21, moving=2, step=1.3)
    assert set(step_test(frame).facts["flagged"]) == set(moved)


def test_a_step_common_to_all_is_nobodys_step():
    frame, _ = department(5, moving=0)
    late = frame["date"] >= START + pd.Timedelta(days=7 * 80)
    frame["value"] = frame["value"] * np.where(late, 1.5, 1.0)
    frame["se"] = frame["se"] * np.where(late, 1.5, 1.0)
    assert step_test(frame).facts["flagged"] == []


def test_missing_weeks_row_order_and_units_do_not_matter():
    frame, moved = department(7)
    holes = frame.sample(frac=0.9, random_state=1)
    before = holes.copy()
    one = step_test(holes)
    two = step_test(holes.sort_values("value").assign(value=lambda f: f["value"] * 60, se=lambda f: f["se"] * 60))
    pd.testing.assert_frame_equal(holes, before)
    assert one.facts["flagged"] == two.facts["flagged"] == list(moved)
    pd.testing.assert_frame_equal(one.table, two.table, rtol=1e-8)


def test_what_cannot_be_told_is_said():
    frame, _ = department(7, weeks=30)
    assert "at least 3 series" in step_test(frame[frame["series"] < "2"]).reason
    with pytest.raises(InputError, match="no column 'se'"):
        step_test(frame.drop(columns="se"))
    with pytest.raises(InputError, match="two values"):
        step_test(pd.concat([frame, frame]))
