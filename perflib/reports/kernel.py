"""The kernel a report runs in: this very interpreter, with static figures, whatever kernels are installed."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from perflib.reports.worker import ENVIRONMENT, end_with_parent

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

    settings: ClassVar[Mapping[str, str]] = {}
    environment: ClassVar[Mapping[str, str]] = {}
    fork: ClassVar[Any] = None
    started: ClassVar[list[Any]] = []

    @classmethod
    def inside(cls, private: str, environment: Mapping[str, str], fork: ForkedKernel | None = None) -> type[OwnKernel]:
        """The manager with its connection file in ``private``, a folder only this user can read.

        There the kernel talks through sockets in that folder; Windows has none, so it listens on the local
        host, as it does where the folder's name is too long for a socket.
        With ``fork``, that process becomes the kernel instead of a new interpreter.
        """
        settings = {"connection_file": str(Path(private) / "k.json")}
        if os.name != "nt" and len(private) < LONGEST:
            settings |= {"transport": "ipc", "ip": str(Path(private) / "k")}
        own: dict[str, Any] = {"settings": settings, "environment": environment, "fork": fork}
        return type("OwnKernelInside", (cls,), {**own, "started": [fork] if fork else []})

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, **self.settings})

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        provisioner: Any = self.provisioner
        if self.fork is None:
            await super()._async_launch_kernel(kernel_cmd, **options)
            self.started.append(provisioner.process)
            return
        provisioner.process, provisioner.pid = self.fork, self.fork.pid
        self._reconcile_connection_info(provisioner.connection_info)
        self.fork.begin()

    @classmethod
    def kill_now(cls) -> None:
        """End the kernel at once; its client notices within a second."""
        for process in cls.started:
            process.kill()

    @property
    def kernel_spec(self) -> KernelSpec:
        """How to start the kernel."""
        return KernelSpec(
            argv=[sys.executable, "-c", START, "-f", "{connection_file}", QUIET],
            display_name="perflib",
            language="python",
            env={**ENVIRONMENT, **self.environment},
        )


class ForkedKernel:
    """A fork of this process that becomes a kernel; it has the part of ``subprocess.Popen`` that a manager uses.

    Make it before this process has a thread or an event loop. It waits for ``begin`` and ends when this process does.
    """

    stdin = stdout = stderr = None

    def __init__(self, private: str, cwd: str, environment: Mapping[str, str]) -> None:
        context = multiprocessing.get_context("fork")
        read, self._write = context.Pipe(duplex=False)
        self._process = context.Process(target=_become_kernel, args=(read, private, cwd, environment))
        self._process.start()
        self.pid = self._process.pid or 0
        read.close()

    def begin(self) -> None:
        """Let it start its kernel: the connection file is written."""
        self._write.send(True)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it ends."""
        self._process.join(timeout)
        return self.poll()

    def send_signal(self, number: int) -> None:
        """Send a signal unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    terminate = kill


def _become_kernel(begin: Connection, private: str, cwd: str, environment: Mapping[str, str]) -> None:
    end_with_parent()
    gc.set_threshold(50_000, 20, 100)  # a report makes many short-lived objects and few cycles; the process ends soon
    _own_state(private, cwd, environment)
    begin.recv()
    from ipykernel.kernelapp import IPKernelApp

    from perflib.files import record

    record.watch()
    app: Any = IPKernelApp.instance()
    app.initialize(["-f", str(Path(private) / "k.json"), QUIET])
    app.start()


def _own_state(private: str, cwd: str, environment: Mapping[str, str]) -> None:
    """What a fork must not share with its siblings: random numbers, temporary files, the terminal."""
    import numpy as np

    np.random.seed()  # the standard library seeds its own generator in every fork
    tempfile.tempdir = private
    os.environ.update(environment)
    os.chdir(cwd)
    log = os.open(Path(private) / "kernel.log", os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = ["perflib-kernel"]
