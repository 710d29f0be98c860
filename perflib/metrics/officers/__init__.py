"""Officers beside officers who do the same work: rates per exposure within posts, with a verdict and its doubt."""

from perflib.metrics.officers.cells import POSTS
from perflib.metrics.officers.compare import compare
from perflib.metrics.officers.measures import EXPOSURES, MEASURES

__all__ = ["EXPOSURES", "MEASURES", "POSTS", "compare"]
