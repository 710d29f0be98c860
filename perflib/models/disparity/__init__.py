"""Are stops and searches fair? Several tests, each with its assumption; never one score."""

from perflib.models.disparity.threshold import threshold_test

__all__ = ["threshold_test"]
