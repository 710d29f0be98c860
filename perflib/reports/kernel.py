"""The kernel a report runs in: this very interpreter, with static figures, whatever kernels are installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager


class OwnKernel(AsyncKernelManager):
    """A kernel manager whose kernel is the running interpreter.

    An installed kernelspec named ``python3`` may point to another environment, so none is looked up. The kernel
    keeps no input history: runs would contend for one history file.
    """

    @classmethod
    def inside(cls, private: str) -> type[OwnKernel]:
        """The manager with its connection file in ``private``, a folder only this user can read.

        There the kernel talks through sockets in that folder; Windows has none, so it listens on the local host.
        """
        settings = {"connection_file": str(Path(private) / "k.json")}
        if os.name != "nt":
            settings |= {"transport": "ipc", "ip": str(Path(private) / "k")}
        return type("OwnKernelInside", (cls,), {"_settings": settings})

    _settings: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, **self._settings})

    @property
    def kernel_spec(self) -> KernelSpec:
        """How to start the kernel."""
        return KernelSpec(
            argv=[
                sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}",
                "--HistoryManager.enabled=False",
            ],
            display_name="perflib", language="python",
            env={"PERFLIB_STATIC": "1", "PYTHONUTF8": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        )
