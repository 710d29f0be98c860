"""Officers beside officers at the same post: rates per exposure, with a verdict and its doubt."""

from perflib.metrics.officers.cells import POSTS
from perflib.metrics.officers.compare import compare
from perflib.metrics.officers.fixes import Fixed, fixes
from perflib.metrics.officers.measures import EXPOSURES, MEASURES
from perflib.metrics.officers.past import past
from perflib.metrics.officers.scenes import scenes
from perflib.metrics.officers.similar import similar

__all__ = ["EXPOSURES", "MEASURES", "POSTS", "Fixed", "compare", "fixes", "past", "scenes", "similar"]
