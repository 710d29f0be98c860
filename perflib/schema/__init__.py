"""The canonical tables: what every column means, its type, unit, allowed values and who may see it."""

from perflib.schema.spelling import asked, composed, floated
from perflib.schema.tables import TYPES, Column, Rule, Table, get, main, names, tables

__all__ = ["TYPES", "Column", "Rule", "Table", "asked", "composed", "floated", "get", "main", "names", "tables"]
