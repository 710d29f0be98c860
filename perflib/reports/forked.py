"""A kernel that is a fork of this process, which has the heavy imports loaded already."""

from __future__ import annotations

import gc
import os
import random
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

GO = b"g"


class ForkedProcess:
    """The child as its parent sees it; the part of ``subprocess.Popen`` that a kernel manager uses."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, leash: int) -> None:
        self.pid, self._leash = pid, leash
        self.returncode: int | None = None

    def release(self) -> None:
        """Let the child start its kernel: the connection file is written."""
        os.write(self._leash, GO)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            self._reap(os.WNOHANG)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it ends."""
        if self.returncode is None:
            self._reap(0)
        return self.returncode

    def _reap(self, options: int) -> None:
        try:
            pid, status = os.waitpid(self.pid, options)
        except ChildProcessError:
            pid, status = self.pid, 0
        if pid:
            self.returncode = os.waitstatus_to_exitcode(status) if status else 0
            os.close(self._leash)

    def send_signal(self, number: int) -> None:
        """Send a signal unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    terminate = kill


def fork_kernel(private: str, cwd: str, environment: Mapping[str, str]) -> ForkedProcess:
    """Fork a kernel that waits for its connection file in ``private``; it ends when this process ends.

    Call it before this process has a thread or an event loop.
    """
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        os.close(read)
        return ForkedProcess(pid, write)
    code = 1
    try:
        os.close(write)
        _become_kernel(read, private, cwd, environment)
        code = 0
    finally:
        os._exit(code)


def _become_kernel(leash: int, private: str, cwd: str, environment: Mapping[str, str]) -> None:
    gc.set_threshold(50_000, 20, 100)  # a report makes many short-lived objects and few cycles; the process ends soon
    _own_state(private, cwd, environment)
    if os.read(leash, 1) != GO:
        return
    threading.Thread(target=_end_with_parent, args=(leash,), daemon=True).start()
    from ipykernel.kernelapp import IPKernelApp

    from perflib.files import record
    from perflib.reports.kernel import QUIET

    record.watch()
    app: Any = IPKernelApp.instance()
    app.initialize(["-f", str(Path(private) / "k.json"), QUIET])
    app.start()


def _own_state(private: str, cwd: str, environment: Mapping[str, str]) -> None:
    """What a fork must not share with its siblings: random numbers, temporary files, the terminal."""
    import numpy as np

    random.seed()
    np.random.seed()
    import tempfile

    tempfile.tempdir = private
    os.environ.update(environment)
    os.chdir(cwd)
    log = os.open(Path(private) / "kernel.log", os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = ["perflib-kernel"]


def _end_with_parent(leash: int) -> None:
    os.read(leash, 1)  # returns when the other end is closed, which is when the parent has ended
    os._exit(1)
