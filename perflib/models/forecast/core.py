"""The forecast of many series: candidates, back-test, combination, count distributions, and the Result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.forecast import backtest
from perflib.models.forecast.candidates import chosen
from perflib.models.forecast.dispersion import Dispersion, Shape, fit_dispersion, shape_of
from perflib.models.forecast.distribution import CountForecast
from perflib.models.forecast.hierarchy import Level, levels_of, named_cells, reconcile
from perflib.models.forecast.panel import LEAST, Panel, panel
from perflib.models.forecast.report import report
from perflib.models.forecast.scores import mean_present
from perflib.models.forecast.track import widening
from perflib.models.threads import one_thread
from perflib.result import Result

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class ForecastResult(Result):
    """A Result that also carries its distributions and its back-test.

    Attributes
    ----------
    forecasts : series -> CountForecast, which has ``quantile(q)`` and ``cdf(y)``.
    backtest : one row per candidate: ``candidate, mase, scrps, pit_80, pit_95, weight, level``.
    """

    forecasts: dict[Any, CountForecast] | None = None
    backtest: pd.DataFrame | None = None


def forecast(
    frame: pd.DataFrame,
    horizon: int,
    season: object = None,
    levels: Sequence[float] = (0.8, 0.95),
    *,
    candidates: Sequence[str] | None = None,
    freq: str | None = None,
    absent: str = "unknown",
    by: Sequence[str] = (),
    origins: int | None = None,
    progress: bool | None = None,
    seed: int = 0,
) -> ForecastResult:
    """Forecast the counts of many series for the coming ``horizon`` days, weeks or months.

    Parameters
    ----------
    frame : long, ``series, date, count``: one row per series and date. An absent row is unknown, not zero, unless
        ``absent="zero"`` says that it means none (up to the last date of the frame). Negative counts are corrections
        and count as unknown.
    horizon : steps ahead.
    season : seasons to model: ``"week"``, ``"year"``, their lengths in steps, or several; None for all that the
        data can show.
    levels : central shares of the intervals.
    candidates : names of models to judge and weigh; None for the fast ones. ``ets``, ``ucm``, ``mstl`` and ``prophet``
        fit every series alone and are opted into.
    freq : ``"D"``, ``"W"`` or ``"M"``; detected by default.
    by : columns such as ``("district", "category")``; then ``series`` is not needed, every cell, every margin and the
        total are forecast, and the means add up. The table has a further column ``level``.
    origins : how many times to stand back; by default 6 for days, 12 for weeks, 36 for months; fewer in short series.
    progress : show a progress bar; by default where there are many series and a terminal.
    seed : of the randomised PIT.

    Returns
    -------
    ForecastResult : table ``series, date, mean, median, low_80, high_80, ...``; ``.forecasts`` and ``.backtest``.

    Raises
    ------
    InputError : the frame, the horizon, a level, a candidate or a season is not usable, or the series are too short.

    The mean is a weighted mean of the candidates' means, weighted by their mean scaled error in a rolling-origin
    back-test (Bates & Granger 1969; Tashman 2000). Counts follow mixtures of negative binomials whose dispersion and
    tails are found from the errors of that back-test, so intervals are as wide as past errors were; where the latest
    intervals, as they would have been given then, did not hold, they are widened until they would have
    (``forecast.track``).
    """
    by = (by,) if isinstance(by, str) else tuple(by)
    frame = named_cells(frame, by) if by else frame
    held = panel(frame, season, freq, absent)
    _check(held, horizon, levels)
    held = _ended(held if by else _begun(held))
    nodes = levels_of(held, frame, by) if by else [Level("series", held, np.eye(len(held.names)))]
    with one_thread():
        made = [predict(node.panel, horizon, candidates, origins, progress) for node in nodes]
        made = _coherent(nodes, made) if by else made
        tables = [
            backtest.table(node.panel, each.test.latest, horizon, seed, each.shape).assign(level=node.name)
            for node, each in zip(nodes, made, strict=True)
        ]
    return report(
        ForecastResult,
        held,
        _distributions(nodes, made),
        pd.concat(tables, ignore_index=True),
        horizon,
        tuple(levels),
        made[0].test.latest.origins,
        max(each.wider for each in made),
    )


def _coherent(nodes: list[Level], made: list[Prediction]) -> list[Prediction]:
    variance = np.concatenate([each.test.error_variance for each in made])
    means = reconcile(np.vstack([each.mean for each in made]), np.vstack([node.members for node in nodes]), variance)
    ends = np.cumsum([len(node.panel.names) for node in nodes])[:-1]
    return [replace(each, mean=mean) for each, mean in zip(made, np.split(means, ends), strict=True)]


def _distributions(nodes: list[Level], made: list[Prediction]) -> dict[str, dict[Any, CountForecast]]:
    return {node.name: each.forecasts(node.panel) for node, each in zip(nodes, made, strict=True)}


def forecasts(frame: pd.DataFrame, horizon: int, **options: Any) -> dict[Any, CountForecast]:
    """The distributions alone, series -> CountForecast; arguments as in :func:`forecast`."""
    made = forecast(frame, horizon, **options).forecasts
    return dict(made or {})


@dataclass(frozen=True, eq=False)
class Prediction:
    """Means (N, H), their dispersion with its growth and tails, and the back-test they were found from.

    ``wider``: by how much the track record of the latest forecasts multiplied the dispersion.
    """

    mean: Array
    dispersion: Dispersion
    shape: Shape
    test: backtest.Backtest
    wider: float = 1.0

    def forecasts(self, held: Panel) -> dict[Any, CountForecast]:
        """One CountForecast per series."""
        dates = held.with_future(self.mean.shape[1])[len(held.dates) :]
        return {
            name: CountForecast(name, dates, mean, values, self.dispersion.weights)
            for name, mean, values in zip(held.names, self.mean, self.dispersion.values, strict=True)
        }


def predict(
    held: Panel,
    horizon: int,
    candidates: Sequence[str] | None = None,
    origins: int | None = None,
    progress: bool | None = None,
) -> Prediction:
    """Back-test, weigh, combine and find the dispersion; see :func:`forecast`."""
    models = chosen(candidates, held.freq)
    back = backtest.origins_of(len(held.dates), horizon, held.freq, origins)
    test = backtest.run(held, horizon, models, back, progress)
    ahead = {name: backtest.foretold(model, held, horizon) for name, model in models.items()}
    mean = backtest.combine(ahead, test.weights)
    mean = np.where(np.isfinite(mean), mean, np.nan_to_num(mean_present(held.counts))[:, None])
    trust = backtest.TRUST[held.freq]
    shape = shape_of(test.actual, test.combined, horizon, trust)
    found = fit_dispersion(test.actual, test.combined, horizon, trust, shape)
    wider = widening(test.origins, test.actual, test.combined, horizon, trust, shape)
    return Prediction(mean, replace(found, values=found.values * wider), shape, test, wider)


def _begun(held: Panel) -> Panel:
    """The panel without series that have hardly begun, and a note that names them."""
    gone = [str(name) for name, enough in zip(held.names, held.enough, strict=True) if not enough]
    if not gone:
        return held
    if len(gone) == len(held.names):
        raise InputError(f"no series has {LEAST[held.freq]} known counts", where="frame", do="give longer series")
    some = ", ".join(gone[:5]) + (f" and {len(gone) - 5} more" if len(gone) > 5 else "")
    kept = held.only(held.enough)
    note = f"not assessable, with fewer than {LEAST[held.freq]} known counts: {some}"
    return replace(kept, notes=(*held.notes, note))


def _ended(held: Panel) -> Panel:
    """The panel with a note on series of which nothing is known any more for a whole season."""
    last = held.counts.shape[1] - 1 - np.argmax(np.isfinite(held.counts[:, ::-1]), axis=1)
    gone = [
        f"{name} since {held.dates[at]:%Y-%m-%d}"
        for name, at in zip(held.names, last, strict=True)
        if at < len(held.dates) - 1 - held.lag
    ]
    if not gone:
        return held
    some = ", ".join(gone[:5]) + (f" and {len(gone) - 5} more" if len(gone) > 5 else "")
    return replace(held, notes=(*held.notes, f"no count is known of {some}: forecast as if they went on"))


def _check(held: Panel, horizon: int, levels: Sequence[float]) -> None:
    if not isinstance(horizon, (int, np.integer)) or isinstance(horizon, bool) or horizon < 1:
        raise InputError(f"{horizon!r} is no number of steps", where="horizon", do="give a whole number from 1")
    if not levels or not all(0 < level < 1 for level in levels):
        raise InputError(f"{levels!r} are no shares between 0 and 1", where="levels")
    need = 14 if held.freq == "D" else 8
    if len(held.dates) < need:
        raise InputError(
            f"{len(held.dates)} dates are too few to forecast from and to test it",
            where="frame",
            do=f"give at least {need}",
        )
