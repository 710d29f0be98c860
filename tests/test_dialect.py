"""Only ``engine/`` knows a dialect of SQL: the rule, held on the syntax tree of every other module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "perflib"
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] != "engine"]
#: drivers, and the rooms that may use each besides ``engine``
DRIVERS = {"duckdb": (), "psycopg": (), "sqlite3": ("privacy", "store")}
#: ways into a database that Ibis keeps for itself, or that differ from one database to the next
DOORS = {"raw_sql", "sql", "get_backend", "_find_backend", "con", "udf", "hash", "create_view"}


def faults(tree: ast.AST, room: str) -> Iterator[str]:
    """What a module of a room says in a dialect: a driver, a statement, a backend's own attributes."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            drivers = {name.split(".")[0] for name in names} & set(DRIVERS)
            yield from (f"imports {name}" for name in drivers if room not in DRIVERS[name])
        elif isinstance(node, ast.Attribute) and (node.attr in DOORS or _private(node)) and not _own(node):
            yield f"line {node.lineno}: .{node.attr}"
        elif isinstance(node, ast.Call) and _states(node) and room not in DRIVERS["sqlite3"]:
            yield f"line {node.lineno}: executes a statement"


def _own(node: ast.Attribute) -> bool:
    """An attribute of a class of ours, which happens to have the same name."""
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def _private(node: ast.Attribute) -> bool:
    """A private attribute of the object that speaks to the database."""
    return node.attr.startswith("_") and isinstance(node.value, ast.Name) and node.value.id in ("engine", "backend")


def _states(call: ast.Call) -> bool:
    """A call of ``execute`` with a text; an Ibis expression executes without one."""
    texts = any(isinstance(part, (ast.Constant, ast.JoinedStr)) for part in call.args)
    return texts and isinstance(call.func, ast.Attribute) and call.func.attr == "execute"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_only_the_engine_knows_a_dialect(path: Path) -> None:
    room = path.relative_to(PACKAGE).with_suffix("").parts[0]
    assert not list(faults(ast.parse(path.read_text(encoding="utf-8")), room))


@pytest.mark.parametrize(
    "code",
    [
        "import duckdb",
        "from duckdb import connect",
        "import sqlite3",
        "con.execute('SELECT 1')",
        "con.execute(f'SELECT {1}')",
        "table.get_backend()",
        "ibis.udf.scalar.builtin(f)",
        "backend.raw_sql(text)",
        "engine._con.cursor()",
        "rows.call_id.hash()",
        "rows.sql(text)",
    ],
)
def test_the_walk_sees_every_way_into_a_database(code: str) -> None:
    assert list(faults(ast.parse(code), "metrics"))


def test_privacy_may_keep_its_log_in_sqlite() -> None:
    assert not list(faults(ast.parse("import sqlite3\ncon.execute('SELECT 1')"), "privacy"))
