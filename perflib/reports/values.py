"""Parameter values against the department: what it does not have is refused before a kernel starts."""

from __future__ import annotations

from collections.abc import Mapping


def check_values(values: Mapping[str, object], where: str = "") -> None:
    pass
