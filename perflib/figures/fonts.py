"""Fonts for the characters of a figure: further installed ones where the usual font lacks some."""

from __future__ import annotations

import logging
import re
import textwrap
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

_PAD = "\ue000"  # stands behind a character as wide as two while a line is measured
_WIDE = re.compile("[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\U0001f300-\U0003fffd]")


def families(texts: Iterable[str]) -> tuple[list[str], str]:
    """Font families that together draw ``texts``, and a caveat that names the scripts none of them has (or "")."""
    from matplotlib import font_manager, rcParams

    usual = list(rcParams["font.family"])
    left = {sign for sign in set().union(*texts) if sign > "\u024f" and _visible(sign)}
    if left:
        path = font_manager.findfont(font_manager.FontProperties(family=usual))
        left -= _signs(str(path), path.face_index)
    offered: dict[str, set[str]] = {}
    for entry in font_manager.fontManager.ttflist if left else ():
        if entry.style == "normal" and not entry.name.startswith("Last Resort"):  # that one draws boxes
            offered.setdefault(entry.name, left & _signs(entry.fname, entry.index))
    chosen = []
    while best := max(sorted(offered), key=lambda name: len(offered[name] & left), default=""):
        if not offered[best] & left:
            break
        chosen.append(best)
        left -= offered[best]
    return usual + chosen, _caveat(left)


@contextmanager
def drawing(chosen: Sequence[str]) -> Iterator[None]:
    """Texts are drawn with the ``chosen`` families, as they stand: a dollar sign begins no formula.

    What the caveat says is not said again by a warning per character, nor that a further font has one weight only.
    """
    from matplotlib import rc_context

    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    with rc_context({"text.parse_math": False, "font.family": list(chosen)}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        log.setLevel(logging.ERROR)
        try:
            yield
        finally:
            log.setLevel(level)


def wrap(text: str, width: int, **options: Any) -> list[str]:
    """Lines of at most ``width`` characters; a Chinese, Japanese or Korean one is as wide as two."""
    padded = _WIDE.sub(lambda sign: sign[0] + _PAD, text)
    return [line.replace(_PAD, "") for line in textwrap.wrap(padded, width, **options)]


def _visible(sign: str) -> bool:
    return unicodedata.category(sign)[0] not in "CZ" and not "\ufe00" <= sign <= "\ufe0f"


@cache
def _signs(path: str, index: int) -> frozenset[str]:
    """The characters a font file has; none where it cannot be drawn (colour pictures, say)."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(path, face_index=index)
    except (OSError, RuntimeError):
        return frozenset()
    return frozenset(map(chr, font.get_charmap())) if font.scalable else frozenset()


def _caveat(left: set[str]) -> str:
    if not left:
        return ""
    scripts = ", ".join(sorted({_script(sign) for sign in left}))
    return (
        f"The computer that drew this figure has no font with its {scripts} characters: they are boxes in the "
        "printed figure, and stand in the table. Install a font that has them there (Noto Sans has most scripts)."
    )


def _script(sign: str) -> str:
    if unicodedata.category(sign)[0] == "S":
        return "emoji or symbol"
    first = re.split("[ -]", unicodedata.name(sign, "unnamed"))[0]
    return {"CJK": "Chinese (CJK)", "IDEOGRAPHIC": "Chinese (CJK)"}.get(first, first.capitalize())
