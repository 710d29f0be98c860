"""One table to choose from: response times by month, district and priority, with every measure side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.response.by import response
from perflib.metrics.response.groups import lacking
from perflib.metrics.response.scope import Scope, unstamped
from perflib.result import Result

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
    title = "Month by month: choose district, priority, period and measure"
    absent = [*lacking(dept, _KEYS), *unstamped(dept, Scope(**scope).interval)]
    found = response(dept, list(_KEYS), quantiles=(0.5, 0.9), name="response_board", **scope) if not absent else None
    if found is None or found.reason:
        reason = found.reason if found else f"the calls record no {absent[0]}"
        return Result.not_assessable("response_board", reason, title=title)
    table = _newest(found.table, months, most)[[*_KEYS, *_MEASURES]]
    first = str(table["priority"].iloc[0])
    few = int(table["median"].isna().sum())
    held = table["month"].nunique()
    answer = (f"{len(table):,} combinations of {held} months, {table['district'].nunique()} districts and "
              f"{table['priority'].nunique()} priorities; {few:,} of them have too few calls for a figure.")
    chart = Chart("line", "month", "median", "median_low", "median_high", by="district", x_label="Month",
                  y_label="Median (minutes)", marks={"choose": ["priority"]}, panels=table["district"].nunique() > 4,
                  alt=f"Median response time by month and district, priority {first}.")
    caveats = [f"The printed figure shows priority {first}; on the page every choice is a click away.",
               "Many small groups: a single high month is expected by chance. What lasts is tested further up.",
               *[words for words in found.caveats if words.startswith(("Left out by origin", "The source does not"))]]
    return replace(found, table=table, title=title, answer=answer, caveats=tuple(caveats), chart=chart,
                   facts={"rows": len(table), "months": held, "too_few": few},
                   labels={name: text for name, text in found.labels.items() if name in table.columns})


def _newest(table: pd.DataFrame, months: int, most: int) -> pd.DataFrame:
    """The newest months first, at most ``most`` rows (but always one month), by priority and district."""
    sizes = table.groupby("month").size().sort_index(ascending=False)[:months]
    kept = sizes.index[(sizes.cumsum() <= most) | (sizes.index == sizes.index[0])]
    kept_rows = table[table["month"].isin(kept)]
    return kept_rows.sort_values(["month", "priority", "district"], ascending=[False, True, True], ignore_index=True)
