"""The `privacy` section of a department file: who stays unnamed, with which key, and which counts are too small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perflib.errors import DepartmentError

_KEYS = ("pseudonyms", "because", "key", "small_cells", "subjects", "audit", "releases")
#: what counts of people, or of events that single them out, are about; calls and crime by area are not among them
SUBJECTS = ("arrests", "complaints", "force", "officers", "stops", "surveys", "victims")
SMALL = 5


@dataclass(frozen=True)
class Policy:
    """How people are protected.

    Attributes
    ----------
    pseudonyms : ids of officers and staff become keyed codes when the department is opened.
    because : why they do not, where they do not; required then.
    key : path of the key file; empty means the user's own (``pseudonyms.default_key``).
    small_cells : counts of people from 1 to one less than this are hidden in what is shared; 1 hides none.
    subjects : the subjects (of SUBJECTS) whose counts are counts of people.
    audit : path of the audit log; empty means beside the key.
    releases : path of the register of lists that were shared (``releases.Register``); empty means none is kept.
    """

    pseudonyms: bool = True
    because: str = ""
    key: str = ""
    small_cells: int = SMALL
    subjects: tuple[str, ...] = SUBJECTS
    audit: str = ""
    releases: str = ""

    @classmethod
    def read(cls, raw: Any, where: str) -> Policy:
        """The checked section.

        Raises
        ------
        DepartmentError : not a mapping, an unknown key, a value of the wrong kind, or pseudonyms off without a reason.
        """
        if raw is None:
            return cls()
        if not isinstance(raw, Mapping):
            raise DepartmentError("`privacy` is not a section", where=where, choices=_KEYS)
        for key in raw:
            if key not in _KEYS:
                raise DepartmentError(f"unknown key {key!r}", where=f"{where}, privacy", choices=_KEYS, found=key)
        return cls(
            pseudonyms=_flag(raw.get("pseudonyms", True), raw.get("because"), where),
            because=_text(raw, "because", where),
            key=_text(raw, "key", where),
            audit=_text(raw, "audit", where),
            releases=_text(raw, "releases", where),
            small_cells=_least(raw.get("small_cells", SMALL), where),
            subjects=_subjects(raw.get("subjects", SUBJECTS), where),
        )

    def threshold(self, subject: str) -> int:
        """The smallest count of ``subject`` that is shown; 1 where every count is."""
        return self.small_cells if subject in self.subjects else 1


def _flag(value: Any, because: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise DepartmentError("`pseudonyms` is not true or false", where=f"{where}, privacy")
    if not value and not str(because or "").strip():
        raise DepartmentError(
            "`pseudonyms: false` needs a reason",
            where=f"{where}, privacy",
            do="say in `because` why these ids name nobody: invented people, or codes their publisher made",
        )
    return value


def _text(raw: Mapping[str, Any], key: str, where: str) -> str:
    value = raw.get(key, "")
    if not isinstance(value, str):
        raise DepartmentError(f"`{key}` is not a text", where=f"{where}, privacy")
    return value.strip()


def _least(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise DepartmentError(
            f"`small_cells` is {value!r}",
            where=f"{where}, privacy",
            do="give the smallest count of people that may be shown, 5 as a rule; 1 shows every count",
        )
    return value


def _subjects(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise DepartmentError("`subjects` is not a list", where=f"{where}, privacy", choices=SUBJECTS)
    for item in value:
        if item not in SUBJECTS:
            raise DepartmentError(f"no subject {item!r}", where=f"{where}, privacy", choices=SUBJECTS, found=item)
    return tuple(value)
