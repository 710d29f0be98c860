"""Counts that changed: two counts, weekly bands, operations with displacement, scans, many cells at once."""

from perflib.models.counts.bands import weekly_band
from perflib.models.counts.dispersion import Dispersion, dispersion
from perflib.models.counts.etest import e_test, e_test_p
from perflib.models.counts.many import adjusted, fdr
from perflib.models.counts.negbin import nb_p, nb_test, ratio_interval
from perflib.models.counts.scan import scan
from perflib.models.counts.small import small_sample_g
from perflib.models.counts.wdd import wdd, wdd_harm
from perflib.models.counts.zscore import poisson_z

__all__ = [
    "Dispersion", "adjusted", "dispersion", "e_test", "e_test_p", "fdr", "nb_p", "nb_test", "poisson_z",
    "ratio_interval", "scan", "small_sample_g", "wdd", "wdd_harm", "weekly_band",
]
