"""The test of a mix: divergences by hand, its size under over-dispersed and related counts, and a planted shift."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from perflib.errors import InputError
from perflib.models.composition import likeness, permuted, relative, share_variance, shift

SHARE = np.array([0.22, 0.14, 0.12, 0.18, 0.20, 0.06, 0.08])
KINDS = list("abcdefg")


def counts(rng, series, days, mean=20.0, ratio=3.0, related=0.0, wander=0.2, late=None):
    """Daily counts (series, days, kinds): shares wander as AR(1) in logs, counts have this variance over mean."""
    noise = rng.normal(size=(series, days, 7)) * wander
    noise[:, 1:] *= np.sqrt(1 - related**2)
    for day in range(1, days):
        noise[:, day] += related * noise[:, day - 1]
    share = SHARE * np.exp(noise)
    if late is not None:
        share[:, days // 2 :, 5] *= late
    expected = mean * share / share.sum(axis=-1, keepdims=True)
    return rng.poisson(rng.gamma(expected / (ratio - 1), ratio - 1) if ratio > 1 else expected)


def blocks(series, days, length):
    whole = days // length
    early, late = series[days - whole * length : days], series[2 * days - whole * length :]
    return [part.reshape(whole, length, 7).sum(axis=1) for part in (early, late)]


def long(series):
    dates = pd.date_range("2023-01-01", periods=len(series))
    return (
        pd.DataFrame(series, index=dates.rename("date"), columns=KINDS)
        .reset_index()
        .melt("date", var_name="kind", value_name="count")
    )


YEARS = {"before": ("2023-01-01", "2023-12-30"), "after": ("2023-12-31", "2024-12-28")}


@pytest.mark.parametrize(
    ("before", "after", "bits"),
    [
        ([3, 0], [0, 5], 1.0),
        ([2, 4], [1, 2], 0.0),
        ([1, 1], [7, 0], 0.31127812445913283),  # H(.75, .25) - (H(.5, .5) + H(1, 0)) / 2 = .8112781 - .5
    ],
)
def test_divergence_by_hand(before, after, bits):
    found = permuted(np.array([before] * 2, float), np.array([after] * 2, float), draws=1)
    assert found["jsd"] == pytest.approx(bits, abs=1e-12)


def test_the_variance_of_a_share_is_that_of_a_ratio_by_hand():
    # blocks (3, 1) and (1, 3): shares .5; residuals 3 - 4/2 = 1 and -1; variance (1 + 1) * 2 / 1 / 8^2
    assert share_variance(np.array([[3.0, 1.0], [1.0, 3.0]])) == pytest.approx([1 / 16, 1 / 16])


def test_blocks_that_resemble_their_neighbours_are_told():
    rng = np.random.default_rng(0)
    apart = [likeness(*rng.poisson(50, (2, 13, 7)).astype(float)) for _ in range(50)]
    slow = np.repeat(rng.poisson(50, (2, 7, 7)), 4, axis=1).astype(float)
    assert np.mean(apart) < 0.08 and likeness(*slow) > 0.5


def test_a_kind_that_grows_does_not_make_callers_of_the_others():
    # only the last kind doubles: all shares fall, and none of the others has moved against the middle one
    early, late = np.array([[400.0, 300, 200, 100]]), np.array([[400.0, 300, 200, 200]])
    found = relative(early, late)[0]
    assert found[:3] == pytest.approx(0) and found[3] == pytest.approx(np.log(200.5 / 100.5))
    made = shift(long(counts(np.random.default_rng(5), 1, 728, late=3.0)[0]), **YEARS)
    assert made.facts["drivers"] == ["f"]
    assert (made.table.loc[made.table["kind"] != "f", "change"] < 0).sum() >= 4


def test_order_of_rows_and_names_do_not_matter_and_the_frame_is_kept():
    frame = long(counts(np.random.default_rng(3), 1, 728)[0])
    kept = frame.copy(deep=True)
    one, two = shift(frame, **YEARS), shift(frame.sample(frac=1, random_state=2), **YEARS)
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(frame, kept)
    assert one.table["contribution"].sum() == pytest.approx(1) and one.table["share_after"].sum() == pytest.approx(1)


def test_a_planted_shift_is_found_and_its_driver_named():
    found = [
        shift(long(counts(np.random.default_rng(seed), 1, 728, late=1.8)[0]), **YEARS, draws=999) for seed in range(10)
    ]
    assert all(each.facts["changed"] for each in found)
    assert sum("f" in each.facts["drivers"] for each in found) >= 9
    first = found[0].table.iloc[0]
    truth = 100 * (0.06 * 1.8 / (0.94 + 0.06 * 1.8) - 0.06)
    inside = [
        row["change_low"] < truth < row["change_high"]
        for each in found
        for _, row in each.table[each.table["kind"] == "f"].iterrows()
    ]
    assert first["kind"] == "f" and first["verdict"] == "more" and sum(inside) >= 8


@pytest.mark.parametrize("days, length, ratio, related", [(364, 28, 3.0, 0.0), (364, 28, 3.0, 0.4), (56, 7, 3.0, 0.4)])
def test_the_size_holds_for_over_dispersed_related_counts(days, length, ratio, related):
    """200 seeds without a shift: at most 17 called; a test that takes records for independent calls most of them."""
    series = counts(np.random.default_rng(7), 200, 2 * days, ratio=ratio, related=related)
    held = [blocks(each, days, length) for each in series]
    ours = sum(permuted(*each, draws=399)["p"] < 0.05 for each in held)
    usual = sum(chi2_contingency(np.vstack([part.sum(axis=0) for part in each]))[1] < 0.05 for each in held)
    assert ours <= 17 < 80 < usual


@pytest.mark.slow
def test_kinds_are_rarely_called_where_nothing_changed():
    held = [long(counts(np.random.default_rng(seed), 1, 728, related=0.4)[0]) for seed in range(200)]
    assert sum(bool(shift(each, **YEARS, draws=499).facts["drivers"]) for each in held) <= 17


def test_too_little_is_not_assessed_and_wrong_questions_are_refused():
    frame = long(counts(np.random.default_rng(3), 1, 728)[0])
    short = shift(frame, ("2023-01-01", "2023-01-20"), ("2023-02-01", "2023-02-20"))
    assert "fewer than 4 blocks of 7 days" in short.reason
    assert "fewer than 50 records" in shift(frame.assign(count=0), **YEARS).reason
    with pytest.raises(InputError, match="before the second"):
        shift(frame, YEARS["after"], YEARS["before"])
    with pytest.raises(InputError, match="no column kind"):
        shift(frame.drop(columns="kind"), **YEARS)


def test_ends_of_the_later_share_and_kinds_that_fall_but_are_not_called():
    frame = long(counts(np.random.default_rng(5), 1, 728, late=3.0)[0])
    made = shift(frame, **YEARS).table.set_index("kind")
    # the share of 13 blocks: its ends are 2.178813 (t, 12 degrees of freedom) linearised deviations away
    late = frame[frame["date"] >= "2023-12-31"].pivot_table(index="date", columns="kind", values="count")
    blocks = late.to_numpy().reshape(13, 28, 7).sum(axis=1)
    reach = 2.178813 * np.sqrt(share_variance(blocks)[5])
    assert (made.loc["f", "late_low"], made.loc["f", "late_high"]) == pytest.approx(
        (made.loc["f", "share_after"] - reach, made.loc["f", "share_after"] + reach)
    )
    left = made[(made["verdict"] == "as before") & (made["change_high"] < 0)]
    assert len(left)
