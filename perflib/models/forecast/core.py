"""The forecast of many series: candidates, back-test, combination and count distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.forecast import backtest
from perflib.models.forecast.candidates import candidates_of
from perflib.models.forecast.dispersion import Dispersion, fit_dispersion, shape_of
from perflib.models.forecast.distribution import CountForecast
from perflib.models.forecast.hierarchy import Level, levels, reconcile
from perflib.models.forecast.panel import LEAST, Panel, panel
from perflib.models.forecast.scores import mean_present
from perflib.models.forecast.track import widening
from perflib.models.threads import one_thread

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Forecast:
    """The distributions of all series, and what a reader must know of them.

    Attributes
    ----------
    forecasts : series -> CountForecast, which has ``quantile(q)`` and ``cdf(y)``.
    weights : candidate -> weight in the combination.
    widened : by how much the track record of the latest forecasts multiplied the dispersion.
    too_short : series without forecast, because too few of their counts are known.
    ended : series -> its last known date, where nothing is known of it any more for a whole season.
    panel : the counts that were read.
    levels : series -> the margin it belongs to, where forecasts were made to add up.
    """

    forecasts: dict[Any, CountForecast]
    weights: dict[str, float]
    widened: float
    too_short: tuple[Any, ...]
    ended: dict[Any, pd.Timestamp]
    panel: Panel
    levels: Mapping[Any, str] = field(default_factory=dict)

    @cached_property
    def table(self) -> pd.DataFrame:
        """``series, date, mean, median, low_80, high_80, low_95, high_95``: one row per series and coming date.

        With ``level`` where forecasts were made to add up.
        """
        columns = {"median": 0.5, "low_80": 0.1, "high_80": 0.9, "low_95": 0.025, "high_95": 0.975}
        parts = []
        for name, each in self.forecasts.items():
            ends = dict(zip(columns, each.quantile(list(columns.values())), strict=True))
            parts.append(pd.DataFrame({"series": name, "date": each.dates, "mean": each.mean, **ends}))
        made = pd.concat(parts, ignore_index=True)
        return made.assign(level=made["series"].map(self.levels)) if self.levels else made


def forecast(
    frame: pd.DataFrame,
    horizon: int,
    *,
    by: str | Sequence[str] = (),
    candidates: Sequence[str] | None = None,
    freq: str | None = None,
) -> Forecast:
    """Forecast the counts of many series for the coming ``horizon`` days, weeks or months.

    Parameters
    ----------
    frame : long, ``series, date, count``: one row per series and date. An absent row is unknown, not zero. Negative
        counts are corrections and count as unknown.
    horizon : steps ahead.
    by : columns such as ``("district", "category")`` in place of ``series``: every cell ("3 / theft"), every margin
        ("district 3") and the ``total`` are forecast and made to add up.
    candidates : names of models to judge and weigh; None for the fast ones. ``prophet`` fits every series alone and
        must be asked for.
    freq : ``"D"``, ``"W"`` or ``"M"``; detected by default.

    Raises
    ------
    InputError : the frame, the horizon or a candidate is not usable, or the series are too short.

    Notes
    -----
    The mean is a weighted mean of the candidates' means, weighted by their mean scaled error in a rolling-origin
    back-test (Bates & Granger 1969; Tashman 2000). Counts follow mixtures of negative binomials whose dispersion and
    tails are found from the errors of that back-test, so intervals are as wide as past errors were; where the latest
    intervals, as they would have been given then, did not hold, they are widened until they would have
    (``forecast.track``).
    """
    if not isinstance(horizon, (int, np.integer)) or isinstance(horizon, bool) or horizon < 1:
        raise InputError(f"{horizon!r} is no number of steps", where="horizon", do="give a whole number from 1")
    by = (by,) if isinstance(by, str) else tuple(by)
    nodes = levels(frame, by, freq) if by else [Level("", panel(frame, freq), np.empty(0))]
    counts = nodes[0].panel
    need = 14 if counts.freq == "D" else 8
    if len(counts.dates) < need:
        few = f"{len(counts.dates)} dates are too few to forecast from and to test it"
        raise InputError(few, where="frame", do=f"give at least {need}")
    if not counts.enough.any():
        raise InputError(f"no series has {LEAST[counts.freq]} known counts", where="frame", do="give longer series")
    too_short = tuple(np.array(counts.names, dtype=object)[~counts.enough])
    if not by:  # sums need all of their cells
        nodes = [replace(nodes[0], panel=counts.only(counts.enough))]
    with one_thread():
        made = [predict(node.panel, horizon, candidates) for node in nodes]
    made = _adding_up(nodes, made) if by else made
    forecasts: dict[Any, CountForecast] = {}
    for node, each in zip(nodes, made, strict=True):
        forecasts |= each.forecasts(node.panel)
    widened, weights = max(each.widened for each in made), made[0].test.weights
    margins = {name: node.name for node in nodes for name in node.panel.names} if by else {}
    return Forecast(forecasts, weights, widened, too_short, _ended(nodes[0].panel), nodes[0].panel, margins)


def _adding_up(nodes: Sequence[Level], made: Sequence[Prediction]) -> list[Prediction]:
    variance = np.concatenate([each.test.error_variance for each in made])
    means = reconcile(np.vstack([each.mean for each in made]), np.vstack([node.members for node in nodes]), variance)
    ends = np.cumsum([len(node.panel.names) for node in nodes])[:-1]
    return [replace(each, mean=mean) for each, mean in zip(made, np.split(means, ends), strict=True)]


def _ended(counts: Panel) -> dict[Any, pd.Timestamp]:
    last = counts.counts.shape[1] - 1 - np.argmax(np.isfinite(counts.counts[:, ::-1]), axis=1)
    ends = zip(counts.names, last, strict=True)
    return {name: counts.dates[at] for name, at in ends if at < len(counts.dates) - 1 - counts.lag}


@dataclass(frozen=True, eq=False)
class Prediction:
    """Means (N, H), their dispersion, the back-test it was found from, and by how much it was ``widened``."""

    mean: Array
    dispersion: Dispersion
    test: backtest.Backtest
    widened: float

    def forecasts(self, counts: Panel) -> dict[Any, CountForecast]:
        """One distribution per series of the panel."""
        dates = counts.with_future(self.mean.shape[1])[len(counts.dates) :]
        return {
            name: CountForecast(name, dates, mean, values, self.dispersion.weights)
            for name, mean, values in zip(counts.names, self.mean, self.dispersion.values, strict=True)
        }


def predict(counts: Panel, horizon: int, candidates: Sequence[str] | None = None) -> Prediction:
    """Back-test, weigh, combine and find the dispersion; see :func:`forecast`."""
    models = candidates_of(candidates, counts.freq)
    origins = backtest.origins_of(len(counts.dates), horizon, counts.freq)
    test = backtest.run(counts, horizon, models, origins)
    ahead = {name: backtest.expected(model, counts, horizon) for name, model in models.items()}
    mean = backtest.combine(ahead, test.weights)
    mean = np.where(np.isfinite(mean), mean, np.nan_to_num(mean_present(counts.counts))[:, None])
    trust = backtest.TRUST[counts.freq]
    shape = shape_of(test.actual, test.combined, horizon, trust)
    dispersion = fit_dispersion(test.actual, test.combined, horizon, trust, shape)
    widened = widening(test.origins, test.actual, test.combined, horizon, trust, shape)
    return Prediction(mean, replace(dispersion, values=dispersion.values * widened), test, widened)
