"""The dictionary of indicators. A new one is one record here and one hand-worked case in the tests."""

from __future__ import annotations

from typing import Any

from ibis import _

from perflib.metrics.indicators.record import Exposure, Indicator

_POLICE = _.service == "police"
CALLS = Exposure("calls", "received_at", _.count(), "calls answered", only=_POLICE)
STOPS = Exposure("stops", "stopped_at", _.count(), "stops")
HOURS = Exposure("shifts", "started_at", _.ended_at.delta(_.started_at, unit="second").sum() / 3600, "officer hours")
RESIDENTS = Exposure("population", "", _.residents.sum(), "residents")
_NOT_A_SUCCESS = (
    "An arrest is not a success by itself: more arrests can mean more crime, more officers or a lower threshold, and "
    "many are not charged.",
)
#: what an arrest may lead to; pending and unknown are no outcome yet
OUTCOMES = ("charged", "declined", "diverted", "dismissed", "convicted")
_DECIDED = _.outcome.isin(OUTCOMES)
_UCR = "FBI, Uniform Crime Reporting Handbook (2004): clearance by arrest or by exceptional means."


def _minutes(start: str, end: str) -> Any:
    """The minutes from one stamp to another; missing where one is, or where they stand in the wrong order."""
    minutes = _[end].delta(_[start], unit="microsecond") / 60e6
    return (minutes >= 0).ifelse(minutes, None)


def _arrests_per(name: str, exposure: Exposure) -> Indicator:
    return Indicator(
        f"arrests_per_{name}",
        f"Arrests per 1,000 {exposure.unit}",
        f"Arrests of the period over {exposure.unit} of the same period and group, times 1,000.",
        "rate",
        "arrests",
        "arrested_at",
        _.count(),
        exposure,
        f"arrests per 1,000 {exposure.unit}",
        1000,
        people="arrests",
        caveats=_NOT_A_SUCCESS,
    )


def _share(
    name: str, label: str, definition: str, table: str, time: str, part: Any, whole: Any, **more: Any
) -> Indicator:
    """A share of rows: those of ``whole`` for which ``part`` holds too."""
    return Indicator(
        name, label, definition, "share", table, time, (part & whole).sum(), whole.sum(), unit="share", **more
    )


_EVERY = [
    Indicator(
        "calls",
        "Calls",
        "Calls for service received, whoever began them.",
        "count",
        "calls",
        "received_at",
        _.count(),
        unit="calls",
    ),
    Indicator(
        "incidents",
        "Reported incidents",
        "Distinct incident numbers reported; one incident with two offences counts once.",
        "count",
        "incidents",
        "reported_at",
        _.incident_id.nunique(),
        unit="incidents",
    ),
    Indicator(
        "offences",
        "Reported offences",
        "Offences within reported incidents.",
        "count",
        "incidents",
        "reported_at",
        _.count(),
        unit="offences",
    ),
    Indicator(
        "arrests",
        "Arrests",
        "Arrests of one person each.",
        "count",
        "arrests",
        "arrested_at",
        _.count(),
        unit="arrests",
        people="arrests",
        caveats=_NOT_A_SUCCESS,
    ),
    Indicator(
        "stops",
        "Stops",
        "Stops of one person each.",
        "count",
        "stops",
        "stopped_at",
        _.count(),
        unit="stops",
        people="stops",
    ),
    Indicator(
        "force_reports",
        "Uses of force",
        "Distinct force reports; officers of one report count once.",
        "count",
        "force",
        "used_at",
        _.force_id.nunique(),
        unit="reports",
        better="lower",
        people="force",
    ),
    Indicator(
        "complaints",
        "Complaints",
        "Distinct complaints filed; officers and allegations of one complaint count once.",
        "count",
        "complaints",
        "filed_at",
        _.complaint_id.nunique(),
        unit="complaints",
        better="lower",
        people="complaints",
    ),
    Indicator(
        "requests",
        "Requests",
        "Requests to the city that are no emergency.",
        "count",
        "requests",
        "received_at",
        _.count(),
        unit="requests",
    ),
    *(
        _arrests_per(name, exposure)
        for name, exposure in (("calls", CALLS), ("stops", STOPS), ("officer_hours", HOURS), ("residents", RESIDENTS))
    ),
    Indicator(
        "offences_per_residents",
        "Offences per 1,000 residents",
        "Reported offences over residents, a year, times 1,000.",
        "rate",
        "incidents",
        "reported_at",
        _.count(),
        RESIDENTS,
        "offences per 1,000 residents a year",
        1000,
        better="lower",
    ),
    Indicator(
        "force_per_arrests",
        "Uses of force per 1,000 arrests",
        "Distinct force reports over arrests of the same period and group, times 1,000.",
        "rate",
        "force",
        "used_at",
        _.force_id.nunique(),
        Exposure("arrests", "arrested_at", _.count(), "arrests"),
        "reports per 1,000 arrests",
        1000,
        better="lower",
        people="force",
    ),
    _share(
        "charged",
        "Arrests that led to a charge",
        "Arrests charged or convicted, of those whose outcome is known; pending and unknown outcomes are left out.",
        "arrests",
        "arrested_at",
        _.outcome.isin(["charged", "convicted"]),
        _DECIDED,
        people="arrests",
    ),
    *(
        _share(
            f"arrests_{outcome}",
            f"Arrests {outcome}",
            f"Arrests {outcome}, of those whose outcome is known; pending and unknown outcomes are left out.",
            "arrests",
            "arrested_at",
            _.outcome == outcome,
            _DECIDED,
            people="arrests",
            caveats=_NOT_A_SUCCESS,
        )
        for outcome in OUTCOMES
    ),
    _share(
        "searched",
        "Stops with a search",
        "Stops with a search of a person or of property, of stops that say so either way.",
        "stops",
        "stopped_at",
        _.searched.fill_null(False),
        _.searched.notnull(),
        people="stops",
    ),
    _share(
        "found",
        "Searches that found something",
        "Searches after which something was seized, of searches that say so either way.",
        "stops",
        "stopped_at",
        _.contraband.fill_null(False),
        _.searched.fill_null(False) & _.contraband.notnull(),
        people="stops",
    ),
    _share(
        "cancelled",
        "Calls cancelled before arrival",
        "Calls cancelled before a unit arrived, of calls whose closing is recorded.",
        "calls",
        "received_at",
        _.closing == "cancelled",
        _.closing.notnull(),
        better="lower",
    ),
    _share(
        "cleared",
        "Offences cleared",
        "Offences cleared so far by arrest or by exceptional means, of offences "
        "reported in the period and not unfounded. Recent ones have had less time.",
        "incidents",
        "reported_at",
        _.cleared_at.notnull(),
        _.status.fill_null("open") != "unfounded",
        better="higher",
        source=_UCR,
    ),
    Indicator(
        "response_minutes",
        "Response time",
        "Minutes from answering a call to the first arrival; calls without an arrival are left out and counted.",
        "quantile",
        "calls",
        "received_at",
        _minutes("received_at", "arrived_at"),
        unit="minutes",
        better="lower",
    ),
    Indicator(
        "dispatch_minutes",
        "Wait for dispatch",
        "Minutes from a call's entry into the queue to the first unit assigned.",
        "quantile",
        "calls",
        "received_at",
        _minutes("queued_at", "dispatched_at"),
        unit="minutes",
        better="lower",
    ),
    Indicator(
        "travel_minutes",
        "Travel time",
        "Minutes from the first unit under way to the first arrival.",
        "quantile",
        "calls",
        "received_at",
        _minutes("enroute_at", "arrived_at"),
        unit="minutes",
        better="lower",
    ),
    Indicator(
        "scene_minutes",
        "Time at the scene",
        "Minutes from the first arrival to the first unit free again.",
        "quantile",
        "calls",
        "received_at",
        _minutes("arrived_at", "cleared_at"),
        unit="minutes",
    ),
    Indicator(
        "stop_minutes",
        "Length of a stop",
        "Minutes that a stop lasted, as recorded.",
        "quantile",
        "stops",
        "stopped_at",
        _.duration_min,
        unit="minutes",
    ),
]
INDICATORS: dict[str, Indicator] = {each.name: each for each in _EVERY}
