"""The same seed gives the same rows, and the cache never serves a stale department."""

import multiprocessing
import os
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

from perflib import schema, synthetic
from perflib.errors import ParameterError
from perflib.synthetic import department as module
from perflib.synthetic import plan, rng
from perflib.synthetic.clock import hours, to_local, to_utc
from perflib.synthetic.rng import Draws

GOLDEN = [0.9352735837631001, 0.4171983725939104, 0.21291179367833651]


def contents(folder):
    return {file.name: pq.read_table(file) for file in sorted(folder.glob("*.parquet"))}


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return synthetic.write(tmp_path_factory.mktemp("one"), "small", seed=7)


def test_same_seed_same_rows(one, tmp_path):
    two = contents(synthetic.write(tmp_path, "small", seed=7))
    first = contents(one)
    assert set(first) == {f"{name}.parquet" for name in schema.names()} == set(two)
    assert all(first[name].equals(two[name]) for name in first)
    assert (one / "truth.yml").read_bytes() == (tmp_path / "truth.yml").read_bytes()


def test_another_seed_gives_other_rows(one, tmp_path):
    other = contents(synthetic.write(tmp_path, "small", seed=8))
    same = [name for name, table in contents(one).items() if table.equals(other[name])]
    assert same == ["population.parquet"]


def test_rows_do_not_depend_on_the_machines_zone(one, tmp_path, monkeypatch):
    if not hasattr(time, "tzset"):
        pytest.skip("the machine's zone cannot be changed here")
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        again = contents(synthetic.write(tmp_path, "small", seed=7))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert all(table.equals(again[name]) for name, table in contents(one).items())


def test_numbers_are_fixed_for_all_time():
    # Computed once; a change of these would silently change every planted department.
    found = Draws(20240101, "", np.array([0, 1, 2**40])).uniform("golden")
    assert found.tolist() == pytest.approx(GOLDEN, abs=1e-16)


def test_the_random_numbers_are_uniform_and_independent_across_purposes():
    ids = np.arange(200_000)
    u, v = Draws(1, "", ids).uniform("a"), Draws(1, "", ids).uniform("b")
    for sample in (u, v, Draws(2, "", ids).uniform("a")):
        counts = np.bincount((sample * 100).astype(int), minlength=100)
        assert ((counts - 2000) ** 2 / 2000).sum() < 160  # chi-square on 99 degrees of freedom, p < 1e-4
    assert abs(np.corrcoef(u, v)[0, 1]) < 4 / np.sqrt(ids.size)
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 4 / np.sqrt(ids.size)


@pytest.mark.parametrize("mean", [0.2, 3.0, 80.0])
def test_poisson_has_its_mean_and_variance(mean):
    counts = Draws(3, "", np.arange(100_000)).poisson("p", mean)
    assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / 1e5))
    assert counts.var() == pytest.approx(mean, rel=0.03)


def test_gamma_has_mean_one_and_the_stated_spread():
    values = Draws(3, "", np.arange(100_000)).gamma("g", 0.2)
    assert values.mean() == pytest.approx(1, abs=4 * 0.2 / np.sqrt(1e5))
    assert values.std() == pytest.approx(0.2, rel=0.02)


def test_clock_changes_are_where_they_were():
    city = plan.make("sample")
    every = hours(city)
    assert every.start.size == 1096 * 24  # three springs and three autumns cancel
    spring = every.start[1:][np.diff(to_local(city, every.start) - every.start) > 0]
    assert [str(np.datetime64(int(moment), "s")) for moment in spring] == [
        "2023-03-12T07:00:00",
        "2024-03-10T07:00:00",
        "2025-03-09T07:00:00",
    ]
    local = np.arange(every.start[0], every.start[-1], 1800) - 18000
    back = to_utc(city, local)
    moved = to_local(city, back) - local
    assert set(np.unique(moved)) <= {0, 3600}  # only the skipped hour moves on
    assert (moved > 0).sum() == 3 * 2


def test_unknown_names_are_refused_with_the_valid_ones(tmp_path):
    with pytest.raises(ParameterError, match="sample") as error:
        synthetic.write(tmp_path, "smal")
    assert "did you mean 'small'" in str(error.value)
    with pytest.raises(ParameterError, match="town"):
        synthetic.write(tmp_path, agency="village")
    with pytest.raises(ParameterError, match="step_size"):
        synthetic.write(tmp_path, stepsize=1)
    assert list(tmp_path.iterdir()) == []


def test_only_the_tables_asked_for(tmp_path):
    synthetic.write(tmp_path, "small", tables=("calls", "force"))
    assert {file.stem for file in tmp_path.glob("*.parquet")} == {"calls", "force"}
    with pytest.raises(ParameterError, match="table"):
        synthetic.write(tmp_path, "small", tables=("cals",))


def test_a_table_is_the_same_whichever_others_are_written(one, tmp_path):
    names = schema.names()
    for number, some in enumerate((names[::2], names[1::2])):
        made = contents(synthetic.write(tmp_path / str(number), "small", seed=7, tables=tuple(some)))
        assert set(made) == {f"{name}.parquet" for name in some}
        assert all(made[name].equals(table) for name, table in contents(one).items() if name in made)


def test_each_table_draws_from_streams_of_its_own(tmp_path, monkeypatch):
    """A stream is named after its table, so a table that is added later cannot share one."""
    drawn, key = {}, rng._key

    def each(name, table):
        def alone(world):
            drawn[name] = set()
            monkeypatch.setattr(rng, "_key", lambda seed, purpose: (drawn[name].add(purpose), key(seed, purpose))[1])
            return table(world)

        return alone

    monkeypatch.setattr(module, "TABLES", {name: each(name, table) for name, table in module.TABLES.items()})
    synthetic.write(tmp_path, "small", seed=7)
    shared = {"calls/beat", "calls/house", "lon", "lat"}  # where a call was: all that follows from it was there too
    assert len(drawn) == len(schema.names()) - 1  # calls come before
    for table, purposes in drawn.items():
        assert {name.split("/")[0] for name in purposes - shared} <= {table}


def test_cache_is_filled_once_and_keyed_by_the_generator(tmp_path, monkeypatch):
    monkeypatch.setenv("PERFLIB_CACHE", str(tmp_path))
    folder = synthetic.sample("small")
    stamp = (folder / "calls.parquet").stat().st_mtime_ns
    assert synthetic.sample("small") == folder
    assert (folder / "calls.parquet").stat().st_mtime_ns == stamp
    assert [item.name for item in folder.parent.iterdir()] == [folder.name]
    monkeypatch.setattr(module, "_digest", lambda: "newer")
    assert synthetic.sample("small") != folder


def test_a_failed_generation_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("PERFLIB_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "_write_text", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        synthetic.sample("small")
    assert list((tmp_path / "synthetic").iterdir()) == []


def _sample(folder):
    os.environ["PERFLIB_CACHE"] = folder
    return str(synthetic.sample("small"))


@pytest.mark.slow
def test_two_processes_at_once_agree(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.map(_sample, [str(tmp_path)] * 2)
    assert first == second
    assert len(list((tmp_path / "synthetic").iterdir())) == 1


def test_calls_with_step_is_the_sample_itself(tmp_path):
    folder = synthetic.write(tmp_path, "small", seed=5, step_size=1.3, tables=("calls",))
    calls = pq.read_table(folder / "calls.parquet").to_pandas()
    kept = calls[(calls.origin == "public") & calls.priority.isin(["1", "2"]) & calls.arrived_at.notna()]
    frame = synthetic.calls_with_step(5, size=1.3, date="2025-11-01", scale="small")
    both = kept.merge(frame, on=["received_at", "arrived_at", "dispatched_at", "priority", "district"])
    assert len(both) >= len(kept)  # the series has besides what the lagging feed has not delivered
    assert len(frame) > len(kept)


def test_the_step_multiplies_every_stage():
    with_step, without = (synthetic.calls_with_step(3, size=size) for size in (1.2, 1.0))
    after = (with_step.district == "0412") & (with_step.received_at >= "2025-03-01 05:00")
    ratio = with_step.response_min / without.response_min
    assert np.allclose(ratio[after], 1.2, atol=0.06)
    assert (ratio[~after] == 1).all()


def test_fifty_seeds_are_quick():
    synthetic.calls_with_step(0)
    start = time.process_time()
    synthetic.calls_with_step(1)
    assert time.process_time() - start < 1
