"""The promise of the response-time report: a step in one district is found there, and nowhere else.

Bar: a planted rise of 20 % in one district's median is found in that district within a month of its date in at least
45 of 50 seeds, and some other district is flagged in at most 5 of 50. The whole way is tested: calls, Department,
weekly medians in the engine, step test.
"""

from concurrent.futures import ProcessPoolExecutor
from datetime import date

import pytest

DISTRICT, PLANTED = "0412", date(2025, 3, 1)


def flagged(seed: int, size: float = 1.2) -> dict[str, date]:
    """District -> date of its step, for one seed of the sample's calls."""
    import perflib as pf
    from perflib.metrics.response import steps
    from perflib.synthetic import calls_with_step

    calls = calls_with_step(seed, size, DISTRICT, PLANTED).drop(columns="response_min")
    result = steps(pf.from_frames(name="Planted", timezone="America/New_York", calls=calls), every="week")
    found = result.table[result.table["flagged"]]
    return {row.series: row.break_date.date() for row in found.itertuples()}


def within_a_month(found: dict[str, date]) -> bool:
    return DISTRICT in found and abs((found[DISTRICT] - PLANTED).days) <= 31


def test_one_seed_finds_the_district_and_the_month() -> None:
    found = flagged(1)
    assert within_a_month(found) and set(found) == {DISTRICT}


@pytest.mark.slow
def test_fifty_seeds() -> None:
    with ProcessPoolExecutor(2) as pool:
        results = list(pool.map(flagged, range(100, 150)))
    found, elsewhere = sum(map(within_a_month, results)), sum(bool(set(result) - {DISTRICT}) for result in results)
    print(f"found within a month in {found} of 50 seeds; another district flagged in {elsewhere} of 50")
    assert found >= 45
    assert elsewhere <= 5
