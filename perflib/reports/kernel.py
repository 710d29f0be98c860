"""The kernel a report runs in: this very interpreter, with static figures, whatever kernels are installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from perflib.reports.worker import ENVIRONMENT

if TYPE_CHECKING:
    from perflib.reports.forked import ForkedProcess

LONGEST = 90  # characters of a folder below which a Unix socket can have its name
#: as ipykernel's launcher: nothing in the working folder stands in for a module while the kernel starts
START = (
    "import sys; del sys.path[0]; from perflib.files import record; record.watch(); "
    "from ipykernel import kernelapp; kernelapp.launch_new_instance()"
)
QUIET = "--HistoryManager.enabled=False"


class OwnKernel(AsyncKernelManager):
    """A kernel manager whose kernel is the running interpreter.

    An installed kernelspec named ``python3`` may point to another environment, so none is looked up. The kernel
    keeps no input history: runs would contend for one history file.
    """

    @classmethod
    def inside(
        cls, private: str, environment: Mapping[str, str], process: ForkedProcess | None = None
    ) -> type[OwnKernel]:
        """The manager with its connection file in ``private``, a folder only this user can read.

        There the kernel talks through sockets in that folder; Windows has none, so it listens on the local
        host, as it does where the folder's name is too long for a socket.
        With ``process``, a child forked beforehand becomes the kernel instead of a new interpreter.
        """
        settings = {"connection_file": str(Path(private) / "k.json")}
        if os.name != "nt" and len(private) < LONGEST:
            settings |= {"transport": "ipc", "ip": str(Path(private) / "k")}
        named: dict[str, Any] = {"_settings": settings, "_process": process, "_own": environment, "made": []}
        return type("OwnKernelInside", (cls,), named)

    _settings: ClassVar[Mapping[str, str]] = {}
    _process: ClassVar[Any] = None
    _own: ClassVar[Mapping[str, str]] = {}
    made: ClassVar[list[OwnKernel]] = []

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, **self._settings})
        self.made.append(self)

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        if self._process is None:
            await super()._async_launch_kernel(kernel_cmd, **options)
            return
        provisioner: Any = self.provisioner
        provisioner.process, provisioner.pid = self._process, self._process.pid
        self._reconcile_connection_info(provisioner.connection_info)
        self._process.release()

    @classmethod
    def kill_now(cls) -> None:
        """End the kernel at once; its client notices within a second."""
        for manager in cls.made:
            process = getattr(manager.provisioner, "process", None)
            if process is not None:
                process.kill()

    @property
    def kernel_spec(self) -> KernelSpec:
        """How to start the kernel."""
        return KernelSpec(
            argv=[sys.executable, "-c", START, "-f", "{connection_file}", QUIET],
            display_name="perflib",
            language="python",
            env={**ENVIRONMENT, **self._own},
        )
