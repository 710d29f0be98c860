"""Sample sizes."""

from __future__ import annotations

import pytest

from perflib.errors import InputError
from perflib.models.sampling import discovery_sample


@pytest.mark.parametrize(("population", "n"), [(None, 59), (100, 45), (500, 56), (1000, 57), (5000, 59)])
def test_discovery_sample(population, n):
    sample = discovery_sample(0.05, 0.95, population)
    assert sample.n == n and sample.chance_missed <= 0.05


@pytest.mark.parametrize("call", [lambda: discovery_sample(5), lambda: discovery_sample(0.05, population=0)])
def test_impossible_samples_are_refused(call):
    with pytest.raises(InputError):
        call()
