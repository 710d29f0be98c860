"""Where the sun is: the solar calculation of the veil of darkness."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from perflib.errors import InputError


def elevation(time: pd.Series | pd.DatetimeIndex, lat: ArrayLike, lon: ArrayLike) -> NDArray[np.float64]:
    """Geometric elevation of the sun's centre in degrees, without refraction.

    ``time`` must carry a zone; ``lat`` and ``lon`` are degrees, north and east positive. Good to about 0.02 degrees
    from 1950 to 2050: civil twilight ends at -6, sunset is -0.833. Raises InputError for times without a zone or
    coordinates out of range. Source: the equations of the NOAA solar calculator (Meeus 1998, chapters 25 and 28).
    """
    stamps = pd.DatetimeIndex(time)
    if stamps.tz is None:
        raise InputError("times carry no zone", where="time", do="localise them: darkness needs the instant")
    lat, lon = np.asarray(lat, dtype=float), np.asarray(lon, dtype=float)
    if (np.abs(lat) > 90).any() or (np.abs(lon) > 180).any():
        raise InputError("latitude beyond 90 or longitude beyond 180 degrees", where="lat, lon")
    days = ((stamps - pd.Timestamp("2000-01-01 12:00", tz="UTC")) / pd.Timedelta(days=1)).to_numpy(dtype=float)
    century = days / 36525
    declination, equation = _sun(century)
    minutes = ((days + 0.5) % 1) * 1440 + equation + 4 * lon
    angle = np.radians(minutes / 4 - 180)
    north = np.radians(lat)
    sine = np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(angle)
    return np.degrees(np.arcsin(np.clip(sine, -1, 1)))


def _sun(t: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Declination (radians) and equation of time (minutes) for centuries ``t`` since 2000."""
    mean = np.radians((280.46646 + t * (36000.76983 + 0.0003032 * t)) % 360)
    anomaly = np.radians(357.52911 + t * (35999.05029 - 0.0001537 * t))
    eccentric = 0.016708634 - t * (0.000042037 + 0.0000001267 * t)
    centre = (
        np.sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t))
        + np.sin(2 * anomaly) * (0.019993 - 0.000101 * t)
        + np.sin(3 * anomaly) * 0.000289
    )
    node = np.radians(125.04 - 1934.136 * t)
    apparent = mean + np.radians(centre - 0.00569 - 0.00478 * np.sin(node))
    tilt = np.radians(23.439291 - t * (0.0130042 + t * (1.64e-7 - 5.04e-7 * t)) + 0.00256 * np.cos(node))
    y = np.tan(tilt / 2) ** 2
    equation = 4 * np.degrees(
        y * np.sin(2 * mean)
        - 2 * eccentric * np.sin(anomaly)
        + 4 * eccentric * y * np.sin(anomaly) * np.cos(2 * mean)
        - 0.5 * y**2 * np.sin(4 * mean)
        - 1.25 * eccentric**2 * np.sin(2 * anomaly)
    )
    return np.arcsin(np.sin(tilt) * np.sin(apparent)), equation
