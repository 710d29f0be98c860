"""Every run in its own process: an executor whose processes are forks of a server that has imported everything."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any

FORKS = sys.platform == "linux"  # elsewhere a fork of a process with system libraries is not sound
#: what holds in every kernel of a report; BACKEND besides in the server of forks
ENVIRONMENT = {"PERFLIB_STATIC": "1", "PYTHONUTF8": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
BACKEND = {"MPLBACKEND": "Agg"}
GRACE = 60.0  # seconds beyond its own limit after which a process is killed


class ProcessDiedError(RuntimeError):
    """A run's process ended without an answer: killed, out of memory, or past its time."""


class Workers(Executor):
    """At most ``workers`` processes at once, one per submitted call; shaped as in ``concurrent.futures``.

    A pool of the standard library breaks as a whole when one process dies; here only the call of that process fails.

    Parameters
    ----------
    workers : processes at once.
    limit : seconds after which a process is killed; None waits for ever.
    """

    def __init__(self, workers: int, limit: float | None = None) -> None:
        self._context: Any = multiprocessing.get_context("forkserver" if FORKS else "spawn")
        if FORKS:
            self._context.set_forkserver_preload(["perflib.reports.preload"])
            importlib.import_module("multiprocessing.forkserver").ensure_running()  # it imports meanwhile
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="perflib-worker")
        self._limit, self._starting = limit, threading.Lock()
        self._running: set[Any] = set()
        self._stopped = False

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Call it in a process of its own: the future gives what it returns or raises, or ProcessDiedError."""
        return self._threads.submit(self._in_process, partial(call, *arguments, **named))

    def _in_process(self, call: Callable[[], Any]) -> Any:
        read, write = self._context.Pipe(duplex=False)
        # the environment as it is now: the server of forks has that of its own start
        environment = {**os.environ, **ENVIRONMENT, **(BACKEND if FORKS else {})}
        process = self._context.Process(target=_answer, args=(write, call, environment))
        with self._starting:  # the context's start is not made for threads
            if self._stopped:
                raise ProcessDiedError("the batch was stopped")
            process.start()
            self._running.add(process)
        write.close()
        try:
            if not wait([read, process.sentinel], self._limit):
                raise ProcessDiedError(f"its process did not end within {self._limit:g} seconds")
            good, value = _received(read, process)
        finally:
            self._running.discard(process)
            read.close()
            _kill(process)
            process.join()
            process.close()
        if good:
            return value
        raise value

    def __exit__(self, *error: Any) -> None:
        self.shutdown(cancel_futures=error[0] is not None)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End; with ``cancel_futures`` the running processes are killed too."""
        if cancel_futures:
            with self._starting:
                self._stopped = True
                for process in list(self._running):
                    _kill(process)
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


def _received(read: Connection, process: Any) -> tuple[bool, Any]:
    try:
        good, value = read.recv()
    except (EOFError, OSError):
        process.join(GRACE)
        code = process.exitcode
        cause = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
        raise ProcessDiedError(f"its process died ({cause})") from None
    return good, value


def _kill(process: Any) -> None:
    """The process and all it started: it leads a group of its own."""
    try:
        if hasattr(os, "killpg") and os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        return


def _answer(write: Connection, call: Callable[[], Any], environment: Mapping[str, str]) -> None:
    """What a process of its own does."""
    os.environ.clear()
    os.environ.update(environment)
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        outcome = (True, call())
    except Exception as error:  # whatever it is, it belongs to whoever asked for the call
        outcome = (False, error)
    write.send(outcome)
    write.close()


def end_with_parent() -> None:
    """From now on this process and its group end when the process that started it does; it costs a thread."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
