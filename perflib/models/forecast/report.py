"""The Result of a forecast: its table, its sentence, its caveats and its facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from perflib.figures import Chart
from perflib.models.forecast.backtest import COMBINATION
from perflib.models.forecast.distribution import CountForecast
from perflib.models.forecast.panel import FREQUENCIES, Panel

METHOD = (
    "Candidates weighted by a rolling-origin back-test (Bates & Granger 1969; Tashman 2000); negative-binomial "
    "mixtures with dispersion from its errors; MASE (Hyndman & Koehler 2006), scaled CRPS over nine deciles "
    "(Gneiting & Raftery 2007), randomised PIT (Czado, Gneiting & Held 2009)."
)
_TOLERANCE, _SHOWN_AS_LINES, _WIDENED = 0.03, 12, 1.25


def report(
    kind: Any,
    held: Panel,
    nodes: Mapping[str, Mapping[Any, CountForecast]],
    scores: pd.DataFrame,
    horizon: int,
    levels: tuple[float, ...],
    origins: tuple[int, ...],
    wider: float = 1.0,
) -> Any:
    """Assemble the Result (of class ``kind``) from the distributions of every level and the back-test's scores.

    Words and headline facts are those of the first level, the cells, which the others only sum.
    """
    first = next(iter(nodes))
    every = {level: long_table(made, levels) for level, made in nodes.items()}
    rows = every[first]
    table = pd.concat([part.assign(level=level) for level, part in every.items()]) if len(every) > 1 else rows
    scored = scores[scores["level"] == first]
    best = scored.set_index("candidate")
    made = {name: each for part in nodes.values() for name, each in part.items()}
    return kind(
        name="forecast",
        table=table.reset_index(drop=True),
        title="What is expected in the coming " + _steps(held, horizon),
        answer=_answer(held, rows, best, horizon, levels),
        method=METHOD,
        caveats=(*held.notes, *_warnings(best, origins, wider)),
        facts=_facts(held, rows, scored, horizon, origins) | {"dispersion_widened": wider},
        chart=_chart(rows, levels, held) if len(every) == 1 else None,
        labels=_labels(levels),
        forecasts=made,
        backtest=scores.copy(),
    )


def long_table(made: Mapping[Any, CountForecast], levels: tuple[float, ...]) -> pd.DataFrame:
    """``series, date, mean, median, low_80, high_80, ...``: one row per series and coming date."""
    ends = [end for level in levels for end in ((1 - level) / 2, (1 + level) / 2)]
    names = [f"{side}_{_percent(level)}" for level in levels for side in ("low", "high")]
    parts = []
    for name, each in made.items():
        found = each.quantile([0.5, *ends])
        columns = dict(zip(["median", *names], found, strict=True))
        parts.append(pd.DataFrame({"series": name, "date": each.dates, "mean": each.mean, **columns}))
    return pd.concat(parts, ignore_index=True)


def _percent(level: float) -> str:
    return f"{100 * level:g}".replace(".", "_")


def _steps(held: Panel, horizon: int) -> str:
    return f"{horizon} {FREQUENCIES[held.freq][3]}{'s' if horizon > 1 else ''}"


def _answer(held: Panel, rows: pd.DataFrame, best: pd.DataFrame, horizon: int, levels: tuple[float, ...]) -> str:
    own, naive = best.loc[COMBINATION], best.loc["seasonal naive"]
    expected = (
        f"{rows['mean'].sum():,.0f} are expected in {len(held.names):,} series over the coming "
        f"{_steps(held, horizon)} (to {rows['date'].max():%Y-%m-%d})."
    )
    if not np.isfinite([own["mase"], naive["mase"]]).all():
        return f"{expected} The records cannot tell how good such forecasts were."
    return (
        f"{expected} In the back-test the combination had MASE {own['mase']:.3f} and scaled "
        f"CRPS {own['scrps']:.3f}, the seasonal naive forecast {naive['mase']:.3f} and {naive['scrps']:.3f}; "
        f"{100 * own['pit_80']:.0f} % of what came lay in the 80 % intervals and {100 * own['pit_95']:.0f} % in the "
        "95 %."
    )


def _warnings(best: pd.DataFrame, origins: tuple[int, ...], wider: float) -> list[str]:
    own, naive = best.loc[COMBINATION], best.loc["seasonal naive"]
    said = []
    if len(origins) < 3:
        said.append(f"The back-test stands on {len(origins)} origins only; its scores and the intervals are uncertain.")
    if wider >= _WIDENED:
        said.append(
            "The latest forecasts missed by more than their intervals allowed: something has changed. The "
            f"intervals are wider than earlier years would make them (dispersion times {wider:.1f})."
        )
    if own["scrps"] >= naive["scrps"]:
        said.append("No better than repeating the last season: do not plan on more than that.")
    for level in (0.8, 0.95):
        share = own[f"pit_{_percent(level)}"]
        if np.isfinite(share) and abs(share - level) > _TOLERANCE:
            said.append(f"In the back-test {100 * share:.0f} % lay in the {100 * level:.0f} % intervals.")
    return said


def _facts(
    held: Panel, rows: pd.DataFrame, scores: pd.DataFrame, horizon: int, origins: tuple[int, ...]
) -> dict[str, Any]:
    own = scores.set_index("candidate").loc[COMBINATION]
    return {
        "series": len(held.names),
        "horizon": horizon,
        "freq": held.freq,
        "seasons": list(held.seasons),
        "last_known": held.dates[-1],
        "expected_total": float(rows["mean"].sum()),
        "mase": own["mase"],
        "scrps": own["scrps"],
        "pit_80": own["pit_80"],
        "pit_95": own["pit_95"],
        "origins": len(origins),
        "backtest": scores.to_dict("records"),
    }


def _chart(rows: pd.DataFrame, levels: tuple[float, ...], held: Panel) -> Chart | None:
    if len(held.names) > _SHOWN_AS_LINES:
        return None
    level = _percent(min(levels))
    alt = f"Expected counts with {100 * min(levels):g} % intervals, {len(held.names)} series"
    return Chart(
        "line",
        "date",
        "median",
        f"low_{level}",
        f"high_{level}",
        by="series",
        y_label="count",
        x_label=FREQUENCIES[held.freq][3],
        panels=len(held.names) > 1,
        alt=alt,
    )


def _labels(levels: tuple[float, ...]) -> dict[str, str]:
    ends = {
        f"{side}_{_percent(level)}": f"{side.capitalize()} end, {100 * level:g} %"
        for level in levels
        for side in ("low", "high")
    }
    return {"series": "Series", "date": "Date", "mean": "Expected count", "median": "Median count", **ends}
