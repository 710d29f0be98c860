"""Officers against officers at the same post: rates per exposure, with a verdict and how sure it is."""

from perflib.metrics.officers.cells import POSTS
from perflib.metrics.officers.compare import compare
from perflib.metrics.officers.measures import EXPOSURES, MEASURES
from perflib.metrics.officers.past import past
from perflib.metrics.officers.scenes import scenes
from perflib.metrics.officers.similar import similar

__all__ = ["EXPOSURES", "MEASURES", "POSTS", "compare", "past", "scenes", "similar"]
