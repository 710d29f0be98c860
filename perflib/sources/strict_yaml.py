"""YAML in which no key stands twice: the second would silently replace the first."""

from __future__ import annotations

from typing import Any

import yaml


def texts(text: str) -> Any:
    """The content of a YAML text, every scalar as its text; yaml.YAMLError for a key that stands twice."""
    return yaml.load(text, Loader=_Texts)


def typed(text: str) -> Any:
    """The content of a YAML text, scalars typed as YAML says; yaml.YAMLError for a key that stands twice."""
    return yaml.load(text, Loader=_Typed)


class _Once:
    """Refuses a key that stands twice in one mapping."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """As the loader beneath, once the keys are known to differ."""
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    at = key.start_mark
                    raise yaml.YAMLError(f"key {key.value!r} stands twice, again in line {at.line + 1}")
                seen.add(key.value)
        return super().construct_mapping(node, deep)  # type: ignore[misc]


# the loaders in C are many times quicker, where the package was built with them
class _Texts(_Once, getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    pass


class _Typed(_Once, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    pass
