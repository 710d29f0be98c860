"""Departments with planted truths, for tests, demonstrations and calibration."""

from perflib.synthetic.department import sample, write
from perflib.synthetic.steps import calls_with_step

__all__ = ["calls_with_step", "sample", "write"]
