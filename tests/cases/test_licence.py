"""A page that holds the vendored chart library holds its licence too."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from perflib.__main__ import main

CELL = """import pandas as pd, perflib as pf
from perflib.figures import Chart
table = pd.DataFrame({"month": pd.date_range("2025-01-01", periods=5, freq="MS"), "n": range(5)})
pf.Result("course", table, "Course", "It rises.", "", chart=Chart("line", "month", "n", alt="It rises."))"""


def test_a_page_with_the_chart_library_holds_its_licence(tmp_path: Path) -> None:
    book = tmp_path / "one.ipynb"
    parameters = new_code_cell("n: int = 1", metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[parameters, new_code_cell(CELL)]), book)
    assert main(["run", str(book), "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "one.html").read_text(encoding="utf-8")
    vendored = files("perflib.reports").joinpath("template", "vendor")
    library, licence = (vendored.joinpath(name).read_text("utf-8") for name in ("uPlot.iife.min.js", "LICENSE.uPlot"))
    assert library in page
    assert "Copyright (c) 2022 Leon Sorokin" in page and licence.strip() in page
