"""YAML as data and nothing else: bounded in size and depth, no tags, no key twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unicodedata import normalize

import yaml

from perflib.errors import PerflibError, named, why

#: characters of a file, characters of one value, levels, and values once every alias is written out
LARGEST, LONGEST, DEEPEST, MOST = 2_000_000, 20_000, 30, 200_000


def texts(text: str) -> Any:
    """The content of a YAML text, every scalar as its text; yaml.YAMLError where it is not data within the limits."""
    return yaml.load(_bounded(text), Loader=_Texts)


def typed(text: str) -> Any:
    """As :func:`texts`, scalars typed as YAML says."""
    try:
        return yaml.load(_bounded(text), Loader=_Typed)
    except ValueError as fault:  # 2025-02-30 is written like a date
        raise yaml.YAMLError(f"a value that cannot be ({fault}); quote it") from fault


def of_file(path: Path, error: Callable[..., PerflibError], read: Callable[[str], Any] = texts) -> Any:
    """The content of a YAML file; ``error`` is the class of the refusal.

    Raises
    ------
    PerflibError : of that class: the file cannot be read, or is not data within the limits.
    """
    try:
        if path.stat().st_size > 4 * LARGEST:
            raise yaml.YAMLError(f"more than {LARGEST:,} characters")
        return read(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise error(f"not readable as YAML ({why(fault)})", where=path.name, do="correct the file") from None
    except (OSError, ValueError) as fault:
        raise error(f"cannot be read ({why(fault)})", where=str(path)) from None


def _bounded(text: str) -> str:
    """The text, once its events keep the limits: an alias counts as often as what it stands for."""
    if len(text) > LARGEST:
        raise yaml.YAMLError(f"more than {LARGEST:,} characters")
    known: dict[str, tuple[int, int]] = {}
    levels: list[tuple[str | None, int, int]] = [(None, 0, 0)]  # anchor, values, depth of each open level
    for event in yaml.parse(text, Loader=_Texts):
        if isinstance(event, yaml.NodeEvent):
            _plain(event)
        if isinstance(event, yaml.CollectionStartEvent):
            levels.append((event.anchor, 1, 1))
            _add(levels, 0, 0, event)
        elif isinstance(event, (yaml.AliasEvent, yaml.ScalarEvent)):
            if isinstance(event, yaml.AliasEvent) and event.anchor not in known:
                raise _at(event, f"the alias *{str(event.anchor)[:20]} stands for nothing, or for itself")
            size, depth = known.get(event.anchor or "", (1, 1)) if isinstance(event, yaml.AliasEvent) else (1, 1)
            known |= {event.anchor: (1, 1)} if event.anchor and isinstance(event, yaml.ScalarEvent) else {}
            _add(levels, size, depth, event)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size, depth = levels.pop()
            known |= {anchor: (size, depth)} if anchor else {}
            _add(levels, size, depth, event)
    return text


def _add(levels: list[tuple[str | None, int, int]], size: int, depth: int, event: yaml.Event) -> None:
    anchor, held, deepest = levels[-1]
    levels[-1] = anchor, held + size, max(deepest, depth + 1)
    if levels[-1][1] > MOST:
        raise _at(event, f"more than {MOST:,} values")
    if len(levels) + levels[-1][2] > DEEPEST + 2:
        raise _at(event, f"more than {DEEPEST} levels")


def _plain(event: Any) -> None:
    if getattr(event, "tag", None) not in (None, "!", "tag:yaml.org,2002:str"):
        raise _at(event, "a tag is not data; leave it out")
    value = getattr(event, "value", "")
    if len(value) > LONGEST:
        raise _at(event, f"a value of {len(value):,} characters")
    if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
        raise _at(event, "a character that is none (U+0000, or half of a pair)")


def _at(event: Any, words: str) -> yaml.YAMLError:
    return yaml.YAMLError(f"line {event.start_mark.line + 1}: {words}")


class _Once:
    """Refuses a key that stands twice in one mapping: the second would silently replace the first."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """As the loader beneath, once the keys are known to be texts and to differ."""
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            at = f"again in line {key.start_mark.line + 1}"
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.YAMLError(f"line {key.start_mark.line + 1}: a key that is no text")
            if normalize("NFC", key.value) in seen:  # accents are written in two ways
                raise yaml.YAMLError(f"key {named(key.value)} stands twice, {at}")
            seen.add(normalize("NFC", key.value))
        return super().construct_mapping(node, deep)  # type: ignore[misc]


# the loaders in C are many times quicker, where the package was built with them
class _Texts(_Once, getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    pass


class _Typed(_Once, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    pass
