"""A report on paper: its page printed to PDF by the Chromium of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from perflib.errors import InputError

CHROMIUM = "PERFLIB_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_PLACES = (
    "Google/Chrome/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
    "Chromium/Application/chrome.exe",
)
_APPS = ("Google Chrome", "Chromium", "Microsoft Edge")
_QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-pdf-header-footer",
)


def pdf(page: str | Path, out: str | Path | None = None, *, timeout: float = 120) -> Path:
    """Print an HTML report to ``out`` (default: beside it, ``.pdf``) and return the path.

    The print style of the page applies: figures as printed, tables in brief. ``timeout`` is in seconds.

    Raises
    ------
    InputError : there is no such page, no Chromium, or the browser wrote no file.
    """
    source = Path(page).resolve()
    if not source.is_file():
        raise InputError("there is no such page to print", where=str(page))
    target = Path(out) if out else source.with_suffix(".pdf")
    browser = find_chromium()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        made = Path(profile) / "page.pdf"
        command = [
            browser,
            *_QUIET,
            *_as_root(),
            f"--user-data-dir={profile}",
            f"--print-to-pdf={made}",
            source.as_uri(),
        ]
        _print(command, timeout, str(page))
        if not made.is_file() or not made.read_bytes().startswith(b"%PDF"):
            raise InputError("the browser printed no PDF", where=str(page), do=f"print it from {browser} by hand")
        shutil.move(made, target)
    return target


def find_chromium() -> str:
    """The browser to print with: the one named in ``PERFLIB_CHROMIUM``, or the first Chromium, Chrome or Edge found.

    Raises
    ------
    InputError : there is none.
    """
    if named := os.environ.get(CHROMIUM):
        return named
    roots = [os.environ.get(name) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")]
    known = [Path(root) / place for root in roots if root for place in _PLACES]
    known += [Path("/Applications") / f"{app}.app" / "Contents" / "MacOS" / app for app in _APPS]
    browsers = [*filter(None, map(shutil.which, _NAMES)), *(str(path) for path in known if path.is_file())]
    if not browsers:
        raise InputError("no Chromium, Chrome or Edge on this machine", do=f"install one, or name it in {CHROMIUM}")
    return browsers[0]


def _as_root() -> list[str]:
    """Chromium refuses its sandbox to root, the user of most containers; the page itself may fetch nothing."""
    return ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def _print(command: list[str], timeout: float, where: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=timeout)
    except FileNotFoundError:
        raise InputError("there is no such browser", where=command[0], do=f"correct {CHROMIUM}") from None
    except subprocess.TimeoutExpired:
        raise InputError(f"printing took more than {timeout:g} s", where=where) from None
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
        raise InputError(f"the browser failed: {words[0]}", where=where) from None
