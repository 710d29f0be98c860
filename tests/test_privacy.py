"""Pseudonyms and suppression."""

import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from perflib import privacy
from perflib.errors import InputError, PrivacyError


def test_pseudonym_is_stable_keyed_and_opaque() -> None:
    key, other = b"k" * 32, b"o" * 32
    assert privacy.pseudonym("0412", key) == privacy.pseudonym("0412", key)
    assert privacy.pseudonym("0412", key) != privacy.pseudonym("0412", other)
    assert len({privacy.pseudonym(n, key) for n in range(20_000)}) == 20_000


@pytest.mark.skipif(os.name != "posix", reason="permission bits exist on POSIX only")
def test_key_file_is_private(tmp_path) -> None:
    path = tmp_path / "keys" / "officers.key"
    key = privacy.read_key(path)
    assert path.stat().st_mode & 0o077 == 0 and privacy.read_key(path) == key
    path.chmod(0o644)
    with pytest.raises(PrivacyError, match="chmod 600"):
        privacy.read_key(path)


def test_protected_fields_are_refused() -> None:
    with pytest.raises(PrivacyError, match="race, sex"):
        privacy.refuse_protected(["race", "hours", "sex"], "a score")
    privacy.refuse_protected(["hours"], "a score")


@given(arrays(int, st.tuples(st.integers(2, 6), st.integers(2, 6)), elements=st.integers(0, 40)))
def test_no_line_gives_a_hidden_cell_away(values: np.ndarray) -> None:
    shown = privacy.suppress(pd.DataFrame(values), threshold=5).to_numpy(dtype=float, na_value=np.nan)
    hidden = np.isnan(shown)
    assert not ((shown > 0) & (shown < 5)).any()
    for mask, line in [*zip(hidden, values, strict=True), *zip(hidden.T, values.T, strict=True)]:
        if mask.any() and not mask.all():
            assert mask.sum() >= 2 and line[mask].sum() >= 5
    assert (shown[~hidden] == values[~hidden]).all()


def test_suppress_refuses_what_are_not_counts() -> None:
    with pytest.raises(InputError):
        privacy.suppress(pd.DataFrame([[1.5, 2]]))
    with pytest.raises(InputError):
        privacy.suppress(pd.DataFrame([[1, 2]]), threshold=1)
