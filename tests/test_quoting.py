"""The gate that every quotation of a file's content passes, and a walk over the code that finds ways past it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perflib import schema
from perflib.privacy.quoting import LEGEND, cell, like_data, quoted, quoted_all, written

PACKAGE = Path(__file__).parents[1] / "perflib"
PEOPLE = [
    "Smith",
    "John White",
    "White, John",
    "J. Smith",
    "O'Brien-Smith",
    "Officer West",
    "Newman",
    "Marchand",
    "José",
    "Łukasz",
    "王小明",
    "Иван",
    "smith_john",
    "JohnSmith",
    "john.smith@example.org",
    "12 Oak St",
    "1042",
    "P0001",
    "Officer 12",
    "badge 7",
    "555-0134",
    "617-555-0134",
    "123-45-6789",
    "01/02/1990",
    "1990-01-02",
    "born 1990-01-02",
    "١٢٣٤٥٦٧",
    "A123456789",
    "Fatima Kane 2nd",
]
PLAIN = [
    "North",
    "West District",
    "District 4",
    "D4",
    "12",
    "2025-11",
    "2023-1",
    "IncidentNo",
    "call_received_dt",
    "CallReceived",
    "callreceived",
    "recvdttm",
    "Sheet1",
    "calls_2025.csv",
    "Número",
    "Einsatznummer",
    "Officer Name",
    "Aggravated assault",
    "P-ABCDEFGHIJ",
]


@pytest.mark.parametrize("text", PEOPLE)
def test_what_may_be_somebodys_is_a_shape(text: str) -> None:
    for said in (cell(text), quoted(text), quoted_all([text])[0]):
        assert text not in said
    names = set(text.replace(".", " ").replace("_", " ").split()) - {"Officer", "badge", "born"}
    assert not [part for part in names if len(part) > 1 and part.isalnum() and part in quoted(text)]


@pytest.mark.parametrize("text", PLAIN)
def test_what_names_nobody_is_repeated_but_never_from_a_cell(text: str) -> None:
    assert quoted(text) == text and text not in cell(text)


def test_all_words_of_the_schema_are_repeated() -> None:
    tables = schema.tables().values()
    words = [
        *(table.name for table in tables),
        *(name for table in tables for name in table.columns),
        *(word for table in tables for column in table.columns.values() for word in column.allowed),
    ]
    assert [word for word in words if quoted(word) != word] == []


@given(text=st.text(max_size=80))
def test_a_cell_keeps_no_letter_and_no_digit(text: str) -> None:
    said = cell(text)
    if said.startswith("a text of "):
        assert len(" ".join(text.split())) > 60
    else:
        assert {sign for sign in said if sign.isalnum()} <= {"A", "a", "9"} and said.isascii() and said.isprintable()


@given(text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=60))
def test_a_masked_text_is_one_line_of_ascii_or_the_text_itself(text: str) -> None:
    said = quoted(text)
    assert said.isprintable() and "\n" not in said


def test_what_the_reader_wrote_is_repeated_with_its_near_likes() -> None:
    found = quoted_all(["0412", "Mission", "Smith"], near="412", own=["MISSION"])
    assert found == ["0412", "Mission", "Aaaaa", LEGEND]
    assert quoted("Bayveiw", own=["Bayview"]) == "Bayveiw" and quoted("Smith", own=["Bayview"]) == "Aaaaa"
    assert quoted("0417", count=5) == "0417" and quoted("0417", count=4) == "9999"


def test_a_word_of_a_filter_is_repeated_unless_it_looks_like_a_person() -> None:
    for text in ("police", "PD", "Mission", "0412", "kept"):
        assert written(text) == text
    for text in ("Smith, John", "John Smith", "J. Smith", "a@b.org", "9137001"):
        assert written(text) != text


def test_a_first_record_is_known_by_its_texts() -> None:
    assert all(map(like_data, ["", "1", "2025-01-01 10:00", "Spoke to A, who left", "555-0134", "a@b.c", "x" * 61]))
    assert not any(map(like_data, PLAIN[7:13]))


#: choices that come of no file, file by file: what is allowed where; the columns of a table are those of the schema
OWN = {
    "agency.py": {"self.tables", "table.columns"},
    "grammar.py": {"self.choices", "self.keys"},
    "privacy/chained.py": {"sorted(self.keys)"},
    "period.py": {"choices"},
    "synthetic/plan.py": {"choices"},
    "schema/tables.py": {"self.columns", "names()"},
    "selection.py": {"schema.get(name).columns"},
    "metrics/maps/boundaries.py": {"parts"},
    "metrics/review/development.py": {"known"},
    "metrics/stops/scope.py": {"allowed"},
    "metrics/officers/cells.py": {"there"},
    "metrics/officers/similar.py": {"there"},
    "metrics/response/volume.py": {"calls.columns"},
    "reports/parameters.py": {"self.names"},
    "reports/plan.py": {"valid", "known"},
    "reports/values.py": {"words.valid"},
    "sources/catalog.py": {"sorted(sets)"},
    "sources/frames.py": {"schema.names()"},
    "sources/mapping.py": {"table.columns", "language.OTHERWISE"},
    "sources/language.py": {"[table.key[0]]"},
    "sources/opening.py": {"valid", "present", "dict.fromkeys((source.table for source in file.sources))"},
}
#: frames that a caller made; their columns are names of the library
MODELS = ("models",)


def choices_of(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield from ((node.lineno, ast.unparse(each.value)) for each in node.keywords if each.arg == "choices")


def sound(text: str, own: Iterable[str] = ()) -> bool:
    """A call of the gate, one of ``own``, or made of constants, literals and the columns of tables alone."""
    if text in own or text.startswith("quoted_all("):
        return True
    tree = ast.parse(text, mode="eval")
    made = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - made
    return all(name.strip("_").isupper() or name in HARMLESS for name in names) and not (
        names <= {"sorted", "map", "dict"} and names
    )


#: names within an expression that bring in no text of a record: calls, days, keys of the mapping language
HARMLESS = {
    "dict",
    "map",
    "repr",
    "str",
    "set",
    "sorted",
    "rows",
    "calls",
    "time",
    "starts",
    "end",
    "widths",
    "keys",
    "use",
}


def test_no_choices_of_a_message_pass_by_the_gate() -> None:
    found = [
        f"{path.relative_to(PACKAGE).as_posix()}:{line}: {text}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] not in MODELS
        for line, text in choices_of(path)
        if not sound(text, OWN.get(path.relative_to(PACKAGE).as_posix(), ()))
    ]
    assert found == []


def test_the_walk_finds_choices_that_are_of_records() -> None:
    for text in ("sorted(held)", "names", "book.sheet_names", "sorted(set(held['x']))", "table['officer']"):
        assert not sound(text)
    assert sound("(*NAMED, 'x')")
