"""From a department's own records to a Department: read with a mapping, every record accepted or quarantined."""

from perflib.sources.department_file import expand
from perflib.sources.frames import from_frames
from perflib.sources.open import open  # noqa: A004

__all__ = ["expand", "from_frames", "open"]
