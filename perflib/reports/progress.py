"""How a batch shows that it goes on: a bar with the time left on a terminal, one line per run otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO


@contextmanager
def progress(stream: TextIO) -> Iterator[Callable[[Mapping[str, Any], int, int], None]]:
    """A function to call with each settled run, how many are settled, and how many there are."""
    from tqdm import tqdm

    started, terminal = time.monotonic(), stream.isatty()

    with tqdm(unit="report", file=stream, smoothing=0.1, dynamic_ncols=True, disable=not terminal) as bar:

        def say(run: Mapping[str, Any], settled: int, total: int) -> None:
            bar.total = total
            bar.update(settled - bar.n if terminal else 0)
            if not terminal:
                left = (time.monotonic() - started) / settled * (total - settled)
                about = f"{left:.0f} s" if left < 90 else f"{left / 60:.0f} min"
                print(f"[{settled}/{total}] {_line(run)}, about {about} left", file=stream, flush=True)
            elif run["status"] == "failed":
                bar.write(_line(run), file=stream)

        yield say


def _line(run: Mapping[str, Any]) -> str:
    if run["status"] == "failed":
        return f"FAILED {run['name']}: {run['error']['exception']}: {run['error']['message']}"
    outcome = " (unchanged, kept)" if run.get("resumed") else f" {run['seconds']:.1f} s"
    return f"done {run['name']}{outcome}"
