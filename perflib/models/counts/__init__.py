"""Counts that changed: two counts, operations with displacement, scans, many cells at once."""

from perflib.models.counts.dispersion import Dispersion, dispersion, successive_dispersion
from perflib.models.counts.etest import e_test, e_test_p
from perflib.models.counts.many import adjusted
from perflib.models.counts.negbin import nb_p, ratio_interval
from perflib.models.counts.scan import scan
from perflib.models.counts.wdd import wdd, wdd_harm

__all__ = [
    "Dispersion",
    "adjusted",
    "dispersion",
    "e_test",
    "e_test_p",
    "nb_p",
    "ratio_interval",
    "scan",
    "successive_dispersion",
    "wdd",
    "wdd_harm",
]
