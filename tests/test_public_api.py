"""What a user meets first: a fast import, names that resolve, functions that say what they do."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import statistics
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

import perflib

PACKAGE = Path(perflib.__file__).parent
HEAVY = {
    "duckdb",
    "ibis",
    "matplotlib",
    "numba",
    "numpy",
    "pandas",
    "prophet",
    "pyarrow",
    "scipy",
    "sklearn",
    "statsmodels",
}
FILES = sorted(PACKAGE.rglob("*.py"))
PROBE = """
import json, sys, time
before = set(sys.modules)
started = time.perf_counter()
import perflib
took = time.perf_counter() - started
print(json.dumps([took, sorted({name.split(".")[0] for name in set(sys.modules) - before})]))
"""


def file_name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def probe() -> tuple[float, set[str]]:
    shown = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True).stdout
    took, loaded = json.loads(shown)
    return took, set(loaded)


def test_import_is_fast_and_loads_nothing_heavy() -> None:
    runs = [probe() for _ in range(5)]
    assert not runs[0][1] & HEAVY
    assert statistics.median(took for took, _ in runs) < 0.3


@pytest.mark.parametrize("name", perflib.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(perflib, name) is not None
    assert name in dir(perflib)


def test_an_unknown_name_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(AttributeError, match="Department"):
        _ = perflib.no_such_name


def modules(room: str) -> Iterator[types.ModuleType]:
    package = importlib.import_module(f"perflib.{room}")
    yield package
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def public_functions() -> list[types.FunctionType]:
    """Every function that a statistics or metrics module offers under a public name of its own."""
    found = {}
    for room in ("models", "metrics"):
        for module in modules(room):
            for name, value in vars(module).items():
                home = getattr(value, "__module__", "") or ""
                if inspect.isfunction(value) and not name.startswith("_") and home.startswith(f"perflib.{room}"):
                    found[f"{home}.{value.__qualname__}"] = value
    return [found[name] for name in sorted(found)]


@pytest.mark.parametrize("function", public_functions(), ids=lambda found: f"{found.__module__}.{found.__name__}")
def test_a_public_statistic_has_a_docstring_and_annotations(function: types.FunctionType) -> None:
    assert inspect.getdoc(function), "the docstring is the definition"
    signature = inspect.signature(function)
    assert all(argument.annotation is not argument.empty for argument in signature.parameters.values())
    assert signature.return_annotation is not inspect.Signature.empty


@pytest.mark.parametrize("path", FILES, ids=file_name)
def test_no_error_is_swallowed(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            silent = all(isinstance(line, ast.Pass) or ast.unparse(line) == "..." for line in node.body)
            assert not (broad and silent), f"line {node.lineno} hides every error"
            assert node.type is not None, f"line {node.lineno} catches everything, even an interrupt"


@pytest.mark.parametrize("path", FILES, ids=file_name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) not in (None, "", ".")
