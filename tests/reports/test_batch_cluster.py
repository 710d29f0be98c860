"""The same plan on a Dask cluster, and results at an address: both need packages that perflib can do without."""

from __future__ import annotations

import json

import nbformat
import pytest
import yaml
from nbformat import v4

from perflib.errors import InputError
from perflib.reports.batch import report

CELL = """import os, pandas as pd, perflib as pf
pf.Result("tiny", pd.DataFrame({"n": [n]}), "T", "A.", "", facts={"n": n, "square": n * n})"""


@pytest.fixture
def plan(tmp_path):
    parameters = v4.new_code_cell("n: int = 1", metadata={"tags": ["parameters"]})
    nbformat.write(v4.new_notebook(cells=[parameters, v4.new_code_cell(CELL)]), tmp_path / "tiny.ipynb")
    runs = [{"notebook": "tiny", "parameters": {"n": [1, 2, 3, "x"]}}]
    (tmp_path / "plan.yml").write_text(yaml.safe_dump({"runs": runs}), encoding="utf-8")
    return tmp_path / "plan.yml"


def test_a_cluster_of_two_processes_gives_the_same_facts(plan):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        status = report(plan, scheduler=cluster.scheduler_address)
    assert [run["status"] for run in status["runs"]] == ["done", "done", "done", "failed"]
    out = plan.parent / "out"
    facts = [json.loads((out / run["name"] / "facts.json").read_text("utf-8")) for run in status["runs"][:3]]
    assert [item["tiny"] for item in facts] == [{"n": n, "square": n * n} for n in (1, 2, 3)]
    assert report(plan, workers=2, resume=True)["resumed"] == 3, "what the cluster made stands for a local run too"


def test_results_go_to_an_address_and_a_batch_resumes_from_there(plan):
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    status = report(plan, workers=2, out="memory://reports")
    store = fsspec.filesystem("memory")
    name = status["runs"][1]["name"]
    assert json.loads(store.cat(f"/reports/{name}/facts.json")) == {"tiny": {"n": 2, "square": 4}}
    assert store.exists("/reports/index.html") and not (plan.parent / "out").exists()
    store.rm(f"/reports/{name}/manifest.json")
    assert report(plan, workers=2, out="memory://reports", resume=True)["resumed"] == 2


def test_without_the_packages_the_message_says_what_to_install(plan, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(InputError, match="pip install distributed"):
        report(plan, scheduler="tcp://127.0.0.1:1")
