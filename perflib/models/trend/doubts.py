"""What a reader of a control chart must know before acting on it."""

from __future__ import annotations

import numpy as np

from perflib.models.trend.asked import Asked
from perflib.models.trend.limits import Floats, Limits

FEW, SHORT = 12, 20
_LARGE = 10_000


def doubts(asked: Asked, limits: Limits) -> list[str]:
    """Caveats of the chart: shortness, autocorrelation, over-dispersion, skewness, gaps."""
    found = [_shortness(asked), _related(asked), _dispersion(asked, limits), _skewness(asked), _gaps(asked)]
    return [caveat for caveat in found if caveat]


def _shortness(asked: Asked) -> str:
    shortest = min(int(mask.sum()) for mask in asked.segments())
    what = f"{shortest} points" if len(asked.segments()) == 1 else f"The shortest segment has {shortest} points"
    if shortest < FEW:
        return f"{what}: limits are provisional (fewer than {FEW})."
    return f"{what}: limits are still uncertain (fewer than {SHORT})." if shortest < SHORT else ""


def autocorrelation(values: Floats) -> tuple[float, float]:
    """(lag-1 autocorrelation, Ljung-Box p-value over min(10, n // 5) lags); Ljung and Box 1978, Biometrika 65."""
    from scipy.stats import chi2

    n, centred = len(values), values - values.mean()
    lags = max(1, min(10, n // 5))
    total = float(centred @ centred)
    if total == 0:
        return 0.0, 1.0
    r = np.array([centred[lag:] @ centred[:-lag] / total for lag in range(1, lags + 1)])
    q = n * (n + 2) * float(np.sum(r**2 / (n - np.arange(1, lags + 1))))
    return float(r[0]), float(chi2.sf(q, lags))


def related(asked: Asked) -> float | None:
    """The lag-1 autocorrelation of the points about the mean of their segment where it is beyond chance, else None."""
    raw = asked.values if asked.sizes is None else asked.values / np.where(asked.known, asked.sizes, np.nan)
    parts = [raw[mask] - raw[mask].mean() for mask in asked.segments()]
    joined = np.concatenate(parts)
    if len(joined) < FEW:
        return None
    first, p = autocorrelation(joined)
    return first if p < 0.01 else None


def _related(asked: Asked) -> str:
    first = related(asked)
    return (
        ""
        if first is None
        else (
            f"Successive points are related (lag-1 correlation {first:.2f}): a season, a trend or "
            "an earlier shift is in the series, and the limits, which assume independent points, are too narrow; "
            "deseasonalise or rebase."
        )
    )


def _dispersion(asked: Asked, limits: Limits) -> str:
    inflation = limits.facts.get("inflation")
    if inflation is None:
        return ""
    if asked.kind == "i":
        return (
            ""
            if inflation <= 1.05
            else (
                f"Points vary {inflation:.1f} times as much as sampling alone explains; limits are widened accordingly."
            )
        )
    if asked.kind == "p" and (inflation > 1.3 or np.median(asked.sizes[asked.known]) >= _LARGE):
        return (
            f"Points vary {inflation:.1f} times as much as binomial sampling explains, on a median sample of "
            f"{np.median(asked.sizes[asked.known]):,.0f}: use kind 'p_prime' (Laney)."
        )
    if asked.kind in ("c", "u") and inflation > 1.3:
        return f"Points vary {inflation:.1f} times as much as Poisson counts would: limits are too narrow."
    return ""


def _skewness(asked: Asked) -> str:
    return (
        ""
        if asked.kind != "g"
        else ("Gaps are skewed: the lower limit is zero, so more frequent events show as runs below the centre only.")
    )


def _gaps(asked: Asked) -> str:
    missing = int((~asked.known).sum())
    return f"{missing} of {len(asked.values)} points have no value and are not judged." if missing else ""
