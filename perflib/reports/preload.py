"""What the server of forks imports once, so that no run has to; importing it opens no engine and starts no thread."""

from __future__ import annotations

import gc
import importlib
import os
import sys

from perflib.reports.worker import BACKEND, ENVIRONMENT

os.environ.update({**BACKEND, **ENVIRONMENT})

#: each brings others with it
MODULES = (
    "perflib.reports.task",
    "perflib.reports.render",
    "perflib.reports.pages",
    "perflib.reports.kernel",
    "perflib.sources.opening",
    "perflib.synthetic",
    "perflib.metrics.response",
    "perflib.metrics.quality",
    "perflib.models.trend",
    "perflib.widgets",
    "perflib.figures.draw",
    "perflib.figures.frame",
    "ibis.backends.duckdb",
    "pyarrow.dataset",
    "scipy.stats",
    "matplotlib.pyplot",
    "ipykernel.kernelapp",
    "papermill.execute",
    "debugpy",
    "ipywidgets",
    "jinja2",
    "mistune",
    "pooch",
)
#: builds a grammar at its import, for longer than everything else here takes, to check a format no notebook holds
SLOW_EXTRA = "rfc3987_syntax"


def _load() -> None:
    spared = sys.modules.setdefault(SLOW_EXTRA, None) is None  # type: ignore[arg-type]  # as if not installed
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ImportError:  # optional, or renamed by a newer version: a run imports what it needs itself
            continue
    if spared:
        del sys.modules[SLOW_EXTRA]
    _draw_once()
    _ask_once()
    gc.collect()
    gc.freeze()  # the forks share these pages as long as the collector leaves them alone


def _ask_once() -> None:
    """Put a question into SQL, for no engine: the first time takes the writers of SQL ten times as long."""
    import ibis

    calls = ibis.table({"district": "string", "at": "timestamp('UTC')", "minutes": "float64"}, name="calls")
    shaped = calls.filter((calls.district == "1") & calls.minutes.notnull()).mutate(
        month=calls.at.cast("timestamp").truncate("M").date(),
        fate=ibis.cases((calls.minutes < 0, "negative"), else_="known"),
    )
    counted = shaped.group_by(["month", "fate"]).agg(n=shaped.count(), all=shaped.minutes.collect())
    ibis.to_sql(counted.order_by("month"), dialect="duckdb")


def _draw_once() -> None:
    """Fonts are found, their widths cached."""
    import io

    from perflib.figures.frame import sheet

    figure, axes = sheet("0123456789 median (minutes)", ["Counted from the records, 0123456789 %"], 2)
    axes[0].plot([0, 1], [0, 1], label="median")
    axes[0].legend()
    figure.savefig(io.BytesIO(), format="png", dpi=144)


_load()
