"""What a synthetic department is to look like: every planted size, date and place in one frozen record."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import resources
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from perflib.errors import ParameterError

SHIFTS = ("Day", "Evening", "Night")
EPOCH = date(1970, 1, 1)


class Plan(SimpleNamespace):
    """One department's truths by name: the fields of ``plan.yml``, which says what they are, and agency, scale, seed.

    Dates are local days; ``None`` as a district means the effect is not planted.
    """

    @property
    def first_day(self) -> int:
        """The first local day, in days since 1970."""
        return day(self.first)

    @property
    def last_day(self) -> int:
        """The last local day, in days since 1970."""
        return day(self.last)

    @property
    def days(self) -> int:
        """Number of local days."""
        return self.last_day - self.first_day + 1

    @property
    def end(self) -> int:
        """The moment after the last local day, in seconds since 1970."""
        return self.midnight(self.last_day + 1)

    def midnight(self, number: int) -> int:
        """The moment at which a local day begins, in seconds since 1970."""
        local = datetime.combine(EPOCH + timedelta(number), time(), ZoneInfo(self.timezone))
        return int(local.timestamp())


def day(when: date) -> int:
    """Days since 1970."""
    return (when - EPOCH).days


def make(scale: str = "small", agency: str = "city", seed: int = 20240101, **overrides: Any) -> Plan:
    """The plan of a scale and an agency; any field of Plan can be overridden by name.

    Raises
    ------
    ParameterError : an unknown scale, agency or field.
    """
    check_name("scale", scale, ("small", "sample", "events", "large"))
    check_name("agency", agency, ("city", "town"))
    every = read("plan")
    for name in overrides:
        check_name("override", name, every["sample"])
    town = every["town"] if agency == "town" else {}
    own = {"scale": scale, "agency": agency, "seed": seed, **overrides}
    return Plan(**{**every["sample"], **every[scale], **town, **own})


def check_name(what: str, name: str, choices: Collection[str]) -> None:
    """Refuse a name that is not among the choices."""
    if name not in choices:
        raise ParameterError(f"unknown {what} {name!r}", choices=choices, found=name)


@cache
def read(name: str) -> Any:
    """The content of a YAML file of this package."""
    return yaml.safe_load((resources.files(__package__) / f"{name}.yml").read_text(encoding="utf-8"))
