"""Has a mix changed? A composition is tested whole, by its distance from the earlier one, before its parts are read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.counts import adjusted, e_test_p
from perflib.period import Period, explicit
from perflib.result import Result
from perflib.verdicts import Verdict

Array = np.ndarray[Any, np.dtype[Any]]
Span = Period | tuple[Any, Any]
#: lengths of a block (days) in order of preference, blocks wanted on a side for it, and the fewest there may be.
BLOCKS, WANTED, FEWEST = (28, 14, 7), 6, 4


def _terms(p: Array, q: Array) -> Array:
    """What each kind adds to the divergence, (draws, kinds)."""
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(each > 0, each * np.log2(each / middle), 0.0) for each in (p, q)]
    return np.asarray((parts[0] + parts[1]) / 2)


def shift(
    frame: pd.DataFrame,
    before: Span,
    after: Span,
    *,
    draws: int = 4999,
    seed: int = 0,
    q: float = 0.10,
    name: str = "composition",
) -> Result:
    """Whether the mix of kinds changed from one period to another, and which kinds drive it.

    Parameters
    ----------
    frame : ``date, kind, count``: one row per day (or week) and kind; absent rows are zero.
    before, after : first and last date of each period, both included. The same seasons of two years keep a season
        from passing for a change.
    draws : permutations. q : share of false flags accepted among the kinds.

    Returns
    -------
    Result ``composition``: ``kind, before, after, share_before, share_after`` (95 % ends: ``late_low`` and
    ``late_high``), ``change`` (points of 100) with ``change_low`` and ``change_high`` (95 %, from the variation between
    blocks), ``relative`` (growth of its number over that of the middle kind: shares must sum to one, so one that grows
    makes all others fall), ``contribution`` (share of the divergence), ``p`` and ``adjusted`` (of ``relative``),
    ``verdict``. Facts ``jsd``, ``null_median``, ``null_95``, ``p``, ``inflation``, ``changed``, ``blocks``,
    ``block_days``, ``drivers``. Kinds are called drivers only where the whole mix changed. Not assessable below
    ``FEWEST`` blocks on a side.

    Raises
    ------
    InputError : columns are missing, counts are negative, or the periods overlap.

    Source: Jensen-Shannon divergence of the two mixes (Lin 1991, IEEE Trans. Inf. Theory 37) against permutations of
    whole blocks of days; parts adjusted for their number (Benjamini and Hochberg 1995).
    """
    rows, spans = _checked(frame, before, after)
    length = _block(spans)
    if not length:
        return Result.not_assessable(name, f"fewer than {FEWEST} blocks of {BLOCKS[-1]} days on a side")
    kinds = sorted(rows["kind"].unique(), key=str)
    sides = (_blocks(rows, kinds, spans[0], length), _blocks(rows, kinds, spans[1], length))
    if min(side.sum() for side in sides) < 50:
        return Result.not_assessable(name, "fewer than 50 records on a side")
    test = permuted(sides[0], sides[1], draws, seed)
    table = _table(kinds, sides, test, q)
    facts = {key: test[key] for key in ("jsd", "null_median", "null_95", "p", "inflation")} | {
        "changed": bool(test["p"] < 0.05),
        "blocks": [len(side) for side in sides],
        "block_days": length,
        "drivers": table.loc[table["verdict"] != Verdict.AS_BEFORE, "kind"].tolist(),
    }
    return Result(name, table, facts=facts)


def permuted(before: Array, after: Array, draws: int = 4999, seed: int = 0) -> dict[str, Any]:
    """The divergence of two sets of blocks (blocks, kinds), in order of time, and its place among exchanges of blocks.

    Returns ``jsd, null_median, null_95, p, inflation``, and per kind ``relative`` (log of how it grew against the
    middle kind), ``kind_p`` (of that) and ``terms``.
    What chance gives is inflated by ``(1 + r) / (1 - r)`` where neighbouring blocks are still alike (``likeness`` r):
    divergence grows as the square of the difference of two means, whose variance so grows. No p is below that of
    records independent of each other: blocks that happen to be more alike than chance allows prove nothing.
    """
    blocks = np.vstack([before, after])
    order = np.argsort(np.random.default_rng(seed).random((draws, len(blocks))), axis=1)
    drawn = np.zeros((draws, len(blocks)))
    np.put_along_axis(drawn, order[:, : len(after)], 1.0, axis=1)
    drawn = np.vstack([np.r_[np.zeros(len(before)), np.ones(len(after))], drawn])
    late, early = drawn @ blocks, (1 - drawn) @ blocks
    p, q = (each / np.maximum(each.sum(axis=1, keepdims=True), 1e-9) for each in (early, late))
    terms = _terms(p, q)
    alike = likeness(before, after)
    more = (1 + alike) / (1 - alike)
    jsd, grown = terms.sum(axis=1), relative(early, late)
    moved = np.abs(grown)
    jsd[1:], moved[1:] = jsd[1:] * more, moved[1:] * np.sqrt(more)
    least, least_each = _independent(early[0], late[0], grown[0])
    return {
        "jsd": float(jsd[0]),
        "null_median": float(np.median(jsd[1:])),
        "null_95": float(np.quantile(jsd[1:], 0.95)),
        "p": max(float((jsd >= jsd[0] - 1e-12).mean()), least),
        "kind_p": np.maximum((moved >= moved[0] - 1e-12).mean(axis=0), least_each),
        "terms": terms[0],
        "inflation": more,
        "relative": grown[0],
    }


def _independent(early: Array, late: Array, grown: Array) -> tuple[float, Array]:
    """p of the G-test of two mixes of independent records, and of the E-test of each kind against the middle kind."""
    from scipy.stats import chi2

    n = np.array([early.sum(), late.sum()])
    both = (early + late) / n.sum()
    used = both > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [
            np.where(side > 0, side * np.log(side / (size * both)), 0.0)[used].sum()
            for side, size in zip((early, late), n, strict=True)
        ]
    whole = float(chi2.sf(2 * sum(parts), max(int(used.sum()) - 1, 1)))
    middle = (late + 0.5) / (early + 0.5) / np.exp(grown)
    return whole, e_test_p(late, early, (middle, 1))


def relative(early: Array, late: Array) -> Array:
    """Log growth of each kind's count less that of the middle kind, (draws, kinds), the middle weighted by counts.

    Shares must sum to one, so that one kind that grows makes every other share fall; against the middle kind the
    others have not moved.
    """
    grown = np.log((late + 0.5) / (early + 0.5))
    order = np.argsort(grown, axis=1)
    weight = np.take_along_axis(early + late, order, axis=1).cumsum(axis=1)
    middle = np.argmax(weight >= weight[:, -1:] / 2, axis=1)
    return np.asarray(grown - np.take_along_axis(np.take_along_axis(grown, order, axis=1), middle[:, None], axis=1))


def likeness(before: Array, after: Array) -> float:
    """Correlation of a block's mix with the next one's within a side, between 0 and .8, freed of its bias in short
    series (Marriott & Pope 1954, Biometrika 41); all kinds together, each by its own scatter."""
    product, square, size = 0.0, 0.0, 0
    for side in (before, after):
        wanted = side.sum(axis=1, keepdims=True) * side.sum(axis=0) / max(side.sum(), 1e-9)
        rest = _level((side - wanted) / np.sqrt(np.maximum(wanted, 1e-9)))
        product += float((rest[1:] * rest[:-1]).sum())
        square += float((rest**2).sum())
        size += len(side)
    raw = product / square if square > 0 else 0.0
    return float(np.clip(raw + (2 + 4 * raw) * 2 / size, 0.0, 0.8))


def _level(rest: Array) -> Array:
    """Deviations without a straight line over time: a shift within a side is what is looked for, not likeness."""
    time = np.arange(len(rest)) - (len(rest) - 1) / 2
    return np.asarray(rest - np.outer(time, time @ rest) / (time @ time))


def _checked(frame: pd.DataFrame, before: Span, after: Span) -> tuple[pd.DataFrame, tuple[Period, Period]]:
    missing = {"date", "kind", "count"} - set(frame.columns)
    if missing:
        raise InputError(f"no column {', '.join(sorted(missing))}", where="frame", choices=frame.columns)
    rows = pd.DataFrame(
        {
            "date": pd.to_datetime(frame["date"]),
            "kind": frame["kind"].astype(str),
            "count": pd.to_numeric(frame["count"]).astype(float),
        }
    )
    if (rows["count"] < 0).any() or rows.isna().any().any():
        raise InputError("counts must be known and not negative", where="frame")
    spans = explicit(before), explicit(after)
    if spans[0].last >= spans[1].first:
        raise InputError("the first period must end before the second", where="before and after")
    return rows, spans


def _block(spans: tuple[Period, Period]) -> int:
    days = min(span.days for span in spans)
    wanted = next((length for length in BLOCKS if days // length >= WANTED), 0)
    return wanted or (BLOCKS[-1] if days // BLOCKS[-1] >= FEWEST else 0)


def _blocks(rows: pd.DataFrame, kinds: list[str], span: Period, length: int) -> Array:
    """Counts (blocks, kinds) of the last whole blocks of a period."""
    many, last = span.days // length, pd.Timestamp(span.last)
    start = last - pd.Timedelta(days=many * length - 1)
    part = rows[(rows["date"] >= start) & (rows["date"] <= last)]
    counts = np.zeros((many, len(kinds)))
    block = (part["date"] - start).dt.days // length
    np.add.at(counts, (block, pd.Index(kinds).get_indexer(pd.Index(part["kind"]))), part["count"])
    return counts


def share_variance(blocks: Array) -> Array:
    """Variance of each kind's share, a ratio of block totals (linearised), (kinds,)."""
    total = blocks.sum()
    rest = blocks - blocks.sum(axis=1, keepdims=True) * blocks.sum(axis=0) / total
    return np.asarray((rest**2).sum(axis=0) * len(blocks) / (len(blocks) - 1) / total**2)


def _table(kinds: list[str], sides: tuple[Array, Array], test: dict[str, Any], q: float) -> pd.DataFrame:
    from scipy.stats import t

    totals = [side.sum(axis=0) for side in sides]
    shares = [total / total.sum() for total in totals]
    change = shares[1] - shares[0]
    reach = t.ppf(0.975, min(len(side) for side in sides) - 1) * np.sqrt(sum(share_variance(side) for side in sides))
    late = t.ppf(0.975, len(sides[1]) - 1) * np.sqrt(share_variance(sides[1]))
    table = pd.DataFrame(
        {
            "kind": kinds,
            "before": totals[0],
            "after": totals[1],
            "share_before": shares[0],
            "share_after": shares[1],
            "late_low": np.maximum(shares[1] - late, 0.0),
            "late_high": np.minimum(shares[1] + late, 1.0),
            "change": 100 * change,
            "change_low": 100 * (change - reach),
            "change_high": 100 * (change + reach),
            "relative": np.exp(test["relative"]),
            "contribution": test["terms"] / max(test["jsd"], 1e-12),
            "p": test["kind_p"],
            "adjusted": adjusted(test["kind_p"]),
        }
    )
    called = (table["adjusted"] < q) & bool(test["p"] < 0.05)
    table["verdict"] = np.where(~called, Verdict.AS_BEFORE, np.where(table["relative"] > 1, "more", "less"))
    return table.sort_values("contribution", ascending=False, ignore_index=True)
