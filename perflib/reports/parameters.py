"""A notebook's parameters: its tagged cell is the contract, held before any kernel starts."""

from __future__ import annotations

import ast
import io
import json
import math
import tokenize
from collections.abc import Iterator, Mapping
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

    def _typed(self, item: Parameter, given: Any) -> Value:
        value = _read(item.type, given)
        if value is None:
            hint = " (put it in quotes)" if item.type == "str" else ""
            raise ParameterError(
                f"parameter {item.name!r} must be {item.type}, found {given!r} ({type(given).__name__}){hint}",
                where=self.notebook,
            )
        return value if item.name in ("department", "holidays") else schema.composed(value)  # a path is what it is


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
        number = f"{len(cells)} cells" if cells else "no cell"
        raise ParameterError(
            f"{number} tagged 'parameters'",
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


def _declarations(source: str, where: str) -> Iterator[Parameter]:
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise ParameterError(f"the cell tagged 'parameters' is not Python (line {error.lineno})", where=where) from None
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    names: set[str] = set()
    for statement in statements:
        parameter = _declaration(statement, comments.get(statement.end_lineno or 0, ""), where)
        if parameter.name in names:
            raise ParameterError(f"parameter {parameter.name} is declared twice", where=where)
        names.add(parameter.name)
        yield parameter


def _declaration(statement: ast.stmt, comment: str, where: str) -> Parameter:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id=kind), value=ast.expr() as node) if (
            kind in TYPES
        ):
            try:
                value = ast.literal_eval(node)
            except (ValueError, TypeError):
                value = None
            default = None if isinstance(value, str) and kind != "str" else _read(kind, value)
            if default is not None:
                return Parameter(name, kind, default, comment)
    raise ParameterError(
        f"{ast.unparse(statement)!r} in the cell tagged 'parameters' is not a parameter",
        where=where,
        do="write `name: type = value` with a plain value of that type",
        choices=TYPES,
    )


def _read(kind: str, value: Any) -> Value | None:
    """The value as the annotated type, which a text is read as; None where it is not of that type."""
    if isinstance(value, str) and kind == "bool":
        return _TRUTH.get(value.strip().lower())
    if isinstance(value, str) or (type(value), kind) == (int, "float"):
        try:
            value = TYPES[kind](value)
        except ValueError:
            return None
    right = type(value) is TYPES[kind] and not (isinstance(value, float) and not math.isfinite(value))
    return cast("Value", value) if right else None
