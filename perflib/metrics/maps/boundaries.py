"""The department's districts or beats, read from GeoJSON and joined to figures by key, never by place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perflib import schema
from perflib.agency import Department
from perflib.errors import DepartmentError, why
from perflib.files.roots import given
from perflib.metrics.counts.areas import check_areas
from perflib.privacy.quoting import quoted, quoted_all

#: points of all outlines together that a page should carry at most, and the grids tried to get there (cells across).
MOST_POINTS, GRIDS = 6000, (4000, 2000, 1000, 500)
_DIGITS, _KM_PER_DEGREE = 5, 111.195
Rings = list[list[list[float]]]


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Outlines of one level: key -> polygons, each a ring and its holes, each ring a list of [longitude, latitude]."""

    level: str
    keys: tuple[str, ...]
    polygons: tuple[list[Rings], ...]

    @property
    def shapes(self) -> dict[str, list[Rings]]:
        """Key -> polygons, on a grid coarse enough for a page; neighbours keep their common border."""
        return dict(zip(self.keys, _lighter(self.polygons), strict=True))

    def square_km(self) -> dict[str, float]:
        """Key -> area in square kilometres (spherical earth, each area flattened at its own latitude)."""
        return {
            key: sum(_area(rings) for rings in polygons) for key, polygons in zip(self.keys, self.polygons, strict=True)
        }

    def join(self, areas: Iterable[str]) -> list[str]:
        """Check the keys of a table against the outlines; the outlines that no row names are returned.

        Raises
        ------
        InputError : a key without outline, or an outline twice; every one is named.
        """
        named = list(areas)
        spare = [key for key in dict.fromkeys(self.keys) if key not in set(named)]
        # with all rows matched, an outline without rows is an area without records, not a failed match
        check_areas([*named, *spare] if set(named) <= set(self.keys) else named, self.keys)
        return spare


def boundaries(dept: Department, level: str = "district") -> Boundaries | None:
    """The outlines of one level from ``dept.settings["boundaries"]`` (GeoJSON: a path, or its content).

    A feature's ``level`` property tells districts from beats (without it every feature is taken), its ``id`` property,
    or else its own ``id`` or its property named like the level, is the key the tables use. None when the department
    has no boundaries, or none of this level.

    Raises
    ------
    DepartmentError : the file cannot be read, or is no collection of polygons with keys.
    """
    source = dept.settings.get("boundaries")
    if not source:
        return None
    content = source if isinstance(source, Mapping) else _read(given(str(source), "boundaries"))
    features = content.get("features")
    if not isinstance(features, list):
        raise DepartmentError("no GeoJSON collection of features", where="boundaries")
    held = [item for item in features if _level(item, level) == level]
    if not held:
        return None
    return Boundaries(level, tuple(_key(item, level) for item in held), tuple(_polygons(item) for item in held))


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as fault:
        raise DepartmentError(f"cannot be read ({why(fault)})", where=f"boundaries, {path.name}") from None
    if not isinstance(found, Mapping):
        raise DepartmentError("no GeoJSON", where=f"boundaries, {path.name}")
    return found


def _level(feature: Any, otherwise: str) -> str:
    if not isinstance(feature, Mapping):
        raise DepartmentError("a feature is no mapping", where="boundaries")
    return str((feature.get("properties") or {}).get("level", otherwise))


def _key(feature: Mapping[str, Any], level: str) -> str:
    properties = feature.get("properties") or {}
    for found in (properties.get("id"), feature.get("id"), properties.get(level)):
        if found is not None:
            return str(schema.composed(str(found)))
    raise DepartmentError(
        f"a {level} without id",
        where="boundaries",
        choices=quoted_all(properties),
        do="give every feature the property id, as the tables write it",
    )


def _polygons(feature: Mapping[str, Any]) -> list[Rings]:
    shape = feature.get("geometry") or {}
    parts = {"Polygon": lambda: [shape["coordinates"]], "MultiPolygon": lambda: shape["coordinates"]}
    kind = shape.get("type")
    if kind not in parts:
        raise DepartmentError(f"an area is no polygon, but {quoted(kind)}", where="boundaries", choices=parts)
    try:
        found = [[[[float(x), float(y)] for x, y, *_ in ring] for ring in rings] for rings in parts[kind]()]
    except (KeyError, TypeError, ValueError) as fault:
        raise DepartmentError(f"coordinates that are none ({type(fault).__name__})", where="boundaries") from None
    if any(not -180 <= x <= 180 or not -90 <= y <= 90 for rings in found for ring in rings for x, y in ring):
        raise DepartmentError(
            "coordinates are not degrees of longitude and latitude",
            where="boundaries",
            do="export the file in WGS 84 (EPSG:4326), as GeoJSON asks",
        )
    if not found or any(not rings or len(rings[0]) < 4 for rings in found):
        raise DepartmentError("an outline has fewer than four points", where="boundaries")
    return found


def _area(rings: Rings) -> float:
    outer, *holes = (_flat_area(np.asarray(ring)) for ring in rings)
    return outer - sum(holes)


def _flat_area(ring: np.ndarray) -> float:
    x = (ring[:, 0] - ring[0, 0]) * np.cos(np.radians(ring[:, 1].mean())) * _KM_PER_DEGREE
    y = (ring[:, 1] - ring[0, 1]) * _KM_PER_DEGREE
    return float(abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2)


def _lighter(polygons: tuple[list[Rings], ...]) -> list[list[Rings]]:
    points = np.concatenate([np.asarray(ring) for area in polygons for rings in area for ring in rings])
    reach = float(np.ptp(points, axis=0).max())
    found = [_snapped(area, 10.0**-_DIGITS) for area in polygons]
    for cells in GRIDS:
        if sum(len(ring) for area in found for rings in area for ring in rings) <= MOST_POINTS:
            break
        found = [_snapped(area, reach / cells) for area in polygons]
    return found


def _snapped(area: list[Rings], step: float) -> list[Rings]:
    """Points on a grid, repeats dropped; holes and islands that vanish are dropped, the last island never is."""
    kept = [[snapped for ring in rings if len(snapped := _ring(ring, step)) >= 4] for rings in area]
    return [rings for rings in kept if rings] or [[_ring(area[0][0], 10.0**-_DIGITS)]]


def _ring(ring: list[list[float]], step: float) -> list[list[float]]:
    grid = np.round(np.round(np.asarray(ring) / step) * step, _DIGITS)
    moved = np.append(True, (np.diff(grid, axis=0) != 0).any(axis=1))
    return [[float(x), float(y)] for x, y in grid[moved]]
