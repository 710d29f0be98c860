"""The audit log: a chain that shows what was changed, and writers that do not lose each other's lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

import perflib as pf
from perflib import audit, privacy
from perflib.__main__ import main
from perflib.errors import PrivacyError
from perflib.privacy import locked
from perflib.privacy.chained import digest
from perflib.reports import run


def written(path: Path, lines: int = 5) -> list[str]:
    return [audit.append(path, "report", "Graz", f"notebook {n}") for n in range(lines)]


def test_a_line_says_who_when_what_where_and_how_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "audit.jsonl"
    audit.append(path, "re-identify", "Graz", "code P-AAAAAAAAAA, because: court order", "asked")
    (entry,) = audit.entries(path)
    assert (entry["what"], entry["department"], entry["result"]) == ("re-identify", "Graz", "asked")
    assert entry["who"] == audit.user() and entry["when"].endswith("+00:00") and entry["before"] == audit.START


def test_a_whole_chain_has_no_fault_and_its_hashes_are_found(tmp_path: Path) -> None:
    hashes = written(tmp_path / "log")
    for each in hashes:
        assert audit.verify(tmp_path / "log", holds=each) == audit.Verdict(5, hashes[-1])


@given(line=st.integers(0, 4), field=st.sampled_from(["who", "when", "detail", "result", "before", "hash"]))
def test_a_change_in_any_line_is_found(tmp_path_factory: pytest.TempPathFactory, line: int, field: str) -> None:
    path = tmp_path_factory.mktemp("log") / "log"
    written(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    entry = json.loads(lines[line])
    entry[field] = entry[field][:-1] + ("0" if entry[field][-1:] != "0" else "1")
    lines[line] = json.dumps(entry)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert audit.verify(path).faults


@pytest.mark.parametrize("line", range(4))
def test_a_line_taken_out_put_in_twice_or_swapped_is_found(tmp_path: Path, line: int) -> None:
    path = tmp_path / "log"
    written(path)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for forged in (
        [*lines[:line], *lines[line + 1 :]],
        [*lines[:line], lines[line], *lines[line:]],
        [*lines[:line], lines[line + 1], lines[line], *lines[line + 2 :]],
    ):
        path.write_text("".join(forged), encoding="utf-8")
        assert audit.verify(path).faults


def test_a_change_with_a_new_hash_breaks_the_line_after_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    written(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    entry = json.loads(lines[2]) | {"who": "somebody else"}
    lines[2] = json.dumps(entry | {"hash": digest(entry)})
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert [fault.split(":")[0] for fault in audit.verify(path).faults] == ["line 4"]


def test_half_a_line_of_a_killed_writer_is_told_and_the_chain_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "log"
    written(path, 2)
    with path.open("ab") as stream:
        stream.write(b'{"when": "2026-')
    written(path, 2)
    found = audit.verify(path)
    assert found.lines == 5 and [fault.split(":")[0] for fault in found.faults] == ["line 3"]
    assert len(list(audit.entries(path))) == 4


def test_writers_at_once_lose_no_line_and_keep_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "log"
    code = (
        f"from pathlib import Path; from perflib import audit\n"
        f"for n in range(40): audit.append(Path({str(path)!r}), 'report', 'Graz', str(n))"
    )
    started = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait() for process in started] == [0] * 4
    found = audit.verify(path)
    assert found.lines == 160 and not found.faults


def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(PrivacyError, match="cannot be written"):
        audit.append(tmp_path / "file" / "audit.jsonl", "report", "Graz")
    with pytest.raises(PrivacyError, match="no action"):
        audit.append(tmp_path / "log", "peeked", "Graz")


def test_a_lock_that_is_never_freed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locked, "PATIENCE", 0.05)
    with locked.only_one(tmp_path / "log.lock"), pytest.raises(PrivacyError, match="held by another"):
        audit.append(tmp_path / "log", "report", "Graz")


def test_no_text_can_forge_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    audit.append(path, "export", 'x\n{"who": "other"}\r\u2028', "a\nb\x00")
    assert len(path.read_bytes().splitlines()) == 1 and not audit.verify(path).faults


def test_where_the_log_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(audit.LOG_FILE, str(tmp_path / "named"))
    assert audit.log_file() == tmp_path / "named"
    assert audit.log_file(tmp_path / "own") == tmp_path / "own"
    monkeypatch.delenv(audit.LOG_FILE)
    assert audit.log_file(key_file=tmp_path / "k.key") == tmp_path / "audit.jsonl"
    monkeypatch.setenv("LOCALAPPDATA" if os.name == "nt" else "XDG_CONFIG_HOME", str(tmp_path))
    assert audit.log_file() == tmp_path / "perflib" / "audit.jsonl"


@pytest.mark.skipif(os.name != "posix", reason="permission bits exist on POSIX only")
def test_the_log_is_private(tmp_path: Path) -> None:
    written(tmp_path / "log", 1)
    assert (tmp_path / "log").stat().st_mode & 0o077 == 0


@pytest.fixture
def agency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two officers, with a key and a log of its own."""
    folder = tmp_path / "records"
    folder.mkdir()
    pd.DataFrame({"officer_id": ["badge0412", "badge77"]}).to_parquet(folder / "officers.parquet")
    monkeypatch.setenv("PERFLIB_KEY_FILE", str(tmp_path / "keys" / "it.key"))
    monkeypatch.setenv("PERFLIB_AUDIT_FILE", str(tmp_path / "audit.jsonl"))
    return folder


def code_of(agency: Path, identity: str) -> str:
    pf.open(agency)
    return privacy.pseudonym(identity, (agency.parent / "keys" / "it.key").read_bytes())


def test_reidentification_answers_whoever_holds_key_and_source_and_is_logged(
    agency: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = code_of(agency, "badge0412")
    assert main(["reidentify", str(agency), code, "--reason", "court order 12/2026"]) == 0
    assert capsys.readouterr().out.strip() == "badge0412"
    asked, answered = audit.entries(agency.parent / "audit.jsonl")
    assert (asked["what"], asked["result"], answered["result"]) == ("re-identify", "asked", "answered")
    assert code in asked["detail"] and "court order 12/2026" in asked["detail"]
    assert "badge0412" not in (agency.parent / "audit.jsonl").read_text(encoding="utf-8")


def test_reidentification_without_reason_key_or_log_tells_nothing(
    agency: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = code_of(agency, "badge0412")
    asked = ["reidentify", str(agency), code, "--reason"]
    assert main([*asked, "  x  "]) == 1
    assert main(["reidentify", str(agency), "badge0412", "--reason", "court order"]) == 1
    assert not (agency.parent / "audit.jsonl").exists()
    monkeypatch.setenv("PERFLIB_AUDIT_FILE", str(agency / "officers.parquet" / "log"))
    assert main([*asked, "court order"]) == 1
    monkeypatch.setenv("PERFLIB_AUDIT_FILE", str(agency.parent / "audit.jsonl"))
    monkeypatch.setenv("PERFLIB_KEY_FILE", str(agency.parent / "keys" / "absent.key"))
    assert main([*asked, "court order"]) == 1
    assert not (agency.parent / "keys" / "absent.key").exists()
    said = capsys.readouterr()
    assert "badge" not in said.out and "a reason is demanded" in said.err and "key is not here" in said.err


def test_a_code_of_nobody_is_logged_too(agency: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code_of(agency, "badge77")
    assert main(["reidentify", str(agency), "P-AAAAAAAAAA", "--reason", "court order"]) == 1
    assert "nobody" in capsys.readouterr().err
    assert [entry["result"] for entry in audit.entries(agency.parent / "audit.jsonl")][1:] == ["nobody of this code"]


def test_ids_that_are_not_coded_need_no_reidentification(small_city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reidentify", str(small_city), "P-AAAAAAAAAA", "--reason", "court order"]) == 1
    assert "as they were given" in capsys.readouterr().err


def test_the_command_shows_and_verifies_the_log(agency: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = agency.parent / "audit.jsonl"
    kept = written(path)[2]
    assert main(["audit"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert main(["audit", str(agency), "--verify", "--holds", kept]) == 0
    assert "5 lines, 0 faults" in capsys.readouterr().out
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines[:1], *lines[2:]]), encoding="utf-8")
    assert main(["audit", "--verify"]) == 1
    assert "line 2: does not follow" in capsys.readouterr().out


def test_refused_records_show_no_id_on_screen_and_their_export_is_logged(
    agency: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.DataFrame({"officer_id": ["badge1", "badge1", *(f"badge{n}" for n in range(100, 160))]})
    frame.to_parquet(agency / "officers.parquet")
    assert main(["quarantine", str(agency)]) == 0
    said = capsys.readouterr().out
    assert "duplicate" in said and "badge" not in said
    assert main(["quarantine", str(agency), "--out", str(agency.parent / "out.csv")]) == 0
    assert "badge1" in (agency.parent / "out.csv").read_text(encoding="utf-8")
    assert [entry["what"] for entry in audit.entries(agency.parent / "audit.jsonl")] == ["quarantine"]
    assert main(["check", str(agency)]) == 0
    assert "badge" not in capsys.readouterr().out


def test_a_saved_result_is_logged_and_a_log_that_fails_is_told(agency: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = pf.Result("found", pd.DataFrame({"n": [9]}), "Found?", "Nine.", "")
    result.save(agency.parent / "out")
    (entry,) = audit.entries(agency.parent / "audit.jsonl")
    assert (entry["what"], entry["detail"]) == ("export", "result found")
    monkeypatch.setenv("PERFLIB_AUDIT_FILE", str(agency / "officers.parquet" / "log"))
    with pytest.warns(UserWarning, match="not in the audit log"):
        result.save(agency.parent / "out")


def test_a_report_is_logged_and_its_manifest_holds_the_line(agency: Path, tmp_path: Path) -> None:
    book = tmp_path / "one.ipynb"
    cells = [new_code_cell('department: str = ""', metadata={"tags": ["parameters"]}), new_code_cell("1 + 1")]
    nbformat.write(new_notebook(cells=cells), book)
    done = run(book, department=agency, out=tmp_path / "out")
    (entry,) = audit.entries(agency.parent / "audit.jsonl")
    assert (entry["what"], entry["department"], entry["result"]) == ("report", "records", "done")
    assert entry["detail"].startswith("one.ipynb") and done.manifest["audit"] == {"line": entry["hash"]}


def test_a_report_without_a_log_is_made_and_says_so(
    agency: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERFLIB_AUDIT_FILE", str(agency / "officers.parquet" / "log"))
    book = tmp_path / "one.ipynb"
    cells = [new_code_cell('department: str = ""', metadata={"tags": ["parameters"]}), new_code_cell("1 + 1")]
    nbformat.write(new_notebook(cells=cells), book)
    done = run(book, department=agency, out=tmp_path / "out")
    assert done.status == "done" and "not in the audit log" in done.html.read_text(encoding="utf-8")
    assert str(tmp_path) not in json.dumps(done.manifest["audit"])
