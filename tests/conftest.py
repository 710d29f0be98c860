"""Fixtures that several rooms share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]
REALDATA = "PERFLIB_REALDATA"

settings.register_profile("perflib", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("perflib"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "perflib")


def _realdata_folder() -> Path | None:
    """The folder of public records: $PERFLIB_REALDATA, or shared/data beside the checkout."""
    named = os.environ.get(REALDATA)
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder.resolve() if folder.is_dir() else None


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of public records; the test skips where there is none."""
    folder = _realdata_folder()
    if folder is None:
        pytest.skip(f"no public records: set {REALDATA} to their folder (see data/catalog.yml)")
    return folder


@pytest.fixture(scope="session")
def small_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small synthetic city department and its truth.yml."""
    from perflib import synthetic

    return Path(synthetic.write(tmp_path_factory.mktemp("department") / "small_city", scale="small", agency="city"))


@pytest.fixture(scope="session")
def busy_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small department with fifteen times as much force and as many complaints as a real one has."""
    from perflib import synthetic

    rates = dict.fromkeys(("force_per_response", "complaints_per_response", "commendations_per_response"), 0.02)
    return Path(synthetic.write(tmp_path_factory.mktemp("department") / "busy_city", "small", cv=0.2, **rates))


@pytest.fixture(scope="session")
def chromium() -> str:
    """The system's Chromium; the test skips where there is none."""
    named = os.environ.get("PERFLIB_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        pytest.skip("no Chromium on this machine: install it, or name it in PERFLIB_CHROMIUM")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """The system's Chromium, driven by playwright: for one module, since while it lives an event loop runs."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=chromium, args=arguments)
        yield launched
        launched.close()
