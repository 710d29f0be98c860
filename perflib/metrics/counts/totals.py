"""Adding up figures that can be added: counts can, percentiles and averages of periods cannot."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from perflib.errors import InputError
from perflib.privacy.quoting import quoted_all

_AVERAGE = re.compile(
    r"(?:^|_)(?:mean|avg|average|median|mdn|quantile|percentile|pct|percent|rate|share|ratio|p\d{1,2}|\d{1,2}th)(?:_|$)",
    re.IGNORECASE,
)


def refuse_averages(column: str) -> None:
    """Raise InputError when a column's name says that it holds a percentile, an average or a rate of a period."""
    if _AVERAGE.search(column):
        raise InputError(
            f"{column!r} is a percentile, an average or a rate of each period: those of periods cannot be added or "
            "averaged into that of a longer one",
            where="column",
            do="compute it from the records of the whole period",
        )


def total(frame: pd.DataFrame, column: str, by: Sequence[str] = ()) -> pd.DataFrame:
    """Sum of a column of counts by group; a frame with ``by`` and ``column``.

    Raises
    ------
    InputError : an absent column; a column of percentiles, averages or rates (by its name), or of values that are not
        whole numbers: the percentile of a year is not the mean of its months' percentiles.
    """
    lacking = [name for name in (column, *by) if name not in frame.columns]
    if lacking:
        raise InputError(f"no column {lacking[0]!r}", choices=quoted_all(frame.columns), found=lacking[0])
    refuse_averages(column)
    values = pd.to_numeric(frame[column], errors="coerce")
    if values.isna().any() or (values % 1 != 0).any():
        raise InputError(
            f"{column!r} holds missing values or fractions: it is no count",
            where="column",
            do="count the records, or name the missing periods first",
        )
    if not by:
        return pd.DataFrame({column: [int(values.sum())]})
    whole = frame.assign(**{column: values.astype("int64")})
    return whole.groupby(list(by))[column].sum().reset_index()
