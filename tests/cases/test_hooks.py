"""Hooks of a plan: which addresses are told, where they may lead, and what a hook may not overwrite."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from perflib.__main__ import main

#: a run that fails before any kernel starts
RUNS = [{"notebook": "tiny", "parameters": {"unknown": "1"}}]
TINY = {
    "cells": [
        {
            "cell_type": "code",
            "metadata": {"tags": ["parameters"]},
            "execution_count": None,
            "outputs": [],
            "source": 'department: str = ""',
        }
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 4,
}
SECRET = "Secret77"
REFUSED = [
    "http://127.0.0.1.evil.invalid/",
    "http://localhost.evil.invalid/",
    "http://127.0.0.1@evil.invalid/",
    f"http://localhost:{SECRET}@evil.invalid/",
    "http://0x7f.1/",
    "http://2130706433/",
    "http://127.1/",
    "http://127.0.0.1./",
    "http://localhost./",
    "http://localhost\\@evil.invalid/",
    "http://127.0.0.1\t.evil.invalid/",
    "http://127.0.0.1\n.evil.invalid/",
    " http://127.0.0.1/",
    "http://loc\u0251lhost/",
    "http://\uff11\uff12\uff17.0.0.1/",
    f"https://me:{SECRET}@hooks.invalid/",
    f"https://{SECRET}@hooks.invalid/",
    "https:///nowhere",
    "https://",
    "ftp://127.0.0.1/",
    "file:" + "///etc/passwd",
    "http://[::1/",
    "http://[::ffff:8.8.8.8]/",
    "http://10.0.0.1/",
    "http://127.0.0.1:Secret77/",
    "https://h\u00f6ok.invalid/",
    "",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.ipynb").write_text(json.dumps(TINY), encoding="utf-8")
    return tmp_path


def report(folder: Path, hooks: list[dict[str, object]], *options: str) -> int:
    plan = folder / "plan.yml"
    plan.write_text(yaml.safe_dump({"runs": RUNS, "hooks": hooks}), encoding="utf-8")
    return main(["report", str(plan), "--workers", "1", *options])


@pytest.fixture
def server() -> Iterator[tuple[int, list[str]]]:
    """A port of this machine, and the paths that were asked of it; /away sends elsewhere, to /elsewhere."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def answer(self) -> None:
            asked.append(self.path)
            self.send_response({"/away": 302, "/broken": 500}.get(self.path, 200))
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    listening = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield listening.server_port, asked
    listening.shutdown()
    listening.server_close()


def test_only_https_or_this_very_machine_is_told(
    folder: Path, server: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port, asked = server
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # what stays on this machine goes through no proxy
    told = [f"http://127.0.0.1:{port}/one", f"http://localhost:{port}/two?token=Secret77", f"HTTP://LOCALHOST:{port}/x"]
    for number, address in enumerate(REFUSED + told):
        monkeypatch.setenv(f"HOOK_{number}", address)
    assert report(folder, [{"webhook_env": f"HOOK_{number}"} for number in range(len(REFUSED + told))]) == 1
    said = capsys.readouterr()
    words = said.err
    open_ones = [
        repr(address)
        for number, address in enumerate(REFUSED)
        if f"the environment variable HOOK_{number} holds no https address" not in words
    ]
    assert not open_ones
    assert asked == ["/one", "/two?token=Secret77", "/x"] and words.count("perflib: ") == len(REFUSED)
    everything = (
        said.out
        + said.err
        + "".join(path.read_text(encoding="utf-8") for path in (folder / "out").rglob("*") if path.is_file())
    )
    assert "Secret77" not in everything and "evil" not in everything


def test_a_webhook_is_not_sent_elsewhere(
    folder: Path, server: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port, asked = server
    for name in ("away", "broken"):
        monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{port}/{name}")
    report(folder, [{"webhook_env": "AWAY"}, {"webhook_env": "BROKEN"}])
    words = capsys.readouterr().err
    assert asked == ["/away", "/broken"]
    assert "the webhook of AWAY answered 302" in words and "the webhook of BROKEN answered 500" in words


@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "INDEX.HTML",
        "status.json",
        "Status.JSON",
        "index.html.",
        "index.html ",
        ".lock",
        ".index.html",
        "index.html::$DATA",
        "a/b.json",
        "..",
        "hooks",
        "CON",
        "con.json",
        "nul.txt",
        "a\nb.json",
        "",
    ],
)
def test_a_file_of_a_hook_may_not_take_the_place_of_another(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert report(folder, [{"file": name}]) == 1
    assert "hook 1" in capsys.readouterr().err and not (folder / "out").exists()


def test_a_hook_may_not_write_into_the_folder_of_a_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(folder, [])
    run = next(path.name for path in (folder / "out").iterdir() if path.is_dir() and path.name.startswith("tiny"))
    capsys.readouterr()
    assert report(folder, [{"file": run}]) == 1
    assert "hook file: " in capsys.readouterr().err and (folder / "out" / run / "manifest.json").is_file()


def test_a_command_works_in_a_folder_of_its_own_and_index_and_status_stand_as_written(folder: Path) -> None:
    script = folder / "hook.py"
    script.write_text(
        "import pathlib, sys\n"
        "pathlib.Path('told.json').write_text(sys.stdin.read(), encoding='utf-8')\n"
        "top = pathlib.Path(sys.argv[1])\n"
        "assert (top / 'index.html').is_file() and (top / 'status.json').is_file()\n"
        "for name in ('index.html', 'status.json'):\n"
        "    pathlib.Path(name).write_text('mine'), (top / name).write_text('mine')\n",
        encoding="utf-8",
    )
    out = folder / "out"
    assert report(folder, [{"command": [sys.executable, str(script), str(out)]}], "--allow-commands") == 1
    assert json.loads((out / "hooks" / "told.json").read_text(encoding="utf-8"))["failed"] == 1
    status = json.loads((out / "status.json").read_text(encoding="utf-8"))
    assert status["failed"] == 1 and status["hooks"] == []
    assert "1 FAILED" in (out / "index.html").read_text(encoding="utf-8")
