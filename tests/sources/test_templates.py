"""The skeletons that people copy must themselves be right."""

from pathlib import Path

import perflib as pf
from perflib.sources import department_file, mapping

FOLDER = Path(__file__).parents[2] / "templates"
ROWS = """Incident_Number,Start_Time,Dispatch_Date,Dispatch_Time,OnScene,Agency,Source,Caller,Priority,Beat
1,2025-06-01 10:00:00,06/01/2025,10:02,2025-06-01 10:09,PD,PHONE,x,1,832.0
2,2025-06-01 11:00:00,06/01/2025,11:02,NULL,PD,OFFICER,x,2,0412
3,2025-06-01 12:00:00,06/01/2025,12:02,-,COURT,PHONE,TEST,2,
"""


def test_the_skeletons_open_a_department(tmp_path, monkeypatch):
    assert mapping.load(FOLDER / "mapping.yml").trust
    assert department_file.read(FOLDER / "department.yml").timezone == "America/New_York"
    (tmp_path / "calls_2025.csv").write_text(ROWS, encoding="utf-8")
    monkeypatch.setenv("OURTOWN_EXPORTS", str(tmp_path))
    dept = pf.open(FOLDER / "department.yml")
    found = dept.calls.order_by("call_id").execute()
    assert found["origin"].tolist() == ["public", "officer", "unknown"]
    assert found["beat"].tolist()[:2] == ["0832", "0412"]
    assert found["service"].tolist() == ["police", "police", "other"]
    assert found["arrived_at"].notna().tolist() == [True, False, False]
    assert dept.settings["districts"] == ["North", "South", "0412"]
