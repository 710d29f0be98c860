"""The veil of darkness: is a group a smaller share of stops when drivers are harder to see?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.errors import InputError
from perflib.models.disparity.rows import Estimates, known_group
from perflib.models.disparity.sun import elevation

#: the window that holds every season
WHOLE = "all seasons"
#: stops needed in light, and in the dark
LEAST = 100
SUNSET, CIVIL = -0.833, -6.0


def veil_of_darkness(
    frame: pd.DataFrame,
    time: str,
    group: str,
    *,
    focus: str,
    lat: float,
    lon: float,
    place: str | None = None,
    df: int = 6,
    window: int = 30,
    level: float = 0.95,
) -> Estimates:
    """Odds that a stop is of the group ``focus`` in darkness against daylight, at the same clock time.

    Parameters
    ----------
    frame : one row per stop; ``time`` is a column of local times with their zone, ``group`` of groups.
    lat, lon : where the stops are, degrees; one point serves a city.
    place : a column held fixed (district, say).
    df : of the spline; its knots are the quantiles 1/df, ..., (df - 1)/df of clock time.
    window : days on either side of a clock change used by the check, where season hardly differs.

    Only stops at evening clock times that are dark on some days and light on others of the period are used. The
    table has one row for all seasons and one for the clock-change window: ``stops``, ``dark`` (of all groups),
    ``own``, ``own_dark`` (of the group), ``odds_ratio`` (the group against all others), ``low``, ``high``. Facts:
    ``odds_ratio``, ``low``, ``high``, ``first_minute`` and ``last_minute`` of the inter-twilight period, ``knots``
    (minutes). Not assessable with fewer than 100 stops in light or in dark.
    Raises InputError for unknown columns, times without a zone, or an unknown ``focus``.
    """
    stops = _stops(frame, time, group, focus, place)
    first, last = _between(stops["time"], lat, lon)
    height = elevation(stops["time"], lat, lon)
    clock = stops["time"].dt.hour * 60 + stops["time"].dt.minute
    used = clock.between(first, last) & ((height > SUNSET) | (height < CIVIL))
    rows = stops.assign(clock=clock, dark=(height < CIVIL).astype(float))[used]
    if not _enough(rows):
        return Estimates(reason=f"fewer than {LEAST} stops in light or in dark at the same clock times")
    fits = {WHOLE: _ratio(rows, df, level)}
    near = rows[_near_change(rows["time"], window)]
    if _enough(near):
        fits[f"within {window} days of a clock change"] = _ratio(near, df, level)
    table = pd.DataFrame([{"period": key, **fit} for key, fit in fits.items()]).drop(columns="knots")
    whole = fits[WHOLE]
    facts = {
        **{key: whole[key] for key in ("stops", "odds_ratio", "low", "high", "knots")},
        "first_minute": first,
        "last_minute": last,
    }
    return Estimates(table, facts)


def _enough(rows: pd.DataFrame) -> bool:
    return bool(min(rows["dark"].sum(), (1 - rows["dark"]).sum()) >= LEAST)


def _stops(frame: pd.DataFrame, time: str, group: str, focus: str, place: str | None) -> pd.DataFrame:
    for column in filter(None, (time, group, place)):
        if column not in frame.columns:
            raise InputError(f"no column {column!r}", where="frame", choices=frame.columns, found=column)
    if getattr(frame[time].dt, "tz", None) is None:
        raise InputError("times carry no zone", where=time, do="convert them to the department's local time")
    known_group(focus, set(frame[group].dropna()), "focus")
    where = frame[place].astype(str) if place else "all"
    stops = pd.DataFrame({"time": frame[time], "hit": (frame[group] == focus).astype(float), "place": where})
    return stops[frame[[time, group]].notna().all(axis=1)].reset_index(drop=True)


def _between(time: pd.Series, lat: float, lon: float) -> tuple[int, int]:
    """First and last minute of the evening that is light on some days of the period and dark on others."""
    zone = time.dt.tz
    every = max(1, (time.max() - time.min()).days // 366)
    days = pd.date_range(time.min().date(), time.max().date(), tz="UTC")[::every]
    noon = days.tz_localize(None) + pd.Timedelta(hours=12)
    minutes = pd.timedelta_range("0min", "719min", freq="1min")
    grid = pd.DatetimeIndex((noon.to_numpy()[:, None] + minutes.to_numpy()).ravel()).tz_localize(
        zone, ambiguous="NaT", nonexistent="NaT"
    )
    height = elevation(grid, lat, lon).reshape(len(noon), -1)
    both = (height < CIVIL).any(axis=0) & (height > SUNSET).any(axis=0)
    if not both.any():
        return 0, -1
    at = 720 + np.flatnonzero(both)
    return int(at[0]), int(at[-1])


def _near_change(time: pd.Series, window: int) -> NDArray[np.bool_]:
    """Whether the clock was or will be changed within ``window`` days."""
    offset = [time + pd.Timedelta(days=shift) for shift in (-window, window)]
    local = [(each.dt.tz_localize(None) - each.dt.tz_convert("UTC").dt.tz_localize(None)) for each in offset]
    return (local[0] != local[1]).to_numpy()


def natural_spline(x: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural cubic spline basis without constant: one column fewer than ``knots``, which include the two ends."""

    def cubed(k: float) -> NDArray[np.float64]:
        return np.maximum(x - k, 0.0) ** 3

    end = cubed(knots[-1])
    bends = [(cubed(k) - end) / (knots[-1] - k) for k in knots[:-1]]
    columns = [x, *(bend - bends[-1] for bend in bends[:-1])]
    return np.column_stack(columns)


def _ratio(rows: pd.DataFrame, df: int, level: float) -> dict[str, Any]:
    import statsmodels.api as sm
    from scipy.stats import norm

    clock = rows["clock"].to_numpy(dtype=float)
    knots = np.unique(np.quantile(clock, np.linspace(0, 1, df + 1)))
    curve = natural_spline((clock - clock.min()) / np.ptp(clock), (knots - clock.min()) / np.ptp(clock))
    place = pd.get_dummies(rows["place"], drop_first=True, dtype=float).to_numpy()
    design = np.column_stack([np.ones(len(rows)), rows["dark"], curve, place])
    fit = sm.GLM(rows["hit"].to_numpy(), design, family=sm.families.Binomial()).fit()
    z = norm.ppf((1 + level) / 2) * fit.bse[1]
    return {
        "stops": len(rows),
        "dark": int(rows["dark"].sum()),
        "own": int(rows["hit"].sum()),
        "own_dark": int((rows["hit"] * rows["dark"]).sum()),
        "odds_ratio": float(np.exp(fit.params[1])),
        "low": float(np.exp(fit.params[1] - z)),
        "high": float(np.exp(fit.params[1] + z)),
        "knots": knots.tolist(),
    }
