"""Officers compared at the same scenes: who used more force than colleagues who stood there too?"""

from perflib.models.same_scene.compare import same_scene

__all__ = ["same_scene"]
