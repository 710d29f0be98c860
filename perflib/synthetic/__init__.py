"""Departments with planted truths, for tests, demonstrations and calibration."""

from perflib.synthetic.steps import calls_with_step
from perflib.synthetic.write import sample, write

__all__ = ["calls_with_step", "sample", "write"]
