"""Count the words of an executed report that a person reads: titles, answers, caveats and prose, not tables.

``python tests/notebooks/count_words.py EXECUTED.ipynb ...`` prints the words of each report.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

MIME = "application/vnd.perflib.result+json"


def words(notebook: Path) -> int:
    """Words of the results' titles, answers and caveats and of the notebook's own prose."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    for cell in cells:
        for output in cell.get("outputs", []):
            result = output.get("data", {}).get(MIME)
            if result:
                texts += [result["title"], result["answer"], *result["caveats"]]
    return sum(len(re.findall(r"[^\s]*\w[^\s]*", text)) for text in texts)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(words(Path(name)), name)
