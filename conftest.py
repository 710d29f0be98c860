"""What holds for every test and every notebook cell; it must run before anything else is imported."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

# A zone with an odd offset: a result that depends on the machine's zone shows itself.
if hasattr(time, "tzset"):
    os.environ["TZ"] = "Asia/Kathmandu"
    time.tzset()
os.environ["MPLBACKEND"] = "Agg"
os.environ["PERFLIB_STATIC"] = "1"
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
os.environ["PYTHONUTF8"] = "1"
os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
# No test touches the keys or the audit log of whoever runs it.
_PRIVATE = tempfile.mkdtemp(prefix="perflib-tests-")
os.environ["PERFLIB_KEY_FILE"] = os.path.join(_PRIVATE, "tests.key")
os.environ["PERFLIB_AUDIT_FILE"] = os.path.join(_PRIVATE, "audit.jsonl")
os.environ["LOCALAPPDATA" if os.name == "nt" else "XDG_CONFIG_HOME"] = os.path.join(_PRIVATE, "config")

import pytest  # noqa: E402 - the environment comes first

atexit.register(shutil.rmtree, _PRIVATE, ignore_errors=True)

ROOT = Path(__file__).parent
STRICT = ROOT / "notebooks" / "reproductions"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="slow; run with --slow")
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: Any) -> Generator[None, list[Any], list[Any]]:
    """Reproductions of published analyses are compared with their stored outputs even under --nbval-lax."""
    collected = yield
    if file_path.suffix == ".ipynb" and file_path.is_relative_to(STRICT):
        for notebook in collected:
            notebook.compare_outputs = True
    return collected
