"""One table to choose from: response times by month, district and priority, with every measure side by side."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.response.by import response
from perflib.metrics.response.scope import origins, scope_of, unanswerable
from perflib.result import Result
from perflib.words import response_changes as words

_KEYS = ("month", "district", "priority")
_MEASURES = ("n", "missing_share", "median", "median_low", "median_high", "p90", "p90_low", "p90_high")


def board(dept: Department, *, months: int = 36, most: int = 3000, **scope: Any) -> Result:
    """Median and 90th percentile, number of calls and missing share by month, district and priority.

    Parameters
    ----------
    months : the newest so many months. most : of a large department fewer months are kept, so that the table does not
        exceed so many rows. scope : fields of ``Scope`` (interval, origin, service, district, priority, period).

    Returns
    -------
    Result ``response_board``: the columns of ``response`` that a reader chooses from, quantiles missing where fewer
    than 10 values are known. The figure shows one priority, the first; the page lets readers choose district, period,
    priority and measure. Facts: ``rows``, ``months``, ``too_few`` (rows without quantiles). Not assessable where the
    calls record no district or no priority.

    Raises InputError as ``response`` does.
    """
    scoped = scope_of(dept, **scope)
    reason = unanswerable(dept, scoped.interval, _KEYS)
    whole = response(dept, list(_KEYS), quantiles=(0.5, 0.9), name="response_board", **scope) if not reason else None
    if whole is None or whole.reason:
        return Result.not_assessable("response_board", whole.reason if whole else reason, title=words.BOARD)
    table = _newest(whole.table, months, most)[[*_KEYS, *_MEASURES]]
    chart = Chart(
        "line",
        "month",
        "median",
        "median_low",
        "median_high",
        by="district",
        x_label="Month",
        y_label="Median (minutes)",
        marks={"choose": ["priority"]},
        panels=table["district"].nunique() > 4,
    )
    facts = {"rows": len(table), "months": table["month"].nunique(), "too_few": int(table["median"].isna().sum())}
    say = partial(
        words.board, first=str(table["priority"].iloc[0]), asked=scoped.codes(), origins=origins(dept, scoped)
    )
    return Result("response_board", table, facts=facts, chart=chart, words=say)


def _newest(table: pd.DataFrame, months: int, most: int) -> pd.DataFrame:
    """The newest months first, at most ``most`` rows (but always one month), by priority and district."""
    sizes = table.groupby("month").size().sort_index(ascending=False)[:months]
    kept = sizes.index[(sizes.cumsum() <= most) | (sizes.index == sizes.index[0])]
    kept_rows = table[table["month"].isin(kept)]
    return kept_rows.sort_values(["month", "priority", "district"], ascending=[False, True, True], ignore_index=True)
