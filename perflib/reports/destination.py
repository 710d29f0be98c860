"""Where results go: a folder, or any address that fsspec knows, reached through a folder of this machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from perflib.errors import InputError


class Destination:
    """The results' place. ``folder`` is where they are written; for an address they are copied on from there.

    Parameters
    ----------
    given : a path or an address given by the caller; empty means ``planned``.
    planned : the plan's own folder for results.
    private : a folder for what is on its way.
    """

    def __init__(self, given: str, planned: Path, private: Path) -> None:
        self.address = given.rstrip("/") if re.match(r"[a-z][a-z0-9+.-]+://", given, re.IGNORECASE) else ""
        self.folder = private / "out" if self.address else Path(given).resolve() if given else planned
        self._system: Any = _system(self.address) if self.address else None

    def fetch(self) -> None:
        """Bring what is at the address, so that a batch can be resumed."""
        if self._system is not None and self._system.exists(self.address):
            self._system.get(f"{self.address}/", f"{self.folder}/", recursive=True)

    def send(self, folder: Path) -> None:
        """Copy one run's folder, its manifest last."""
        if self._system is not None and folder.is_dir():
            files = (file for file in folder.iterdir() if file.is_file())
            self._put(sorted(files, key=lambda file: file.name == "manifest.json"), f"{self.address}/{folder.name}")

    def send_top(self) -> None:
        """Copy the index and the status."""
        if self._system is not None:
            self._put([self.folder / "index.html", self.folder / "status.json"], self.address)

    def _put(self, files: list[Path], place: str) -> None:
        self._system.makedirs(place, exist_ok=True)
        for file in files:
            self._system.put_file(str(file), f"{place}/{file.name}")


def _system(address: str) -> Any:
    try:
        import fsspec

        return fsspec.core.url_to_fs(address)[0]
    except ImportError as error:
        fault, do = f"an address needs a package that is not installed ({error})", "pip install fsspec and that package"
    except ValueError as error:
        fault, do = f"not an address that fsspec knows ({error})", "correct the address"
    raise InputError(fault, where=address.partition("://")[0], do=f"{do}, or give a folder")
