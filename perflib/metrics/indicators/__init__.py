"""Counts, rates, shares and quantiles of anything by anything: the dictionary of indicators and its executor."""

from __future__ import annotations

from perflib.metrics.indicators.dictionary import INDICATORS, OUTCOMES
from perflib.metrics.indicators.measure import measure
from perflib.metrics.indicators.record import Exposure, Indicator

__all__ = ["INDICATORS", "OUTCOMES", "Exposure", "Indicator", "describe", "measure"]


def describe() -> list[dict[str, object]]:
    """The dictionary as rows: name, label, definition, kind, table, time, denominator, unit, direction, source."""
    return [
        {
            "name": each.name,
            "label": each.label,
            "definition": each.definition,
            "kind": each.kind,
            "table": each.table,
            "time": each.time,
            "over": each.denominator.unit if isinstance(each.denominator, Exposure) else "",
            "unit": each.unit,
            "better": each.better,
            "people": each.people,
            "source": each.source,
        }
        for each in INDICATORS.values()
    ]
