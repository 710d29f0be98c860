"""Districts and beats as rectangles on a map, and the points inside them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from perflib.synthetic.columns import Frame, Ints, Labels
from perflib.synthetic.plan import Plan
from perflib.synthetic.rng import Draws

WEST, SOUTH, WIDTH, HEIGHT = -78.90, 35.95, 0.05, 0.04
ADDRESSES = 900  # of a beat


def beat_names(plan: Plan) -> list[str]:
    """Beats, district by district: ``041203`` is the third beat of district ``0412``."""
    return [f"{district}{beat + 1:02d}" for district in plan.districts for beat in range(plan.beats)]


def place(plan: Plan, draws: Draws, district: Ints) -> Frame:
    """District, beat, address key and point of each row; beats are unequal, addresses repeat."""
    inside = (draws.uniform("beat") ** 1.3 * plan.beats).astype(np.int64)
    beat = district * plan.beats + inside
    address = beat * ADDRESSES + (draws.uniform("house") ** 2 * ADDRESSES).astype(np.int64)
    west, south = corner(plan, district, inside)
    inner = Draws(1, "", address)
    return {
        "district": Labels(district, plan.districts),
        "beat": Labels(beat, beat_names(plan)),
        "address_key": Labels(address, _addresses(len(plan.districts) * plan.beats * ADDRESSES)),
        "lon": np.round(west + inner.uniform("lon") * WIDTH / plan.beats, 5),
        "lat": np.round(south + inner.uniform("lat") * HEIGHT, 5),
    }


def corner(plan: Plan, district: Any, inside: Any) -> tuple[Any, Any]:
    """South-west corner of a beat: beats are slices of the district's rectangle, from west to east; three in a row."""
    return WEST + district % 3 * WIDTH + inside * WIDTH / plan.beats, SOUTH + district // 3 * HEIGHT


def boundaries(plan: Plan) -> dict[str, Any]:
    """GeoJSON of districts and beats; ``level`` tells which, ``id`` is the label used in the tables."""
    features = [
        _feature(plan, level, label, number * beats, beats)
        for level, labels, beats in (("district", plan.districts, plan.beats), ("beat", beat_names(plan), 1))
        for number, label in enumerate(labels)
    ]
    return {"type": "FeatureCollection", "features": features}


def _feature(plan: Plan, level: str, label: str, first: int, beats: int) -> dict[str, Any]:
    """The rectangle of some beats from a first one on."""
    district, inside = divmod(first, plan.beats)
    west, south = corner(plan, district, inside)
    width = WIDTH * beats / plan.beats
    corners = ((0, 0), (width, 0), (width, HEIGHT), (0, HEIGHT), (0, 0))
    ring = [[round(west + right, 6), round(south + up, 6)] for right, up in corners]
    names = {"level": level, "id": label, "district": plan.districts[district]}
    return {"type": "Feature", "properties": names, "geometry": {"type": "Polygon", "coordinates": [ring]}}


@cache
def _addresses(count: int) -> list[str]:
    return [f"A{number:06d}" for number in range(count)]
