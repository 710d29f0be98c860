"""A real JupyterLab on a workspace made by `perflib init`, driven through the system's Chromium."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from perflib.reports import workspace

TOKEN = "for-this-test-only"  # a test must know it; `perflib lab` lets JupyterLab make one
PROMPTS = "[...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputPrompt')].map(one => one.textContent)"
FAULTS = """[...document.querySelectorAll('.jp-Notebook .jp-OutputArea-output')].filter(one =>
    /error|stderr/.test(one.dataset.mimeType || '')).map(one => one.innerText.slice(-400))"""
#: the bytes of an explorer's picture, as text to compare; nothing where there is none.
PICTURE = """async image => image.checkVisibility() && image.src ? Array.from(new Uint8Array(
    await (await fetch(image.src)).arrayBuffer())).join(',') : ''"""
#: ten choices made as fast as a browser can, the last one being the given place.
FLURRY = """(select, last) => { for (let step = 9; step >= 0; step--) {
    select.selectedIndex = (last + step) % select.options.length;
    select.dispatchEvent(new Event('change', {bubbles: true})); } }"""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its folder, its address and its token."""

    folder: Path
    address: str
    token: str


class Page:
    """One notebook, opened. ``noise`` holds what the browser complained of or asked another host for."""

    def __init__(self, page: Any, lab: Lab, name: str) -> None:
        self.page, self.lab, self.noise, self.ran = page, lab, list[str](), False
        page.set_default_timeout(30_000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.noise.append(f"error: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        page.goto(f"{lab.address}/lab/tree/notebooks/{name}?reset&token={lab.token}", wait_until="domcontentloaded")
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        page.locator(".jp-StatusBar-TextItem", has_text="| Idle").first.wait_for()
        page.wait_for_timeout(500)

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.noise.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _asked(self, url: str) -> None:
        if urlparse(url).scheme in ("http", "https", "ws", "wss") and not url.startswith(self.lab.address):
            self.noise.append(f"asked: {url}")

    def run_all(self, most: float = 90.0) -> None:
        """Run > Run All Cells, and wait until the kernel is idle again and every cell has its number."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
        self.page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
        end = time.monotonic() + most
        while time.monotonic() < end:
            self.page.wait_for_timeout(300)
            prompts = self.page.evaluate(PROMPTS)
            if prompts and all(prompt.strip("[]: ").isdigit() for prompt in prompts):
                self.ran = True
                return
            if any("Error" in text for text in self.faults()):
                break
        raise AssertionError(f"not done within {most:.0f} s: {self.faults() or self.page.evaluate(PROMPTS)}")

    def faults(self) -> list[str]:
        """What any cell wrote of errors or warnings."""
        return list(self.page.evaluate(FAULTS))

    def explorers(self) -> list[Explorer]:
        """The cells that hold dropdowns and a picture."""
        cells = self.page.locator(".jp-Notebook .jp-CodeCell", has=self.page.locator(".widget-dropdown"))
        return [Explorer(cells.nth(place)) for place in range(cells.count())]


class Explorer:
    """One explorer in its cell."""

    def __init__(self, cell: Any) -> None:
        self.cell, self.image = cell, cell.locator("img.widget-image")
        self.choices = cell.locator(".widget-dropdown select")

    def picture(self) -> str:
        """What is drawn now."""
        return str(self.image.evaluate(PICTURE))

    def flurry(self, select: Any, last: int) -> None:
        """Ten choices at once, the last of which is option number ``last``."""
        select.evaluate(FLURRY, last)

    def outputs(self) -> int:
        """How many outputs the cell has."""
        return int(self.cell.locator(".jp-OutputArea-child").count())

    def drawn(self, other_than: str = "", same_as: str = "", most: float = 15.0) -> tuple[str, float]:
        """The next picture (or the wanted one) and the seconds until it is there."""
        start = time.monotonic()
        while time.monotonic() < start + most:
            found = self.picture()
            if found and (found == same_as if same_as else found != other_than):
                return found, time.monotonic() - start
            time.sleep(0.02)
        raise AssertionError("the figure did not change")


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    """JupyterLab as `perflib lab` starts it, with its own settings and nothing of this machine's."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    home = tmp_path_factory.mktemp("lab")
    made = workspace.init(home / "town")
    (home / "jupyter_config_dir").mkdir()
    root = {"ServerApp": {"allow_root": True}}  # a container's tests run as root
    (home / "jupyter_config_dir" / "jupyter_server_config.json").write_text(json.dumps(root), encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "perflib", "lab", str(made.folder), "--port", str(port), "--no-browser"]
    log = (home / "lab.log").open("wb")
    process = subprocess.Popen(
        command,
        cwd=home,
        env=environment(home),
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=os.name != "nt",
    )
    try:
        wait_for(f"http://localhost:{port}/api?token={TOKEN}", process, home / "lab.log")
        yield Lab(made.folder, f"http://localhost:{port}", TOKEN)
    finally:
        stop(process)
        log.close()


@pytest.fixture(scope="module")
def opened(lab, browser) -> Iterator[Callable[[str], Page]]:
    """A function of a notebook's name: it is opened and run top to bottom once, and stays open."""
    pages: dict[str, Page] = {}

    def once(name: str) -> Page:
        if name not in pages:
            context = browser.new_context(viewport={"width": 1400, "height": 1000}, accept_downloads=True)
            pages[name] = Page(context.new_page(), lab, name)
            pages[name].run_all()
        page = pages[name]
        assert page.ran, "the notebook did not run; see the first test of it"
        return page

    yield once
    for page in pages.values():
        page.page.context.close()


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PERFLIB_STATIC"))}
    kept.pop("MPLBACKEND", None)  # pytest's; the kernel's own is part of what is tested
    names = (
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
        "IPYTHONDIR",
        "JUPYTERLAB_SETTINGS_DIR",
        "JUPYTERLAB_WORKSPACES_DIR",
    )
    places = {name: str(home / name.lower()) for name in names}
    return {**kept, **places, "JUPYTER_TOKEN": TOKEN, "JUPYTER_PREFER_ENV_PATH": "1"}


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen, log: Path, most: float = 60.0) -> None:
    end = time.monotonic() + most
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                json.load(answer)
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


def stop(process: subprocess.Popen) -> None:
    """End the server and its kernels, and nothing else."""
    if os.name != "nt":
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, sign)
            except ProcessLookupError:
                break
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                continue
    process.kill()
    process.wait(10)
