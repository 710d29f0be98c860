"""Cases from arrays held in memory: the same cohorts as ``cohorts``, without asking the engine again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.agency import Department
from perflib.errors import InputError
from perflib.metrics.cases.cohorts import told
from perflib.metrics.cases.scope import Cases, lacking
from perflib.result import Result

_STEP = {"month": 1, "quarter": 3, "year": 12}
_TEXTS = ("clearance", "status", "district", "offence")
_LATE = np.iinfo(np.int32).max
Ints = NDArray[np.integer[Any]]


class Held:
    """The incidents of a department, read from the engine once: about 30 bytes a record.

    ``cohorts`` then answers for any district and offence with the figures of the function ``cohorts`` of the department
    that keeps only them (a test compares them).
    """

    def __init__(self, dept: Department) -> None:
        self.dept, self.reason = dept, lacking(dept)
        if self.reason:
            return
        table = dept.incidents
        texts = {name: table[name] for name in _TEXTS if name in table.columns}
        days = {name: dept.local(table[name]).date() for name in ("reported_at", "cleared_at")}
        ends = [name for name in ("reported_at", "cleared_at", "recorded_at") if name in table.columns]
        frame = table.select("incident_id", **texts, **days,
                             latest=_greatest([dept.local(table[name]).date() for name in ends])).execute()
        self._incident, _ = pd.factorize(frame["incident_id"])
        self._days = {name: _numbers(frame[name]) for name in ("reported_at", "cleared_at", "latest")}
        self._texts = {name: pd.factorize(frame[name], sort=True) for name in texts}

    def values(self, column: str) -> list[str]:
        """The values of a column among the incidents held."""
        return [str(value) for value in self._texts[column][1]] if not self.reason and column in self._texts else []

    def cohorts(
        self, by: str = "quarter", *, within: int = 30, name: str = "clearance_cohorts", district: str = "",
        offence: str = "",
    ) -> Result:
        """As the function ``cohorts``, of one district and offence (empty: all).

        Raises InputError for a district or offence that no incident held has, or a cohort that is none.
        """
        if by not in _STEP:
            raise InputError(f"no cohort {by!r}", where="by", choices=_STEP, found=by)
        if self.reason:
            return Result.not_assessable(name, self.reason,
                                         title=f"Is clearance within {within} days changing, by {by} of report?")
        mask = self._chosen("district", district) & self._chosen("offence", offence)
        if not mask.any():
            return Result.not_assessable(name, "no case", title=f"Is clearance changing, by {by} of report?")
        return told(self._cases(by, mask), by, within=within, name=name)

    def _chosen(self, column: str, value: str) -> NDArray[np.bool_]:
        if not value:
            return np.ones(len(self._incident), dtype=bool)
        known = self.values(column)
        if value not in known:
            raise InputError(f"no {column} {value!r}", where=column, choices=known, found=value)
        return np.asarray(self._texts[column][0] == known.index(value))

    def _cases(self, by: str, mask: NDArray[np.bool_]) -> Cases:
        """As ``scope.cases``: one row per incident, its earliest values, counted by cohort, days and event."""
        incident = self._incident[mask]
        order = np.argsort(incident, kind="stable")
        starts = np.flatnonzero(np.diff(incident[order], prepend=-1))
        first = {name: np.minimum.reduceat(days[mask][order], starts) for name, days in self._days.items()
                 if name != "latest"}
        code = {name: _first_text(self._texts[name][0][mask][order], starts)
                for name in ("clearance", "status") if name in self._texts}
        end = self._end(mask)
        reported, cleared = first["reported_at"], first["cleared_at"]
        over = (cleared <= end) & (code["clearance"] != _LATE)
        event = np.where(over, np.where(code["clearance"] == self._code("clearance", "arrest"), 1, 2), 0)
        days = np.where(over, cleared, end) - reported
        unfounded = code.get("status", np.full(len(days), _LATE)) == self._code("status", "unfounded")
        seen = reported <= end
        kept = seen & ~unfounded & (days >= 0)
        return Cases(_counted(by, reported[kept], days[kept], event[kept]), _date(end), int(unfounded[seen].sum()),
                     int((seen & ~unfounded & (days < 0)).sum()))

    def _end(self, mask: NDArray[np.bool_]) -> int:
        known = self.dept.known_on
        if known is not None:
            return int(np.datetime64(known, "D").astype(int))
        latest = self._days["latest"][mask]
        return int(latest[latest != _LATE].max())

    def _code(self, column: str, value: str) -> int:
        known = self.values(column)
        return known.index(value) if value in known else -1


def _greatest(days: list[Any]) -> Any:
    import ibis

    return ibis.greatest(*days)  # the engine passes over missing ones


def _numbers(days: pd.Series) -> Ints:
    """Days since 1970; the largest number where missing, so that it never is the first."""
    whole = pd.to_datetime(days).to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(whole), _LATE, whole.astype(np.int64)).astype(np.int32)


def _first_text(codes: Ints, starts: Ints) -> Ints:
    return np.minimum.reduceat(np.where(codes < 0, _LATE, codes), starts)


def _counted(by: str, reported: Ints, days: Ints, event: Ints) -> pd.DataFrame:
    """``by``, ``days``, ``event`` and ``n`` cases, in order."""
    months = reported.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    cohort = months // _STEP[by]
    found = pd.DataFrame({by: cohort, "days": days.astype(np.int64), "event": event.astype(np.int8)})
    found = found.groupby([by, "days", "event"]).size().reset_index(name="n")
    starts = (found[by].to_numpy() * _STEP[by]).astype("datetime64[M]")
    if by == "year":
        return found.assign(year=starts.astype("datetime64[Y]").astype(int).astype(np.int32) + 1970)
    return found.assign(**{by: pd.Series(starts.astype("datetime64[s]")).dt.strftime("%Y-%m-%d")})


def _date(day: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=day)
