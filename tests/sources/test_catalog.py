"""The catalogue: every set is pinned, other bytes are refused, a local folder can stand in."""

import hashlib
import re

import pytest
import yaml

from perflib.errors import SourceError
from perflib.sources import catalog

HELLO = hashlib.sha256(b"hello\n").hexdigest()


@pytest.fixture
def small(tmp_path):
    """A catalogue of two sets, one downloadable, and a local folder that holds the first."""
    common = {"title": "t", "source": "https://example.org", "licence": "none", "citation": "c"}
    sets = {
        "one": {
            **common,
            "folder": "here",
            "state": "as published",
            "files": [{"path": "a.csv", "sha256": HELLO, "url": "https://example.org/a.csv"}],
        },
        "two": {
            **common,
            "folder": "there",
            "state": "reduced",
            "note": "names removed",
            "files": [{"path": "b.csv", "sha256": HELLO}],
        },
    }
    file = tmp_path / "catalog.yml"
    file.write_text(yaml.safe_dump({"sets": sets}), encoding="utf-8")
    (tmp_path / "local" / "here").mkdir(parents=True)
    (tmp_path / "local" / "here" / "a.csv").write_bytes(b"hello\n")
    return file


@pytest.fixture(autouse=True)
def no_local_folder(monkeypatch):
    monkeypatch.delenv(catalog.LOCAL, raising=False)


def test_every_set_of_the_catalogue_says_what_it_is_and_pins_its_bytes():
    assert {"decc_cad", "dc_stops", "seattle_terry_stops", "chicago_officers", "nibrs_az_2016"} <= set(catalog.names())
    for name in catalog.names():
        chosen = catalog.get(name)
        assert chosen.title and chosen.licence and chosen.citation and chosen.files
        assert chosen.state in ("as published", "reduced")
        for file in chosen.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
            pinned = r"https://raw\.githubusercontent\.com/[^/]+/[^/]+/[0-9a-f]{40}/.+"
            assert not file.url or re.fullmatch(pinned, file.url)


def test_a_department_of_the_catalogue_exists():
    folder = catalog._FILE.parent
    named = {catalog.get(name).department for name in catalog.names()} - {""}
    assert named == {f"departments/{name}.yml" for name in ("decc", "dc", "seattle", "chicago", "nibrs_az")}
    assert all((folder / name).is_file() for name in named)


@pytest.mark.parametrize("folder", ["local", "local/here"])
def test_a_local_folder_stands_in(small, folder):
    place = catalog.fetch("one", folder=small.parent / folder, catalogue=small)
    assert (place / "a.csv").read_bytes() == b"hello\n"


def test_the_environment_names_a_local_folder(small, monkeypatch):
    monkeypatch.setenv(catalog.LOCAL, str(small.parent / "local"))
    assert catalog.fetch("one", catalogue=small) == small.parent / "local" / "here"


def test_other_bytes_are_refused(small):
    (small.parent / "local" / "here" / "a.csv").write_bytes(b"hello!\n")
    with pytest.raises(SourceError, match="other bytes than the catalogue states"):
        catalog.fetch("one", folder=small.parent / "local", catalogue=small)


def test_a_set_that_no_publisher_serves_needs_a_local_folder(small):
    with pytest.raises(SourceError, match="names removed"):
        catalog.fetch("two", catalogue=small)
    with pytest.raises(SourceError, match="not in this folder"):
        catalog.fetch("two", folder=small.parent / "local", catalogue=small)


def test_a_download_is_verified(small, monkeypatch, tmp_path):
    import pooch

    served = tmp_path / "served.csv"
    served.write_bytes(b"something else\n")
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache")

    def fake(url, known_hash, fname, path, progressbar):
        found = hashlib.sha256(served.read_bytes()).hexdigest()
        if known_hash != f"sha256:{found}":
            raise ValueError("hash differs")
        path.mkdir(parents=True, exist_ok=True)
        (path / fname).write_bytes(served.read_bytes())

    monkeypatch.setattr(pooch, "retrieve", fake)
    with pytest.raises(SourceError, match="the set is refused"):
        catalog.fetch("one", catalogue=small)
    served.write_bytes(b"hello\n")
    assert (catalog.fetch("one", catalogue=small) / "a.csv").read_bytes() == b"hello\n"


def test_a_machine_without_network_gets_a_sentence(small, monkeypatch, tmp_path):
    import pooch

    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache")

    def offline(*args, **kwargs):
        raise ConnectionError("no route")

    monkeypatch.setattr(pooch, "retrieve", offline)
    with pytest.raises(SourceError, match=f"cannot be downloaded.*{catalog.LOCAL}"):
        catalog.fetch("one", catalogue=small)


def test_an_unknown_set_is_answered_with_the_nearest():
    with pytest.raises(SourceError, match="did you mean 'decc_cad'"):
        catalog.get("decc_cd")


def test_something_else_is_not_a_catalogue(tmp_path):
    (tmp_path / "c.yml").write_text("- a\n", encoding="utf-8")
    with pytest.raises(SourceError, match="not a catalogue"):
        catalog.names(tmp_path / "c.yml")


@pytest.mark.realdata
def test_the_local_sets_are_the_catalogued_ones(realdata):
    for name in catalog.names():
        assert catalog.fetch(name, folder=realdata).is_dir()
