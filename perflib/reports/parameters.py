"""A notebook's parameters: its tagged cell is the contract, held before any kernel starts."""

from __future__ import annotations

import ast
import io
import json
import math
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from perflib import schema
from perflib.errors import ParameterError
from perflib.reports.values import check_words

Value = str | int | float | bool
TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Parameter:
    """One annotated scalar of the tagged cell: ``name: type = default  # help``."""

    name: str
    type: str
    default: Value
    help: str = ""


@dataclass(frozen=True)
class Contract:
    """The parameters a notebook takes, in the order of its tagged cell."""

    notebook: str
    parameters: tuple[Parameter, ...]

    @property
    def names(self) -> list[str]:
        """The valid names."""
        return [parameter.name for parameter in self.parameters]

    def fill(self, given: Mapping[str, Any]) -> dict[str, Value]:
        """Every parameter's value: the given ones, checked, and the defaults of the others.

        A text is read as the annotated type (so ``"0412"`` stays text where the annotation is ``str``); any other
        value must already be of that type.

        Raises
        ------
        ParameterError : an unknown name, a value that is not of the annotated type, or (``check_words``) a word or day
            that is right for no department.
        """
        unknown = [name for name in given if name not in self.names]
        if unknown:
            raise ParameterError(
                f"unknown parameter {', '.join(map(repr, unknown))}",
                where=self.notebook,
                choices=self.names,
                found=unknown[0],
            )
        values = {
            item.name: self._typed(item, given[item.name]) if item.name in given else item.default
            for item in self.parameters
        }
        check_words(values, given, self.notebook)
        return values

    def _typed(self, item: Parameter, value: Any) -> Value:
        typed = _from_text(item.type, value) if isinstance(value, str) else _from_value(item.type, value)
        if typed is None:
            found = f"{value!r} ({type(value).__name__})"
            hint = " (put it in quotes)" if item.type == "str" else ""
            raise ParameterError(
                f"parameter {item.name!r} must be {item.type}, found {found}{hint}", where=self.notebook
            )
        return typed if item.name in ("department", "holidays") else schema.composed(typed)  # a path is what it is


def read_contract(notebook: str | Path) -> Contract:
    """The contract of a notebook: the annotated scalars of its cell tagged ``parameters``.

    Raises
    ------
    ParameterError : the file is not a notebook; the tag is missing or doubled; the cell holds anything but
        ``name: str|int|float|bool = literal`` lines and comments.
    """
    path = Path(notebook)
    cells = [
        "".join(cell.get("source", ""))
        for cell in _load(path).get("cells", [])
        if cell.get("cell_type") == "code" and "parameters" in cell.get("metadata", {}).get("tags", [])
    ]
    if len(cells) != 1:
        found = "no cell" if not cells else f"{len(cells)} cells"
        raise ParameterError(
            f"{found} tagged 'parameters'",
            where=path.name,
            do="tag exactly one code cell 'parameters' with lines such as `district: str = \"\"`",
        )
    return Contract(path.name, tuple(_declarations(cells[0], path.name)))


def from_assignments(assignments: list[str]) -> dict[str, str]:
    """``["name=value", ...]`` of a command line as a dictionary of texts.

    Raises
    ------
    ParameterError : no ``=``, an empty name, or a name given twice.
    """
    given: dict[str, str] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ParameterError(f"{text!r} is not name=value", do="write for instance -p district=0412")
        if name.strip() in given:
            raise ParameterError(f"parameter {name.strip()!r} is given twice")
        given[name.strip()] = value
    return given


def _load(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"cannot be read ({error.strerror})", where=str(path), do="give an .ipynb file") from None
    except ValueError:
        raise ParameterError("is not a Jupyter notebook", where=str(path), do="give an .ipynb file") from None
    if not isinstance(content, dict) or "cells" not in content:
        raise ParameterError("is not a Jupyter notebook of format 4", where=str(path), do="save it in JupyterLab")
    return content


def _declarations(source: str, where: str) -> list[Parameter]:
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise ParameterError(f"the cell tagged 'parameters' is not Python (line {error.lineno})", where=where) from None
    comments = _comments(source)
    found = [_declaration(statement, comments, where) for statement in statements]
    doubled = {item.name for item in found if [other.name for other in found].count(item.name) > 1}
    if doubled:
        raise ParameterError(f"parameter {', '.join(sorted(doubled))} is declared twice", where=where)
    return found


def _declaration(statement: ast.stmt, comments: dict[int, str], where: str) -> Parameter:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id=kind), value=ast.expr() as value) if (
            kind in TYPES
        ):
            default = _literal(value)
            typed = None if default is None else _from_value(kind, default)
            if typed is not None:
                return Parameter(name, kind, typed, comments.get(statement.end_lineno or statement.lineno, ""))
    raise ParameterError(
        f"{ast.unparse(statement)!r} in the cell tagged 'parameters' is not a parameter",
        where=where,
        do="write `name: type = value` with a plain value of that type",
        choices=TYPES,
    )


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        return None


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def _from_text(kind: str, text: str) -> Value | None:
    if kind == "str":
        return text
    if kind == "bool":
        return _TRUTH.get(text.strip().lower())
    try:
        number = int(text) if kind == "int" else float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _from_value(kind: str, value: Any) -> Value | None:
    if kind == "float" and type(value) is int:
        return float(value)
    return cast("Value", value) if type(value) is TYPES[kind] else None
