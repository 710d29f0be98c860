"""Officers at the same scenes and at the same kind of work: hand-worked rows, planted officers, what cannot be told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import perflib as pf
from perflib.errors import InputError
from perflib.metrics import officers
from perflib.metrics.officers.scenes import _levels
from perflib.metrics.officers.similar import OUTCOMES, _events


def moment(day: str, hour: int = 12) -> pd.Timestamp:
    return pd.Timestamp(f"{day} {hour:02d}:00", tz="UTC")


def town(**changes: object) -> pf.Department:
    """A and B at c1, A (twice) and C at c2, B alone at c3. A used force at c1 twice, C at c2, its level unknown."""
    calls = pd.DataFrame(
        {
            "call_id": ["c1", "c2", "c3"],
            "received_at": [moment(f"2024-01-0{k}") for k in (1, 2, 3)],
            "call_type": ["Fight", "Fight", "Alarm"],
            "district": ["N", None, "S"],
        }
    )
    sent = pd.DataFrame(
        {
            "call_id": ["c1", "c1", "c2", "c2", "c2", "c3"],
            "unit_id": list("abacac"),
            "officer_id": ["A", "B", "A", "C", "A", "B"],
            "assigned_at": [
                moment("2024-01-01"),
                moment("2024-01-01", 13),
                moment("2024-01-02", 3),
                moment("2024-01-02", 3),
                moment("2024-01-02", 5),
                moment("2024-01-03"),
            ],
        }
    )
    force = pd.DataFrame(
        {
            "force_id": ["f1", "f2", "f3"],
            "incident_id": ["c1", "c1", "c2"],
            "call_id": ["c1", "c1", "c2"],
            "used_at": [moment("2024-01-01"), moment("2024-01-01"), moment("2024-01-02")],
            "officer_id": ["A", "A", "C"],
            "level": pd.array([1, 3, None], "Int64"),
        }
    )
    tables = {"calls": calls, "unit_responses": sent, "force": force} | changes
    return pf.from_frames(
        **{name: table for name, table in tables.items() if table is not None},
        timezone="UTC",
        privacy={"pseudonyms": False, "because": "invented people"},
    )


def test_who_stood_there_hand_worked() -> None:
    frame, unknown = _levels(town(), True, "", "")
    rows = frame[["scene", "officer_id", "level"]].to_numpy().tolist()
    assert rows == [["c1", "A", 3], ["c1", "B", 0]]  # A's higher level; c2's level is not known
    assert unknown == 1 and _levels(town(), False, "", "")[0].empty


def test_scenes_that_cannot_be_compared_say_why() -> None:
    assert "no scene where officers used different levels" in officers.scenes(town(), present=False).reason
    assert "no record of force" in officers.scenes(town(force=None)).reason
    assert "which officers answered" in officers.scenes(town(unit_responses=None), present=True).reason


def test_events_beside_their_calls_hand_worked() -> None:
    rows = _events(town(), OUTCOMES["force"]).order_by("day", "officer").execute()
    found = rows[["officer", "outcome", "kind", "hours", "weekday"]].to_numpy().tolist()
    assert found == [
        ["A", True, "Fight", "12-16", "Monday"],
        ["B", False, "Fight", "12-16", "Monday"],
        ["A", False, "Fight", "0-4", "Tuesday"],
        ["C", True, "Fight", "0-4", "Tuesday"],
        ["B", False, "Alarm", "12-16", "Wednesday"],
    ]


def test_what_cannot_be_benchmarked() -> None:
    dept = town()
    assert set(officers.similar(dept, "force").table["verdict"]) == {"not assessable"}
    assert "not recorded by the call" in officers.similar(dept, "complaints").reason
    assert "no stops" in officers.similar(dept, "frisks").reason
    with pytest.raises(InputError, match="no measure"):
        officers.similar(dept, "frce")
    with pytest.raises(InputError, match="no 'priority' is recorded"):
        officers.similar(dept, "force", ["priority"])


def two_kinds(seed: int = 0) -> pf.Department:
    """Forty officers; half answer fights, where force is ten times as common; O05 uses it three times as often."""
    rng = np.random.default_rng(seed)
    n = 40_000
    who = rng.integers(0, 40, n)
    fights = rng.random(n) < np.where(who < 20, 0.8, 0.1)
    chance = np.where(fights, 0.1, 0.01) * np.where(who == 5, 3.0, 1.0) * rng.gamma(50, 1 / 50, 40)[who]
    ids = [f"c{k}" for k in range(n)]
    names = [f"O{k:02d}" for k in who]
    when = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 365 * 24 * 60, n), unit="min")
    used = rng.random(n) < chance
    calls = pd.DataFrame({"call_id": ids, "received_at": when, "call_type": np.where(fights, "Fight", "Other")})
    sent = pd.DataFrame({"call_id": ids, "unit_id": "u", "officer_id": names, "assigned_at": when})
    force = pd.DataFrame(
        {"force_id": ids, "call_id": ids, "incident_id": ids, "used_at": when, "officer_id": names, "level": 1}
    )[used]
    return pf.from_frames(
        calls=calls,
        unit_responses=sent,
        force=force,
        timezone="UTC",
        privacy={"pseudonyms": False, "because": "invented people"},
    )


def test_the_kind_of_call_is_held_fixed_and_the_planted_officer_is_found() -> None:
    """Without the kind, half of the force looks like the officers'; with it only the planted one stands out."""
    dept = two_kinds()
    result = officers.similar(dept, "force", ["kind", "hours"])
    table = result.table.set_index("officer")
    assert list(table.index[table["verdict"] == "higher"]) == ["O05"]
    assert table.loc["O05", "low"] < 3.0 < table.loc["O05", "high"] * 1.05
    assert table["estimate"].drop("O05").between(0.6, 1.5).mean() > 0.9
    blind = officers.similar(dept, "force", ["hours"]).table.set_index("officer")["estimate"]
    fighters, others = ([f"O{k:02d}" for k in part] for part in (range(20), range(20, 40)))
    assert blind[fighters].median() > 1.3 and blind[others].median() < 0.5


@pytest.mark.slow
def test_planted_officers_at_their_scenes() -> None:
    """truth.yml: of four who use force three times as often, three are flagged at the same scenes; nobody else is."""
    folder = Path(pf.synthetic.sample("events"))
    truth = yaml.safe_load((folder / "truth.yml").read_text(encoding="utf-8"))["truths"]
    planted, dept = set(truth["force_outliers"]["officers"]), pf.open(folder)
    scene = officers.scenes(dept).table
    assert len(planted & set(scene.loc[scene["verdict"] == "higher", "officer"])) >= 3
    assert set(scene.loc[scene["verdict"].isin(["higher", "lower"]), "officer"]) <= planted
    work = officers.similar(dept, "force").table
    assert len(planted & set(work.loc[work["verdict"] == "higher", "officer"])) >= 3


@pytest.mark.realdata
def test_frisks_of_seattle_beside_the_same_stops(realdata: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERFLIB_REALDATA", str(realdata))
    dept = pf.open(Path(__file__).parents[2] / "data" / "departments" / "seattle.yml")
    result = officers.similar(dept, "frisks")
    assert result.facts["officers"] > 850 and 50 < result.facts["assessed"] < 214
    assert result.facts["flags"] < result.facts["flags_theoretical"] / 4 and result.facts["flags_fixed_z"] > 20
