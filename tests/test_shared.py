"""What the reports of a batch share: a department opened once, a Result computed once, and the notes of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import perflib as pf
from perflib.files import record, shared
from perflib.metrics import response

pytestmark = pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="batches share on POSIX only")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(shared.FOLDER, str(tmp_path))
    return tmp_path


def test_a_value_is_made_once_and_its_notes_reach_everybody(folder: Path) -> None:
    source = folder / "source.txt"
    source.write_text("7", encoding="utf-8")
    made: list[int] = []

    def make() -> str:
        made.append(1)
        record.file(source)
        return source.read_text(encoding="utf-8")

    for _ in range(2):
        with record.gathered() as notes:
            assert shared.once("value", make) == "7"
        assert [note["name"] for note in notes if "sha256" in note] == [str(source)]
    assert len(made) == 1


def test_outside_a_batch_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(shared.FOLDER, raising=False)
    assert [shared.once("value", lambda: 1), shared.once("value", lambda: 2)] == [1, 2]


def test_a_result_over_a_whole_department_is_computed_once_with_the_same_facts(small_city: Any, folder: Path) -> None:
    first = response.volume_shift(pf.open(small_city, tables=["calls"]))
    files = sorted(folder.glob("*.pickle"))
    dept = pf.open(small_city, tables=["calls"])
    again = response.volume_shift(dept)
    assert sorted(folder.glob("*.pickle")) == files and len(files) == 2
    assert again.facts == first.facts and again.table.equals(first.table)
    assert again._repr_mimebundle_() is again.bundle and again.with_caveats("More.").bundle is None
    response.volume_shift(dept.keep({"priority": ["1"]}, because="less than the whole"))
    assert len(list(folder.glob("*.pickle"))) == 2, "a part of a department is not shared"
    response.volume_shift(dept, by="district")
    assert len(list(folder.glob("*.pickle"))) == 3, "another question is another Result"


def test_the_results_of_officers_and_nowcasts_go_through_the_folder(small_city: Any, folder: Path) -> None:
    from perflib.metrics import asof, officers

    dept = pf.open(small_city)
    for metric, arguments in ((officers.compare, ("force",)), (officers.past, ("force",)), (asof.nowcast, ())):
        first, again = (metric(dept, *arguments) for _ in range(2))
        assert again.facts == first.facts and again.bundle == first.bundle is not None
    assert len(list(folder.glob("*.pickle"))) == 4
