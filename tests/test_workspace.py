"""`perflib init` makes a folder in which all runs as it stands; `perflib lab` opens it; both from the wheel alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml

import perflib as pf
from perflib.__main__ import main
from perflib.errors import InputError
from perflib.models.timeline import timeline
from perflib.reports import workspace
from perflib.reports.plan import read_plan
from perflib.sources import mapping

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("init") / "ourtown"
    return workspace.init(folder)


def done_by(command: list, **options) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, check=False, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_everything_an_analyst_needs_is_there(made):
    held = contents(made.folder)
    assert set(held) == set(made.written) and not made.kept
    wanted = {"department.yml", "plan.yml", "README.md", ".gitignore", "mappings/calls.yml", "mappings/skeleton.yml"}
    assert wanted | {f"notebooks/{name}" for name in NOTEBOOKS} <= set(held)
    ignored = held[".gitignore"].decode().split()
    assert {"exports/", "reports/", "keys/", "*.key"} <= set(ignored)


def test_it_opens_on_an_export_that_loses_no_record(made):
    dept = pf.open(made.folder / "department.yml")
    read = pd.read_csv(made.folder / workspace.EXAMPLE, dtype=str)
    assert dept.calls.count().execute() == len(read) > 10_000
    sample = pf.open("", tables=["calls"])
    same = sample.calls.filter(sample.calls.call_id.isin(read["IncidentNo"]))
    known = same.select("call_id", "received_at").execute()
    ours = dept.calls.select("call_id", "received_at").execute()
    both = known.merge(ours, on="call_id")
    apart = (both["received_at_x"] - both["received_at_y"]).abs()
    assert len(both) == len(read) and (apart < pd.Timedelta("1s")).mean() > 0.998, "but for the hour that occurs twice"


def test_its_plan_is_sound_and_stays_inside(made):
    plan = read_plan(made.folder / "plan.yml")
    assert Path(plan.department) == made.folder / "department.yml"
    assert all(run.notebook.is_relative_to(made.folder) for run in plan.runs)
    mapping.load(made.folder / "mappings" / "calls.yml")
    assert yaml.safe_load((made.folder / "mappings" / "skeleton.yml").read_text(encoding="utf-8"))["table"] == "calls"


def test_a_workspace_is_completed_and_nothing_in_it_is_touched(made, tmp_path, capsys):
    folder = tmp_path / "w"
    shutil.copytree(made.folder, folder)
    (folder / "department.yml").write_text("mine", encoding="utf-8")
    (folder / "exports" / "example_calls.csv").rename(folder / "exports" / "mine.csv")
    (folder / "notebooks" / NOTEBOOKS[0]).unlink()
    before = contents(folder)
    assert main(["init", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "kept as it was: department.yml" in said and "1 files written" in said
    after = contents(folder)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {f"notebooks/{NOTEBOOKS[0]}"}, "no invented calls beside an analyst's export"


def test_a_folder_of_other_things_is_refused_whole(tmp_path, capsys):
    (tmp_path / "photo.jpg").write_bytes(b"x")
    assert main(["init", str(tmp_path)]) == 1
    assert "holds other things ('photo.jpg')" in capsys.readouterr().err
    assert contents(tmp_path) == {"photo.jpg": b"x"}
    with pytest.raises(InputError, match="is a file"):
        workspace.init(tmp_path / "photo.jpg")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_out_of_the_folder_is_not_followed(tmp_path, made):
    inside, outside = tmp_path / "w", tmp_path / "elsewhere"
    inside.mkdir()
    outside.mkdir()
    (inside / "department.yml").write_text("mine", encoding="utf-8")
    (inside / "notebooks").symlink_to(outside)
    with pytest.raises(InputError, match="would lie outside"):
        workspace.init(inside)
    assert not list(outside.iterdir())


def test_lab_stays_on_this_machine_and_keeps_its_token(made):
    arguments = workspace.lab_arguments(made.folder, 9123, browser=False)
    assert "--ServerApp.port=9123" in arguments and "--ServerApp.open_browser=False" in arguments
    assert "--ServerApp.ip=localhost" in arguments and f"--ServerApp.root_dir={made.folder}" in arguments
    assert not [word for word in arguments if "token" in word.lower() or "password" in word.lower()]


def test_lab_says_what_is_missing(tmp_path, monkeypatch, capsys):
    assert main(["lab", str(tmp_path / "absent")]) == 1
    assert "perflib init" in capsys.readouterr().err
    monkeypatch.setattr(workspace, "find_spec", lambda name: None)
    assert main(["lab", str(tmp_path)]) == 1
    assert "pip install jupyterlab" in capsys.readouterr().err


def test_one_record_at_midnight_does_not_make_days_of_times():
    days = pd.DataFrame({"day": pd.date_range("2025-01-01", periods=60), "feed": "", "records": 200})
    assert not timeline(days, pd.Series({0: 1})).sentences()
    assert timeline(days, pd.Series({0: 12_000})).sentences() == ["every event stands at midnight: days without times"]


@pytest.mark.slow
def test_the_wheel_alone_makes_a_workspace_and_a_report(tmp_path):
    uv = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    if not uv.exists():
        pytest.skip("uv is not installed")
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__"))
    built = done_by(
        [uv, "build", "--wheel", "--no-build-isolation", "--python", sys.executable, "-o", tmp_path / "dist", source],
        cwd=tmp_path,
    )
    wheel = next((tmp_path / "dist").glob("perflib-*.whl"))
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"perflib/_data/catalog.yml", "perflib/_data/mappings/decc_calls.yml"} <= names, built.stderr
    assert "perflib/reports/jupyter/labconfig/page_config.json" in names
    assert {f"perflib/_notebooks/{name}" for name in NOTEBOOKS} <= names
    assert not [name for name in names if ".ipynb_checkpoints" in name or "__pycache__" in name]
    site = tmp_path / "site"
    done_by(
        [uv, "pip", "install", "-q", "--no-deps", "--offline", "--target", site, "--python", sys.executable, wheel],
        cwd=tmp_path,
    )
    start = [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(site)!r}); from perflib.__main__ import main; "
        "import perflib; assert perflib.__file__.startswith(sys.path[0]); sys.exit(main(sys.argv[1:]))",
    ]
    alone = {**os.environ, "PYTHONPATH": str(site)}
    done_by([*start, "init", "town"], cwd=tmp_path, env=alone)
    done = done_by([*start, "report", "plan.yml", "--workers", "1"], cwd=tmp_path / "town", env=alone)
    assert done.stdout.startswith("1 done, 0 failed")
    pages = list((tmp_path / "town" / "reports").glob("*/*.html"))
    assert len(pages) == 1 and pages[0].stat().st_size > 100_000
    listed = [
        *start[:2],
        f"import sys; sys.path.insert(0, {str(site)!r}); "
        "from perflib.sources import catalog; print(len(catalog._sets(None)))",
    ]
    assert int(done_by(listed, cwd=tmp_path, env=alone).stdout) > 3
