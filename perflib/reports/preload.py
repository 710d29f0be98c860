"""What the server of forks imports once, so that no run has to; importing it opens no engine and starts no thread."""

from __future__ import annotations

import gc
import importlib
import os

from perflib.reports.kernel import ENVIRONMENT

os.environ.update({"MPLBACKEND": "Agg", **ENVIRONMENT})

MODULES = (
    "pandas", "numpy", "pyarrow", "duckdb", "ibis", "ibis.backends.duckdb", "sqlglot", "matplotlib.pyplot",
    "scipy.stats", "statsmodels.api", "statsmodels.formula.api",
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "IPython", "debugpy", "comm", "ipywidgets",
    "papermill", "papermill.execute", "papermill.engines", "nbclient", "nbformat", "nbformat.v4", "jinja2", "mistune",
    "perflib", "perflib.sources.opening", "perflib.sources.tables", "perflib.synthetic",
    "perflib.metrics", "perflib.metrics.response",
    "perflib.metrics.quality", "perflib.widgets", "perflib.result", "perflib.reports.task", "perflib.reports.runner",
    "perflib.reports.render", "perflib.reports.failure", "perflib.reports.shared", "perflib.reports.forked",
    "perflib.figures.draw", "perflib.figures.lines", "perflib.figures.dots",
)


def _load() -> None:
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ImportError:  # optional, or renamed by a newer version: a run imports what it needs itself
            continue
    _warm()
    gc.collect()
    gc.freeze()  # the forks share these pages as long as the collector leaves them alone


def _warm() -> None:
    """Draw once: fonts are found, their widths cached."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 2))
    FigureCanvasAgg(figure)
    figure.subplots().set_title("0123456789 median (minutes)")
    figure.savefig(io.BytesIO(), format="png")


_load()
