"""Response times from arrays held in memory: the same figures as ``response``, without asking the engine again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.agency import Department
from perflib.errors import InputError
from perflib.metrics.response.by import FEWEST, Asking, not_recorded, told
from perflib.metrics.response.cells import ranked
from perflib.metrics.response.groups import NONE, lacking
from perflib.metrics.response.scope import FATES, INTERVALS, Scope, in_service, scope_of, unstamped
from perflib.result import Result

#: what calls can be chosen and grouped by here; and the parts of the time.
TEXTS = ("district", "priority", "origin", "closing")
GRAINS = ("day", "week", "month")
_FATE = {name: code for code, name in enumerate(FATES)}
_NEVER = np.iinfo(np.int64).min
Ints = NDArray[np.integer[Any]]


class Held:
    """The calls of a service and a period, read from the engine once: about 60 bytes a call.

    ``response`` then answers for any district, priority, origin and interval in milliseconds, with the figures of the
    metric function (a test compares them). The records are those of the moment of reading.
    """

    def __init__(self, dept: Department, *, service: str | None = "police", period: Any = "") -> None:
        self.dept, self.scope = dept, Scope(service=service, period=period)
        rows = in_service(dept, self.scope)
        stamps = {name for item in INTERVALS.values() for name in (item.start, item.end)} & set(rows.columns)
        texts = [name for name in TEXTS if name in rows.columns]
        read = rows.select(*texts, *sorted(stamps), _day=dept.local(rows.received_at).date()).to_pyarrow()
        self._texts = {name: _coded(read[name]) for name in texts}
        self._stamps = {name: _moments(read[name]) for name in sorted(stamps)}
        self._days = _day_numbers(read["_day"])
        self._timed: dict[str, _Timed] = {}

    def __len__(self) -> int:
        return len(self._days)

    def values(self, column: str) -> list[str]:
        """The values of ``district``, ``priority`` or ``origin`` among the calls held."""
        return sorted(self._texts[column][0]) if column in self._texts else []

    def response(
        self, by: str = "priority", *, quantiles: Sequence[float] = (0.5, 0.8, 0.9), level: float = 0.95,
        fewest: int = FEWEST, name: str = "", interval: str = "response", origin: str = "public", district: str = "",
        priority: str = "",
    ) -> Result:
        """As ``perflib.metrics.response.response`` of these calls, ``by`` one column of ``TEXTS`` or of ``GRAINS``.

        Raises
        ------
        InputError : another ``by``, an unknown interval or origin, a district or priority that no call held has.
        """
        asked = scope_of(self.dept, interval=interval, origin=origin, service=self.scope.service,
                         district=district or None, priority=priority or None, period=self.scope.period)
        label = name or f"response_by_{by}"
        asking = Asking(self.dept, asked, (by,), tuple(quantiles), level, fewest, label)
        if by not in (*TEXTS, *GRAINS):
            raise InputError(f"cannot group held calls by {by!r}", where="by", choices=(*TEXTS, *GRAINS), found=by)
        if absent := [*lacking(self.dept, [by]), *unstamped(self.dept, interval)]:
            return not_recorded(asking, absent[0])
        scoped = self._chosen(district=district, priority=priority)
        mask = scoped if origin == "all" or "origin" not in self._texts else scoped & self._of_origin(origin)
        return told(asking, self._cells(by, mask, self._interval(interval), quantiles, level), self._origins(scoped))

    def _chosen(self, **wanted: str) -> NDArray[np.bool_]:
        mask = np.ones(len(self), dtype=bool)
        for column, value in wanted.items():
            if value:
                known, codes = self._texts.get(column, ([], self._days))
                if value not in known:
                    raise InputError(f"no {column} {value!r}", where=column, choices=sorted(known), found=value)
                mask &= codes == known.index(value)
        return mask

    def _of_origin(self, origin: str) -> NDArray[np.bool_]:
        known, codes = self._texts["origin"]
        same = codes == known.index(origin) if origin in known else np.zeros(len(self), dtype=bool)
        return same | (codes < 0) if origin == "unknown" else same

    def _origins(self, mask: NDArray[np.bool_]) -> dict[str, int]:
        """As ``scope.origins``: how many of the calls each origin began, a missing one being unknown."""
        if "origin" not in self._texts:
            return {}
        known, codes = self._texts["origin"]
        counts = np.bincount(codes[mask] + 1, minlength=len(known) + 1)
        found = dict(zip(known, map(int, counts[1:]), strict=True))
        found["unknown"] = found.get("unknown", 0) + int(counts[0])
        return {name: n for name, n in sorted(found.items()) if n}

    def _interval(self, interval: str) -> _Timed:
        if interval not in self._timed:
            item = INTERVALS[interval]
            self._timed[interval] = _Timed(self._stamps[item.start], self._stamps[item.end], self._lost())
        return self._timed[interval]

    def _lost(self) -> Ints:
        """The fate of each call if its interval has no end: as ``scope.with_interval`` tells it."""
        fate = np.full(len(self), _FATE["stamp_missing"], dtype=np.int8)
        if "dispatched_at" in self._stamps:
            names = {"dispatched_at", "enroute_at", "arrived_at"} & set(self._stamps)
            unsent = np.logical_and.reduce([self._stamps[name] == _NEVER for name in names])
            fate[unsent] = _FATE["without_arrival"]
        known, codes = self._texts.get("closing", ([], self._days))
        for name in ("without_arrival", "cancelled"):
            if name in known:
                fate[codes == known.index(name)] = _FATE[name]
        return fate

    def _groups(self, by: str) -> tuple[Ints, Any]:
        """A small number for each call's group, and the labels of those numbers."""
        if by in self._texts:
            known, codes = self._texts[by]
            return codes + np.int16(1), pd.Series([NONE, *known], dtype="str")
        steps = _steps(self._days, by)
        first, last = (int(steps.min()), int(steps.max())) if len(steps) else (0, -1)
        return (steps - first).astype(np.int32), _first_days(np.arange(first, last + 1), by)

    def _cells(
        self, by: str, mask: NDArray[np.bool_], timed: _Timed, quantiles: Sequence[float], level: float
    ) -> pd.DataFrame:
        """As ``cells.cells``: counts by fate, and the wanted ranks of each group's sorted minutes."""
        groups, labels = self._groups(by)
        fates = np.bincount(groups[mask].astype(np.int64) * len(FATES) + timed.fate[mask],
                            minlength=len(labels) * len(FATES)).reshape(-1, len(FATES))
        zero = np.bincount(groups[mask & timed.zero], minlength=len(labels))
        kept = timed.order[mask[timed.order]]
        kept = kept[np.argsort(groups[kept].astype(np.uint16), kind="stable")]  # sorted by group, then by minutes
        there = fates.sum(axis=1) > 0
        n, known = fates.sum(axis=1)[there], fates[:, _FATE["known"]][there]
        found = pd.DataFrame({by: labels[there], "n": n, "known": known, "zero": zero[there]})
        for name, code in _FATE.items():
            if name != "known":
                found[name] = fates[there, code]
        found = found.assign(**ranked(timed.minutes[kept], known, n, quantiles, level))
        return found.sort_values(by, ignore_index=True)


class _Timed:
    """One interval of all calls: minutes, fates, and the order of the known minutes."""

    def __init__(self, start: Ints, end: Ints, lost: Ints) -> None:
        there = (start != _NEVER) & (end != _NEVER)
        raw = np.where(there, (end - start) / 60e6, np.nan)
        self.minutes = np.where(raw >= 0, raw, np.nan)
        self.fate = np.where(raw >= 0, _FATE["known"], np.where(raw < 0, _FATE["negative"], lost)).astype(np.int8)
        self.zero = raw == 0
        known = np.flatnonzero(raw >= 0).astype(np.int32)
        self.order = known[np.argsort(raw[known])]


def _steps(days: Ints, by: str) -> Ints:
    """Days since 1970 as numbers of days, weeks (from Monday; 1970 began on a Thursday) or months."""
    if by == "month":
        return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return (days + 3) // 7 if by == "week" else days


def _first_days(steps: Ints, by: str) -> NDArray[np.datetime64]:
    whole = steps.astype("datetime64[M]") if by == "month" else (
        steps * 7 - 3 if by == "week" else steps).astype("datetime64[D]")
    return whole.astype("datetime64[s]")


def _coded(texts: Any) -> tuple[list[str], Ints]:
    """The values of a column, sorted, and each row's place among them; -1 where missing."""
    encoded = texts.combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_pylist()
    known = sorted(value for value in values if value is not None)
    place = np.array([known.index(value) if value is not None else -1 for value in values], dtype=np.int16)
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return known, np.where(codes < 0, np.int16(-1), place[codes] if len(place) else np.int16(-1))


def _moments(column: Any) -> Ints:
    """Moments as microseconds; the smallest number where missing."""
    import pyarrow

    whole = column.combine_chunks().cast(pyarrow.timestamp("us", "UTC")).cast("int64")
    return np.asarray(whole.fill_null(_NEVER).to_numpy(zero_copy_only=False))


def _day_numbers(column: Any) -> Ints:
    whole = column.combine_chunks().cast("date32").cast("int32")
    return np.asarray(whole.to_numpy(zero_copy_only=False), dtype=np.int64)
