"""Officers against officers who do the same work: rates, benchmarks and the own past, in one table with one rule."""

from perflib.models.peers.benchmark import internal_benchmark
from perflib.models.peers.funnel import funnel
from perflib.models.peers.history import own_history
from perflib.models.peers.same_work import same_work
from perflib.models.peers.shrink import shrink
from perflib.models.peers.table import Comparison, refuse

__all__ = ["Comparison", "funnel", "internal_benchmark", "own_history", "refuse", "same_work", "shrink"]
