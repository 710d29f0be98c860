"""The project's own files agree with each other and carry nothing of the machine they were made on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import perflib

ROOT = Path(__file__).parents[1]
#: conda-forge's name -> PyPI's, where they differ.
CONDA_NAMES = {"ibis-duckdb": "ibis-framework", "python-duckdb": "duckdb", "python-tzdata": "tzdata"}
MACHINE_PATHS = re.compile(r"(?<![\w.<{$}/-])(?:/(?:work|home|root|Users)/\w|[A-Za-z]:\\{1,2}Users\\)")
TEMPORARY = re.compile(r"(?<![\w.<{$}/-])/tmp/\w")
INDEX = re.compile(r"--(?:extra-)?index-url|--find-links|https?://[^\s/]*/(?:[\w-]+/)*simple/?(?=[\s\"']|$)|file:///")
#: A file that speaks of such paths in order to forbid them.
EXEMPT = {"tests/test_project.py"}
TEXT = {
    "",
    ".R",
    ".cff",
    ".csv",
    ".ipynb",
    ".j2",
    ".json",
    ".lock",
    ".md",
    ".py",
    ".sql",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
}
NOT_OURS = {".git", ".venv", "__pycache__", "reports"}


def tracked() -> list[Path]:
    """The files under version control, or, outside a checkout, every file that could be."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    inside = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in inside if not NOT_OURS & set(path.relative_to(ROOT).parts[:1] + path.parts[-2:-1])]


def texts() -> list[tuple[str, str]]:
    small = [path for path in tracked() if path.suffix in TEXT and path.stat().st_size < 2_000_000]
    return [(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8", errors="replace")) for path in small]


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def split(requirement: str) -> tuple[str, str]:
    """Name without extras, and the bounds in a fixed order."""
    found = re.match(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?\s*(.*)", requirement.split(";")[0].strip())
    assert found, requirement
    name = found[1].lower().replace("_", "-")
    return CONDA_NAMES.get(name, name), ",".join(sorted(part.strip() for part in found[2].split(",")))


def declared() -> dict[str, str]:
    project = pyproject()
    extras = [line for group in project["project"]["optional-dependencies"].values() for line in group]
    groups = [line for group in project["dependency-groups"].values() for line in group]
    return dict(split(line) for line in [*project["project"]["dependencies"], *extras, *groups])


def locked() -> dict[str, list[str]]:
    """Package -> its block in the lock: the requirement and one line per hash."""
    blocks: dict[str, list[str]] = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if re.match(r"[a-z0-9]", line):
            blocks[line] = []
            current = blocks[line]
        elif line.strip().startswith("--hash"):
            current.append(line.strip(" \\"))
    return blocks


def test_conda_environment_names_the_same_packages_and_bounds() -> None:
    lines = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    pip = [name for line in lines if isinstance(line, dict) for name in line["pip"]]
    conda = dict(split(line) for line in [*(line for line in lines if isinstance(line, str)), *pip])
    python = conda.pop("python")
    conda.pop("pip")
    assert conda == declared()
    assert python == split("python" + pyproject()["project"]["requires-python"])[1]


def test_lock_pins_every_requirement_with_hashes_and_names_no_index() -> None:
    blocks = locked()
    names = {split(line.rstrip(" \\").replace("==", " =="))[0] for line in blocks}
    assert set(declared()) <= names
    assert all(re.match(r"[a-z0-9._-]+==\S+", line) for line in blocks)
    assert all(blocks.values())
    assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for hashes in blocks.values() for each in hashes)
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"index-url|find-links|https?://|file:|@ |^-", text, re.MULTILINE)


def test_locked_versions_are_within_the_declared_bounds() -> None:
    from packaging.requirements import Requirement

    project = pyproject()
    for line in project["project"]["dependencies"]:
        wanted = Requirement(line)
        pins = [block for block in locked() if split(block.replace("==", " =="))[0] == wanted.name.lower()]
        versions = [re.split(r"==|[ ;\\]", block)[1] for block in pins]
        assert versions
        assert all(wanted.specifier.contains(version) for version in versions), line


@pytest.mark.parametrize("pattern", [MACHINE_PATHS, INDEX], ids=["machine paths", "package index"])
def test_no_file_names_a_machine(pattern: re.Pattern[str]) -> None:
    found = [(name, hit[0]) for name, text in texts() if name not in EXEMPT for hit in pattern.finditer(text)]
    assert not found


def test_no_file_but_a_test_names_a_temporary_path() -> None:
    outside = [(name, text) for name, text in texts() if not name.startswith("tests/")]
    assert not [(name, hit[0]) for name, text in outside for hit in TEMPORARY.finditer(text)]


def test_analysis_notebooks_are_stored_without_outputs() -> None:
    for path in tracked():
        if path.suffix != ".ipynb" or "reproductions" in path.parts:
            continue
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            assert not cell.get("outputs") and cell.get("execution_count") is None, path.name


def test_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == perflib.__version__
    assert citation["license"] == pyproject()["project"]["license"]
    assert f"## [{perflib.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_file_names_work_on_every_system() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    assert not [name for name in names if re.search(r'[:*?"<>|\\]', name) or len(name) > 120]
    assert len({name.lower() for name in names}) == len(names)


def test_make_and_dev_offer_the_same_jobs() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()) - {"help"}
    command = [sys.executable, "dev.py", "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert targets == set(re.findall(r"^    python dev\.py (\w+)", shown, re.MULTILINE))


def test_dev_needs_nothing_but_the_standard_library() -> None:
    imports = re.findall(r"^\s*(?:import|from) (\w+)", (ROOT / "dev.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(imports) <= sys.stdlib_module_names
