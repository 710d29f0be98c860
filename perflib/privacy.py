"""Pseudonyms for people, and suppression of small cells so that a shared table discloses nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from perflib.errors import InputError, PrivacyError

#: fields that no score may use; they serve only to audit one.
PROTECTED = frozenset(
    "race ethnicity sex gender age birth_year marital_status religion subject_race subject_sex subject_age "
    "complainant_race complainant_sex age_group subject_age_group".split()
)


def pseudonym(identity: object, key: bytes, prefix: str = "P") -> str:
    """A stable code for ``identity`` that cannot be reversed without ``key`` (HMAC-SHA-256, first 50 bits)."""
    digest = hmac.new(key, str(identity).encode(), hashlib.sha256).digest()
    return f"{prefix}-{base64.b32encode(digest)[:10].decode()}"


def read_key(path: Path) -> bytes:
    """The key file's bytes; created with owner-only permissions on first use.

    Raises
    ------
    PrivacyError : the file is shorter than 32 bytes, or others may read it (POSIX).
    """
    if not path.exists():
        _create_key(path)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise PrivacyError("others may read the key file", where=str(path), do="chmod 600 it")
    key = path.read_bytes()
    if len(key) < 32:
        raise PrivacyError("the key file is shorter than 32 bytes", where=str(path), do="restore it from your backup")
    return key


def _create_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(32))


def refuse_protected(columns: Iterable[str], use: str) -> None:
    """Raise PrivacyError when a protected personal field is offered as an input of ``use``."""
    found = sorted(set(columns) & PROTECTED)
    if found:
        raise PrivacyError(
            f"{', '.join(found)} cannot be an input of {use}", do="protected fields serve only to audit a score"
        )


def suppress(
    counts: pd.DataFrame, threshold: int = 5, *, rows: Sequence[str] = (), zero_discloses: bool = False
) -> pd.DataFrame:
    """Hide small counts in a two-way table so that they cannot be recovered from its totals.

    Primary suppression hides every count from 1 (0 with ``zero_discloses``) to ``threshold - 1``. Complementary
    suppression then hides further cells until every line with a hidden cell has at least two, and the hidden cells
    of each line sum to at least ``threshold`` (otherwise the total still gives them away).

    Parameters
    ----------
    counts : one row and one column per category, non-negative whole numbers, no totals; ``rows`` are label columns.

    Returns
    -------
    The table with hidden counts as missing (nullable integers); totals of the original may be published.

    Raises
    ------
    InputError : a negative or fractional count, or a threshold below 2.
    """
    if threshold < 2:
        raise InputError(f"threshold {threshold} hides nothing", do="use 2 or more")
    body = counts.drop(columns=list(rows))
    values = body.to_numpy(dtype=float, na_value=np.nan)
    if (values[~np.isnan(values)] < 0).any() or (values[~np.isnan(values)] % 1 > 0).any():
        raise InputError("counts must be whole numbers of at least 0", where="suppress")
    low = 0 if zero_discloses else 1
    hidden = np.isnan(values) | ((values >= low) & (values < threshold))
    hidden = _complement(values, hidden, threshold)
    shown = body.astype("Int64").mask(pd.DataFrame(hidden, index=body.index, columns=body.columns))
    return pd.concat([counts[list(rows)], shown], axis=1)


def _complement(values: np.ndarray, hidden: np.ndarray, threshold: int) -> np.ndarray:
    hidden = hidden.copy()
    changed = True
    while changed:
        changed = False
        for view, mask in ((values, hidden), (values.T, hidden.T)):
            for line in range(view.shape[0]):
                changed |= _protect_line(view[line], mask[line], threshold)
    return hidden


def _protect_line(values: np.ndarray, hidden: np.ndarray, threshold: int) -> bool:
    """Hide the smallest open cells of a line until its hidden cells are safe; True when something was hidden."""
    changed = False
    while hidden.any() and not hidden.all() and (hidden.sum() < 2 or np.nansum(values[hidden]) < threshold):
        open_cells = np.flatnonzero(~hidden)
        candidates = open_cells[values[open_cells] > 0] if (values[open_cells] > 0).any() else open_cells
        hidden[candidates[np.argmin(values[candidates])]] = True
        changed = True
    return changed
