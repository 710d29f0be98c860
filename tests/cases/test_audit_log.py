"""The audit log against somebody who wants an action forgotten, through the command line."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pandas as pd
import pytest

import perflib as pf
from perflib import audit, privacy
from perflib.__main__ import main
from perflib.errors import PrivacyError
from perflib.privacy.chained import Chain, digest

CONFIG = "LOCALAPPDATA" if os.name == "nt" else "XDG_CONFIG_HOME"


@pytest.fixture
def agency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two officers; key, log and head lie where they lie by default."""
    monkeypatch.setenv(CONFIG, str(tmp_path / "config"))
    monkeypatch.delenv("PERFLIB_KEY_FILE")
    monkeypatch.delenv("PERFLIB_AUDIT_FILE")
    folder = tmp_path / "records"
    folder.mkdir()
    pd.DataFrame({"officer_id": ["badge0412", "badge77"]}).to_parquet(folder / "officers.parquet")
    pf.open(folder)
    return folder


@pytest.fixture
def log(agency: Path) -> Path:
    """Its log of five lines."""
    path = agency.parent / "config" / "perflib" / "audit.jsonl"
    for n in range(5):
        audit.append(path, "report", "Graz", f"notebook {n}")
    return path


def code(agency: Path) -> str:
    key = agency.parent / "config" / "perflib" / "records.key"
    return privacy.pseudonym("badge0412", key.read_bytes())


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def rewritten(line: str, **changes: str) -> str:
    entry = json.loads(line) | changes
    return json.dumps(entry | {"hash": digest(entry)}) + "\n"


def test_who_is_the_account_of_the_system_and_no_variable(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = audit.user()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "chief")
    audit.append(log, "report", "Graz")
    assert audit.user() == before and list(audit.entries(log))[-1]["who"] == before
    if os.name == "posix":
        import pwd

        assert before == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.skipif(os.name != "posix", reason="sudo is of POSIX")
def test_sudo_is_noted_beside_who_and_not_as_who(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "4711")
    monkeypatch.setenv("SUDO_USER", "chief")
    audit.append(log, "report", "Graz")
    entry = list(audit.entries(log))[-1]
    assert (entry["who"], entry["sudo"]) == (audit.user(), "uid 4711")
    monkeypatch.setenv("SUDO_UID", "chief")
    audit.append(log, "report", "Graz")
    assert "sudo" not in list(audit.entries(log))[-1] and not audit.verify(log).faults


@pytest.mark.parametrize("extended", [True, False])
def test_on_windows_the_system_is_asked_too(monkeypatch: pytest.MonkeyPatch, extended: bool) -> None:
    def gives(name: str, works: bool = True):
        def ask(*given):
            given[-2].value = name
            return works

        return ask

    windll = types.SimpleNamespace(
        secur32=types.SimpleNamespace(GetUserNameExW=gives("GRAZ\\mia", extended)),
        advapi32=types.SimpleNamespace(GetUserNameW=gives("mia")),
    )
    monkeypatch.setattr(ctypes, "windll", windll, raising=False)
    monkeypatch.setenv("USERNAME", "chief")
    assert audit._windows_user() == ("GRAZ\\mia" if extended else "mia")


def test_a_whole_log_is_verified(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--verify"]) == 0
    assert "5 lines, 0 faults" in capsys.readouterr().out


FORGERIES = {
    "the last line written anew": lambda lines: [*lines[:-1], rewritten(lines[-1], who="somebody else")],
    "the last line gone": lambda lines: lines[:-1],
    "the last three lines gone": lambda lines: lines[:2],
    "half of the last line": lambda lines: [*lines[:-1], lines[-1][:40]],
    "no line at all": lambda lines: [],
    "a whole other log": lambda lines: [rewritten(lines[0], detail="nothing")],
    "a key that stands twice": lambda lines: [lines[0].replace('{"when"', '{"who": "nobody", "when"'), *lines[1:]],
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_log_is_a_fault_then_and_after_more_lines(
    log: Path, forgery: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.write_text("".join(FORGERIES[forgery](lines_of(log))), encoding="utf-8")
    assert main(["audit", "--verify"]) == 1
    assert "FAULT" in capsys.readouterr().out
    for _ in range(7):
        audit.append(log, "report", "Graz")
    assert main(["audit", "--verify"]) == 1


def test_a_log_that_is_gone_is_a_fault_whether_it_is_begun_anew_or_not(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.unlink()
    for command in (["audit"], ["audit", "--verify"]):
        assert main(command) == 1
    assert "the audit log is gone" in capsys.readouterr().out
    audit.append(log, "report", "Graz")
    assert main(["audit", "--verify"]) == 1


def test_a_log_that_never_was_is_not_verified(agency: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--verify"]) == 1
    said = capsys.readouterr().out
    assert "there is no audit log" in said and "nothing is verified" in said
    assert main(["audit"]) == 0
    assert "there is no audit log" in capsys.readouterr().out


def test_a_head_that_is_gone_is_a_fault_until_the_next_line_and_a_note_then(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for head in (log.parent / "heads").iterdir():
        head.unlink()
    assert main(["audit", "--verify"]) == 1
    assert "no head is kept apart" in capsys.readouterr().out
    audit.append(log, "report", "Graz")
    assert main(["audit", "--verify"]) == 0
    assert "was made when 5 lines were there" in capsys.readouterr().out


def test_a_line_that_another_user_of_the_same_log_added_is_no_fault(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = os.environ[CONFIG]
    monkeypatch.setenv(CONFIG, str(log.parent / "of another user"))
    audit.append(log, "report", "Graz")
    monkeypatch.setenv(CONFIG, own)
    assert not audit.verify(log).faults
    audit.append(log, "report", "Graz")
    assert audit.verify(log).lines == 7 and not audit.verify(log).faults


def test_a_hash_kept_with_somebody_else_finds_a_log_and_head_written_anew(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The limit that SECURITY.md states: the account itself can forge both, and only what is kept elsewhere tells."""
    kept = json.loads(lines_of(log)[2])["hash"]
    log.unlink()
    next((log.parent / "heads").iterdir()).unlink()
    audit.append(log, "report", "Graz", "another story")
    assert main(["audit", "--verify"]) == 0
    assert main(["audit", "--holds", kept]) == 1
    assert "lines were lost" in capsys.readouterr().out


def test_a_reidentification_is_in_the_log_beside_the_key_wherever_the_environment_sends_it(
    agency: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PERFLIB_AUDIT_FILE", str(agency.parent / "elsewhere.jsonl"))
    assert main(["reidentify", str(agency), code(agency), "--reason", "court order 12/2026"]) == 0
    assert capsys.readouterr().out.strip() == "badge0412"
    for path in (agency.parent / "elsewhere.jsonl", agency.parent / "config" / "perflib" / "audit.jsonl"):
        assert [entry["result"] for entry in audit.entries(path)] == ["asked", "answered"]


def test_a_reidentification_is_refused_where_the_log_beside_the_key_cannot_be_written(
    agency: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PERFLIB_AUDIT_FILE", str(agency.parent / "elsewhere.jsonl"))
    (agency.parent / "config" / "perflib" / "audit.jsonl").mkdir()
    assert main(["reidentify", str(agency), code(agency), "--reason", "court order 12/2026"]) == 1
    said = capsys.readouterr()
    assert "badge" not in said.out and "cannot be written" in said.err


def test_a_reidentification_is_refused_where_the_head_cannot_be_written(
    agency: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (agency.parent / "config" / "perflib" / "heads").write_text("no folder", encoding="utf-8")
    assert main(["reidentify", str(agency), code(agency), "--reason", "court order 12/2026"]) == 1
    said = capsys.readouterr()
    assert "badge" not in said.out and "audit log" in said.err


@pytest.mark.skipif(os.name != "posix", reason="limits of file size are of POSIX")
def test_a_full_disk_refuses_and_leaves_no_half_line(log: Path) -> None:
    run = (
        "import resource, signal, sys; from pathlib import Path; from perflib import audit; "
        "path = Path(sys.argv[1]); size = path.stat().st_size; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, size + 40)); audit.append(path, 'report', 'Graz')"
    )
    done = subprocess.run([sys.executable, "-c", run, str(log)], capture_output=True, text=True, check=False)
    assert done.returncode and "cannot be written" in done.stderr
    assert len(lines_of(log)) == 5 and not audit.verify(log).faults


def test_eight_writers_at_once_lose_nothing(log: Path) -> None:
    run = (
        "import sys; from pathlib import Path; from perflib import audit\n"
        "for n in range(50): audit.append(Path(sys.argv[1]), 'report', 'Graz', str(n))"
    )
    started = [subprocess.Popen([sys.executable, "-c", run, str(log)]) for _ in range(8)]
    assert [process.wait() for process in started] == [0] * 8
    found = audit.verify(log)
    assert found.lines == 405 and not found.faults


def test_any_entries_can_be_chained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG, str(tmp_path / "config"))
    ledger = Chain(tmp_path / "ledger.jsonl", "ledger", frozenset({"case"}))
    last = [ledger.append({"case": n, "notes": ["ü", None], "by": {"role": "sergeant"}}) for n in range(3)][-1]
    assert [entry["case"] for entry in ledger.entries()] == [0, 1, 2]
    assert (ledger.verify().lines, ledger.verify().last, ledger.head().last) == (3, last, last)
    for wrong in ({"notes": 1}, {"case": 1, "hash": "x"}):
        with pytest.raises(PrivacyError, match="not an entry of the ledger"):
            ledger.append(wrong)
