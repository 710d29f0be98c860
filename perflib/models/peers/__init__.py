"""Officers against officers who do the same work: rates, benchmarks and scenes, in one table with one flag rule."""

from perflib.models.peers.benchmark import internal_benchmark
from perflib.models.peers.funnel import funnel
from perflib.models.peers.groups import Peers, same_work
from perflib.models.peers.history import own_history
from perflib.models.peers.shrink import shrink
from perflib.models.same_scene import same_scene

__all__ = ["Peers", "funnel", "internal_benchmark", "own_history", "same_scene", "same_work", "shrink"]
