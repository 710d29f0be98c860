"""How a batch shows that it moves: a bar with the time left on a terminal, one line per run otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO


@contextmanager
def progress(stream: TextIO) -> Iterator[Callable[[Mapping[str, Any], int, int], None]]:
    """A function to call with each settled run, how many are settled, and how many there are."""
    if stream.isatty():
        with _bar(stream) as say:
            yield say
        return
    started = time.monotonic()

    def line(run: Mapping[str, Any], settled: int, total: int) -> None:
        left = (time.monotonic() - started) / settled * (total - settled)
        print(f"[{settled}/{total}] {_words(run)}, about {_minutes(left)} left", file=stream, flush=True)

    yield line


@contextmanager
def _bar(stream: TextIO) -> Iterator[Callable[[Mapping[str, Any], int, int], None]]:
    from tqdm import tqdm

    with tqdm(unit="report", file=stream, smoothing=0.1, dynamic_ncols=True) as bar:

        def say(run: Mapping[str, Any], settled: int, total: int) -> None:
            bar.total = total
            bar.update(settled - bar.n)
            if run["status"] == "failed":
                bar.write(_words(run), file=stream)

        yield say


def _words(run: Mapping[str, Any]) -> str:
    if run["status"] == "failed":
        return f"FAILED {run['name']}: {run['error']['exception']}: {run['error']['message']}"
    kept = " (unchanged, kept)" if run.get("resumed") else f" {run['seconds']:.1f} s"
    return f"done {run['name']}{kept}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
