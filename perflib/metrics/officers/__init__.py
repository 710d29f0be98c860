"""Officers beside officers who do the same work: rates per exposure within posts, with a verdict and its doubt."""

from perflib.metrics.officers.cells import POSTS
from perflib.metrics.officers.compare import compare
from perflib.metrics.officers.measures import EXPOSURES, MEASURES
from perflib.metrics.officers.past import past
from perflib.metrics.officers.scenes import scenes
from perflib.metrics.officers.similar import similar

__all__ = ["EXPOSURES", "MEASURES", "POSTS", "compare", "past", "scenes", "similar"]
