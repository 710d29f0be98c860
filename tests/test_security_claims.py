"""SECURITY.md claims only what a test holds: each paragraph of what is protected names tests that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PROTECTED = TEXT.partition("## What is protected\n")[2].partition("\n### What is left whole")[0]
_HELD = re.compile(r"<!-- held by: (.*?) -->", re.DOTALL)


def names_of_tests() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in files)
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_claim_names_tests_that_are_there() -> None:
    claims = [claim.strip() for claim in re.split(r"\n\s*\n", PROTECTED) if claim.strip()]
    assert len(claims) > 10
    assert [claim[:60] for claim in claims if not _HELD.search(claim)] == []
    named = {name.strip() for held in _HELD.findall(TEXT) for name in held.split(",")}
    assert named - names_of_tests() == set()


def test_what_the_analyst_must_know_of_the_limits_is_said() -> None:
    limits = TEXT.partition("## What is not protected\n")[2]
    for words in ("The same account can forge the log and its head", "--holds", "by subtraction", "on Windows"):
        assert words in limits
