"""Departments with planted truths, for tests, demonstrations and calibration."""

from perflib.synthetic.write import sample, write

__all__ = ["sample", "write"]
