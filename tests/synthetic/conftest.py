from pathlib import Path

import duckdb
import pytest
import yaml

from perflib import synthetic


class Made:
    """A written department: ``sql`` runs on its files, ``truth`` is truth.yml."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.truth = yaml.safe_load((folder / "truth.yml").read_text(encoding="utf-8"))["truths"]
        self.db = duckdb.connect()
        self.db.sql("set timezone = 'America/New_York'")
        for file in folder.glob("*.parquet"):
            self.db.sql(f"create view {file.stem} as from read_parquet('{file.as_posix()}')")

    def sql(self, query: str) -> list[tuple]:
        return self.db.sql(query).fetchall()

    def one(self, query: str):
        rows = self.sql(query)
        return rows[0] if len(rows[0]) > 1 else rows[0][0]


@pytest.fixture(scope="session")
def city(tmp_path_factory) -> Made:
    return Made(synthetic.write(tmp_path_factory.mktemp("city"), "sample"))


@pytest.fixture(scope="session")
def events(tmp_path_factory) -> Made:
    return Made(synthetic.write(tmp_path_factory.mktemp("events"), "events"))


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Made:
    return Made(synthetic.write(tmp_path_factory.mktemp("small"), "small"))


@pytest.fixture(scope="session")
def town(tmp_path_factory) -> Made:
    return Made(synthetic.write(tmp_path_factory.mktemp("town"), "sample", "town"))
