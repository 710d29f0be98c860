"""A page printed by the machine's Chromium."""

from __future__ import annotations

import re
import zlib

import pytest

from perflib.errors import InputError
from perflib.reports.printing import find_chromium, pdf


def test_a_page_becomes_a_pdf_beside_it(chromium, tmp_path, monkeypatch):
    monkeypatch.setenv("PERFLIB_CHROMIUM", chromium)
    page = tmp_path / "report one.html"
    page.write_text("<!doctype html><title>Waits</title><h1>Waits</h1><p style='break-before:page'>Two</p>", "utf-8")
    made = pdf(page)
    content = made.read_bytes()
    assert made == tmp_path / "report one.pdf" and content.startswith(b"%PDF")
    streams = [
        zlib.decompress(found)
        for found in re.findall(rb"stream\r?\n(x.*?)\r?\nendstream", content, re.DOTALL)
        if found[:1] == b"x"
    ]
    assert len(re.findall(rb"/Type\s*/Page\b", content + b"".join(streams))) == 2


def test_what_is_lacking_is_named(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no such page"):
        pdf(tmp_path / "none.html")
    page = tmp_path / "page.html"
    page.write_text("<p>x</p>", "utf-8")
    monkeypatch.setenv("PERFLIB_CHROMIUM", str(tmp_path / "no-browser"))
    with pytest.raises(InputError, match="correct PERFLIB_CHROMIUM"):
        pdf(page)
    monkeypatch.delenv("PERFLIB_CHROMIUM")
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("perflib.reports.printing._APPS", ())
    with pytest.raises(InputError, match="name it in PERFLIB_CHROMIUM"):
        find_chromium()
