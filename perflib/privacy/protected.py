"""Personal fields that no score may use."""

from __future__ import annotations

from collections.abc import Iterable

from perflib.errors import PrivacyError

#: fields that no score may use; they serve only to audit one.
PROTECTED = frozenset(
    "race ethnicity sex gender age birth_year marital_status religion subject_race subject_sex subject_age "
    "complainant_race complainant_sex age_group subject_age_group".split()
)


def refuse_protected(columns: Iterable[str], use: str) -> None:
    """Raise PrivacyError when a protected personal field is offered as an input of ``use``."""
    found = sorted(set(columns) & PROTECTED)
    if found:
        raise PrivacyError(
            f"{', '.join(found)} cannot be an input of {use}", do="protected fields serve only to audit a score"
        )
