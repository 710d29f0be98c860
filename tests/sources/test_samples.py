"""A refused source shows the shape of a text it could not read, and its line; never the text."""

from __future__ import annotations

import pandas as pd
import pytest

import perflib
from perflib.errors import SourceError
from perflib.sources import one_pass
from perflib.sources.check import check

MAPPING = """table: calls
columns:
  call_id: id
  received_at: {from: [day, hour], format: "%Y-%m-%d %H:%M"}
  unit_count: {from: n, optional: true}
  lat: {from: lat, optional: true}
"""


@pytest.mark.parametrize("smallest", [one_pass.SMALLEST, 1])
@pytest.mark.parametrize(
    ("head", "row", "words"),
    [
        (
            "id,day,hour",
            "{},45658,10:00",
            "received_at: cannot be read as timestamp (3), such as '99999 99:99' (line 11)",
        ),
        (
            "id,day,hour,n",
            "{},2025-01-01,10:00,1O",
            "unit_count: cannot be read as integer (3), such as '9A' (line 11)",
        ),
        (
            "id,day,hour,n",
            "{},2025-01-01,10:00,Ann Miller",
            "unit_count: cannot be read as integer (3), such as 'Aaa Aaaaaa' (line 11)",
        ),
    ],
)
def test_a_reason_shows_a_value(tmp_path, monkeypatch, smallest: int, head: str, row: str, words: str) -> None:
    monkeypatch.setattr(one_pass, "SMALLEST", smallest)
    monkeypatch.setattr(one_pass, "DOUBTFUL", 1.0)
    sound = [f"s{at},2025-01-01,10:00{',1' if head.endswith('n') else ''}" for at in range(9)]
    lines = [head, *sound, *(row.format(at) for at in range(3))]
    (tmp_path / "x.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "m.yml").write_text(MAPPING, encoding="utf-8")
    sources = "sources: [{table: calls, files: x.csv, mapping: m.yml}]\n"
    (tmp_path / "d.yml").write_text(f"name: T\ntimezone: UTC\n{sources}", encoding="utf-8")
    found = check(tmp_path / "d.yml")
    assert words in found.faults[0]
    (source,) = found.sources
    assert source.accepted + source.quarantined == source.read == 12


def test_a_personal_field_shows_none() -> None:
    frame = pd.DataFrame({"call_id": ["1"], "received_at": "2025-01-01", "lat": ["38.8N"]})
    with pytest.raises(SourceError) as caught:
        perflib.from_frames(calls=frame, personal=["lat"])
    assert "lat: cannot be read" in str(caught.value) and "38.8N" not in str(caught.value)
