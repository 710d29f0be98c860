"""Rooms import only from lower floors: the table of the design, held by walking every import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "perflib"
FLOORS = {
    "errors": 0,
    "schema": 1,
    "privacy": 1,
    "strict_yaml": 1,
    "grammar": 1,
    "period": 1,
    "rates": 1,
    "verdicts": 1,
    "figures": 2,
    "audit": 2,
    "files": 2,
    "result": 3,
    "engine": 3,
    "agency": 4,
    "models": 4,
    "synthetic": 4,
    "words": 4,
    "selection": 5,
    "sources": 5,
    "metrics": 6,
    "ledger": 7,
    "widgets": 7,
    "reports": 7,
    "safety": 7,
    "__init__": 8,
    "__main__": 8,
}
MODULES = sorted(PACKAGE.rglob("*.py"))
#: What each floor speaks: models know neither the engine nor a police table.
FOREIGN = {
    "models": {"ibis", "duckdb", "sqlglot", "pyarrow"},
    "figures": {"ibis", "duckdb", "sqlglot", "statsmodels", "sklearn", "prophet", "scipy"},
    "result": {"ibis", "duckdb", "sqlglot", "statsmodels", "sklearn", "prophet"},
}
MOST_LINES = 400


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def package_of(path: Path) -> list[str]:
    return ["perflib", *path.relative_to(PACKAGE).parent.parts]


def imported(tree: ast.AST, package: list[str]) -> Iterator[str]:
    """Every absolute dotted name imported anywhere in a module: at its top, in functions, relative or by a string."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            yield from (absolute(each.value, package) for each in node.args[:1] if isinstance(each, ast.Constant))


def absolute(name: str, package: list[str]) -> str:
    bare = name.lstrip(".")
    level = len(name) - len(bare)
    return ".".join([*(package[: len(package) - level + 1] if level else []), bare])


def rooms_imported(path: Path) -> Iterator[str]:
    for name in imported(ast.parse(path.read_text(encoding="utf-8")), package_of(path)):
        parts = name.split(".")
        if parts[0] == "perflib":
            yield parts[1] if len(parts) > 1 and parts[1] in FLOORS else "__init__"


def faults(path: Path) -> list[str]:
    room = room_of(path)
    floor = FLOORS[room]
    if floor == FLOORS["__init__"]:
        return []
    found = sorted(set(rooms_imported(path)) - {room})
    # The package itself is a lazy door to every floor; only its version may be taken through it.
    found = [other for other in found if other != "__init__" or not only_version(path)]
    return [f"{room} ({floor}) imports {other} ({FLOORS[other]})" for other in found if FLOORS[other] >= floor]


def only_version(path: Path) -> bool:
    """Whether all that a module takes from the package itself is its version."""
    names = imported(ast.parse(path.read_text(encoding="utf-8")), package_of(path))
    top = {name for name in names if name.split(".")[0] == "perflib" and [*name.split("."), ""][1] not in FLOORS}
    return top <= {"perflib.__version__"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_room_imports_only_from_lower_floors(path: Path) -> None:
    assert room_of(path) in FLOORS, f"{name_of(path)}: the design has no such room"
    assert not faults(path)


@pytest.mark.parametrize("path", [path for path in MODULES if room_of(path) in FOREIGN], ids=name_of)
def test_a_room_speaks_its_own_language(path: Path) -> None:
    names = imported(ast.parse(path.read_text(encoding="utf-8")), package_of(path))
    assert not {name.split(".")[0] for name in names} & FOREIGN[room_of(path)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_file_stays_readable_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    assert path.name not in ("utils.py", "util.py", "base.py", "helpers.py", "common.py")


@pytest.mark.parametrize(
    ("code", "package", "expected"),
    [
        ("import perflib.sources.read", ["perflib", "models"], "perflib.sources.read"),
        ("from ..sources import open", ["perflib", "models"], "perflib.sources.open"),
        ("from .. import sources", ["perflib", "models"], "perflib.sources"),
        ("from . import counts", ["perflib", "models"], "perflib.models.counts"),
        ("def f():\n    from perflib import reports", ["perflib"], "perflib.reports"),
        ("importlib.import_module('perflib.reports')", ["perflib"], "perflib.reports"),
    ],
)
def test_the_walk_sees_every_kind_of_import(code: str, package: list[str], expected: str) -> None:
    assert expected in set(imported(ast.parse(code), package))
