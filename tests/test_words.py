"""Nothing reads a sentence again: held on the syntax tree. Numbers in words, worked by hand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import perflib
from perflib.result import Result, Words
from perflib.words import numbers

PACKAGE = Path(perflib.__file__).parent
#: rooms whose sentences nobody reads again; an entry of BACKLOG is a file that still does, with how often
ROOMS = ("metrics", "models", "widgets", "figures", "reports", "words", "result.py")
READS = {"startswith", "endswith", "replace", "split", "rsplit", "partition", "removeprefix", "removesuffix", "find"}
TEXTS = {"answer", "title", "method", "caveats", "alt"}
BACKLOG: dict[str, int] = {
    "figures/fonts.py": 2,
    "figures/map.py": 1,
    "reports/execute.py": 1,
    "reports/inputs.py": 1,
    "widgets/box.py": 1,
}


def phrase(node: ast.expr) -> bool:
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    return any(
        isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value.strip() for part in parts
    )


def text_of(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in TEXTS


def offences(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READS:
            if text_of(node.func.value) or any(phrase(arg) for arg in node.args):
                yield node.lineno
        elif isinstance(node, ast.Compare):
            if any(phrase(part) or text_of(part) for part in (node.left, *node.comparators)):
                yield node.lineno
        elif isinstance(node, ast.Subscript) and text_of(node.value):
            yield node.lineno


def files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] in ROOMS)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_nobody_reads_a_sentence_again(path: Path) -> None:
    lines = list(offences(ast.parse(path.read_text(encoding="utf-8"))))
    assert len(lines) <= BACKLOG.get(path.relative_to(PACKAGE).as_posix(), 0), f"lines {lines}"


@pytest.mark.parametrize(
    "code",
    [
        "r.answer.replace('a', 'b')",
        "note.startswith('The season')",
        "v == 'not assessable'",
        "'jump together' in text",
        "v in ('as before', 'x')",
        "found.title[3:]",
    ],
)
def test_the_walk_sees_every_kind_of_reading(code: str) -> None:
    assert list(offences(ast.parse(code)))


def test_numbers_in_words() -> None:
    assert numbers.listed(["a", "b", "c"]) == "a, b and c" and numbers.listed([]) == ""
    assert numbers.count(1, "call") == "1 call" and numbers.count(1240, "call") == "1,240 calls"
    assert [numbers.percent(share) for share in (0.004, 0.0701, 0.5)] == ["0.4 %", "7 %", "50 %"]
    assert numbers.minutes(6.44) == "6.4 minutes" and numbers.day("2025-03-10") == "10 March 2025"


def test_words_are_made_from_what_is_left_after_hiding() -> None:
    from perflib.privacy.people import People

    def say(facts, table):
        return Words("t", f"sum of what is shown: {table['n'].sum():.0f}", caveats=[f"{facts.get('a')}"])

    table = pd.DataFrame({"group": ["a", "b", "c", "d"], "n": [1, 2, 30, 40]})
    result = Result("x", table, facts={"a": 1}, words=say, people=People("arrests", 5, ("group",), ("n",)))
    assert result.answer == "sum of what is shown: 73" and result.caveats == ("1",)
    shared = result.shared()
    assert shared.answer == "sum of what is shown: 40" and shared.caveats[0] == "None" and "1" not in shared.caveats


def opened(finding: str, **changed: object) -> str:
    from perflib.words.response_changes import opening

    level = {"priority": "1", "median_min": 6.41, "p90_min": 13.8}
    return opening({"finding": finding, "changed": changed, "level": level}, pd.DataFrame()).answer


@pytest.mark.parametrize(
    ("answer", "leads"),
    [
        (
            opened("step", series="0412", ratio=1.206, break_date="2025-03-10"),
            "Compared with other districts, response in 0412 became 21% slower in March 2025.",
        ),
        (
            opened("change", group="2", quantile="median", difference=-0.9, before=11.4),
            "Priority 2: the median is 0.9 minutes shorter than in the earlier period.",
        ),
        (opened("none"), "Response times show no clear change."),
    ],
)
def test_a_report_opens_with_two_short_sentences(answer: str, leads: str) -> None:
    sentences = [part + "." for part in answer.removesuffix(".").split(". ")]
    assert sentences[0] == leads and len(sentences) == 2
    for sentence in sentences:
        assert len(sentence.split()) <= 25
        assert sum(any(sign.isdigit() for sign in word) for word in sentence.split()) <= 3
