"""Districts and beats as rectangles on a map, and the points inside them."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.synthetic.columns import Column, Labels
from perflib.synthetic.plan import Plan
from perflib.synthetic.rng import Ints, uniform

WEST, SOUTH, WIDTH, HEIGHT = -78.90, 35.95, 0.05, 0.04
PER_ROW = 3


def beat_names(plan: Plan) -> tuple[str, ...]:
    """Beats, district by district: ``041203`` is the third beat of district ``0412``."""
    return tuple(f"{district}{beat + 1:02d}" for district in plan.districts for beat in range(plan.beats))


def place(plan: Plan, salt: str, ids: Ints, district: Ints) -> dict[str, Column]:
    """District, beat, address key and point of each row; beats are unequal, addresses repeat."""
    u = uniform(plan.seed, salt + "/beat", ids)
    inside = np.minimum((u**1.3 * plan.beats).astype(np.int64), plan.beats - 1)
    house = (uniform(plan.seed, salt + "/house", ids) ** 2 * 900).astype(np.int64)
    beat = district * plan.beats + inside
    address = beat * 900 + house
    west, south = corner(plan, district, inside)
    return {
        "district": Labels(district, plan.districts),
        "beat": Labels(beat, beat_names(plan)),
        "address_key": Labels(address, _addresses(plan)),
        "lon": np.round(west + uniform(1, "lon", address) * WIDTH / plan.beats, 5),
        "lat": np.round(south + uniform(1, "lat", address) * HEIGHT, 5),
    }


def corner(plan: Plan, district: Any, inside: Any) -> tuple[Any, Any]:
    """South-west corner of a beat: beats are slices of the district's rectangle, from west to east."""
    column, row = district % PER_ROW, district // PER_ROW
    return WEST + column * WIDTH + inside * WIDTH / plan.beats, SOUTH + row * HEIGHT


def boundaries(plan: Plan) -> dict[str, Any]:
    """GeoJSON of districts and beats; ``level`` tells which, ``id`` is the label used in the tables."""
    features = [_feature(plan, index, None) for index in range(len(plan.districts))]
    features += [_feature(plan, index, beat) for index in range(len(plan.districts)) for beat in range(plan.beats)]
    return {"type": "FeatureCollection", "features": features}


def _feature(plan: Plan, district: int, beat: int | None) -> dict[str, Any]:
    west, south = corner(plan, district, beat or 0)
    east = west + (WIDTH if beat is None else WIDTH / plan.beats)
    north = south + HEIGHT
    ring = [
        [round(x, 6), round(y, 6)]
        for x, y in ((west, south), (east, south), (east, north), (west, north), (west, south))
    ]
    label = plan.districts[district]
    names = {"level": "district", "id": label, "district": label}
    if beat is not None:
        names = {"level": "beat", "id": f"{label}{beat + 1:02d}", "district": label}
    return {"type": "Feature", "properties": names, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def _addresses(plan: Plan) -> list[str]:
    return [f"A{number:06d}" for number in range(len(plan.districts) * plan.beats * 900)]
