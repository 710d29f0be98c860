"""What a message may say of the content of a file: every quotation of it passes here, whatever column it is meant for.

A narrative mapped to a number, a name mapped to a district, a first record taken for a header: the place where a text
stands does not tell what it is. So a text is judged by itself. Only words that name nobody (those of WORDS, short codes
and what the reader wrote down) are repeated; of all other texts the shape is given, in which A and a stand for letters
and 9 for digits. A shape tells an analyst what is wrong with a format without telling of whom it speaks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from perflib.errors import InputError

#: longer texts are told by their length alone
LONGEST = 60
#: what fewer records have is not a category
FEWEST = 5
#: how like what the reader wrote a text must be to be repeated to him
ALIKE = 0.75
LEGEND = "(A, a and 9 stand for letters and digits that are not shown)"
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^\W\d_A-Z]+|[A-Z]+|[^\W\d_]+|\d+|[\W_]")
_SUFFIXES = ("id", "no", "nr", "dt", "ts")
_CODE = re.compile(r"[A-Za-z]{0,3}[- ]?\d{1,4}[A-Za-z]?", re.ASCII)
_PSEUDONYM = re.compile(r"P-[A-Z2-7]{10}")
_YEAR = re.compile(r"(19|20)\d\d", re.ASCII)
#: errors whose words are perflib's own, or speak of code
_SPEAKING = frozenset(
    """
    PerflibError SourceError MappingError DepartmentError ParameterError InputError PrivacyError ReportError NameError
    AttributeError ImportError ModuleNotFoundError SyntaxError IndentationError ZeroDivisionError MemoryError
    FileNotFoundError PermissionError
    KeyboardInterrupt RecursionError NotImplementedError UnboundLocalError
""".split()
)
#: beside these a short number is somebody's
_PEOPLE = frozenset("officer badge victim subject supervisor employee complainant respondent driver person".split())


def cell(text: object) -> str:
    """The shape of a value of a record, in quotes; of a long one its length."""
    tidy = " ".join(str(text).split())
    return repr(_shape(tidy)) if len(tidy) <= LONGEST else f"a text of {len(tidy)} characters"


def quoted(text: object, count: int = 0, own: Iterable[str] = ()) -> str:
    """A name in a file (of a column, sheet, key) or a category that ``count`` records have; unknown words are masked.

    ``own`` are words the reader wrote: a text that is one of them or nearly so is repeated, to show the difference.
    """
    tidy = " ".join(str(text).split())
    if len(tidy) > LONGEST:
        return f"a text of {len(tidy)} characters"
    if _PSEUDONYM.fullmatch(tidy) or (count >= FEWEST and _CODE.fullmatch(tidy)) or _nearly(tidy, own):
        return tidy
    parts = _PARTS.findall(tidy)
    if all(_known(part) for part in parts) and _few_digits(tidy) and not _of_people(parts):
        return tidy
    return "".join(part if len(part) > 1 and _word(part) and not _ambiguous(part) else _shape(part) for part in parts)


def quoted_all(texts: Iterable[object], near: object = None, own: Iterable[str] = ()) -> list[str]:
    """The texts as the choices of a message, each ``quoted``; ``near`` is what the reader wrote in place of one."""
    own = [*own, *([] if near is None else [str(near)])]
    shown = {str(text): quoted(text, own=own) for text in texts}
    masked = any(text != said for text, said in shown.items())
    return [*dict.fromkeys(shown.values()), *([LEGEND] if masked else [])]


def no_such(what: str, value: object, known: Iterable[object]) -> InputError:
    """The error for a value of ``what`` that is not among those known of the records."""
    return InputError(f"no {what} {value!r}", where=what, choices=quoted_all(known, value), found=value)


def written(text: str) -> str:
    """What somebody wrote into a mapping, to be repeated in a report: whole but where it looks like a person's."""
    words = [part for part in _PARTS.findall(text) if part[0].isalpha()]
    strange = [
        part for part in words if (part[0].isupper() or not part.isascii()) and (not _word(part) or _ambiguous(part))
    ]
    named = len(strange) > 1 or (strange and ("," in text or any(len(part) == 1 for part in words)))
    odd = named or "@" in text or len(text) > LONGEST or sum(map(str.isdigit, text)) > 4
    return quoted(text) if odd else text


def outcome(kind: str, message: str) -> str:
    """What may be said of an error of another library or of a notebook's own code, whose words may hold records.

    Errors of perflib, and those that speak of names in code, are repeated. Of others the words before a colon stay, but
    for quotations, strange words that begin large, and long numbers; what comes after it is told by its shape.
    """
    if kind in _SPEAKING:
        return message
    head, colon, tail = message.partition("\n")[0].partition(": ")
    told = re.sub(r"'[^']*'?|\"[^\"]*\"?", lambda found: repr(quoted(found[0].strip("'\""))), head)
    told = re.sub(r"\d{3,}|[^\W\da-z_]\w*", lambda found: quoted(found[0]), told)
    return told + (f": {cell(tail)}" if colon else "")


def like_data(text: str) -> bool:
    """Whether a text in the place of a column's name is no name: empty, without a letter, long, a date, an address."""
    tidy = " ".join(text.split())
    sentence = ", " in tidy or "@" in tidy or len(tidy) > LONGEST
    return sentence or not any(map(str.isalpha, tidy)) or not _few_digits(tidy)


def _nearly(text: str, own: Iterable[str]) -> bool:
    """Whether a text is one of the words, but for case, accents, blanks, zeros or a few letters."""
    words = {str(word).casefold() for word in own}
    return _plain(text) in map(_plain, words) or bool(get_close_matches(text.casefold(), words, n=1, cutoff=ALIKE))


def _shape(text: str) -> str:
    return "".join(map(_sign, text))


def _sign(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind[0] == "N":
        return "9"
    if kind[0] in "LM":
        return "A" if kind == "Lu" else "a"
    return sign if sign.isascii() and sign.isprintable() else "?"


def _known(part: str) -> bool:
    """Whether a part of a text tells of nobody: a word of WORDS, one letter, a short number or year, a plain sign."""
    if part.isdigit():
        return part.isascii() and (len(part) <= 3 or bool(_YEAR.fullmatch(part)))
    return _word(part) if len(part) > 1 else part.isascii() and part.isprintable()


def _word(part: str) -> bool:
    return _composed(_bare(part), 3)


def _ambiguous(part: str) -> bool:
    return f"~{_bare(part)}" in _words()


def _of_people(parts: list[str]) -> bool:
    """Whether a number, or a word that is a name too, stands beside a word for a person: `Officer 12`."""
    return any(part.isdigit() or _ambiguous(part) for part in parts) and any(
        _bare(part).rstrip("s") in _PEOPLE for part in parts
    )


def _few_digits(text: str) -> bool:
    """Not more digits than a code of a place has, or than a month of a year: no telephone, no date of birth."""
    runs = re.findall(r"\d+", text)
    month = len(runs) == 2 and _YEAR.fullmatch(runs[0]) and len(runs[1]) <= 2
    return bool(month) or sum(map(len, runs)) <= 4


def _bare(text: str) -> str:
    """Lower case, without accents."""
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in split if not unicodedata.combining(sign))


def _plain(text: str) -> str:
    """What is left of a text without case, accents, blanks, signs and leading zeros."""
    return re.sub(r"[\W_]", "", re.sub(r"\.0+$", "", _bare(text))).lstrip("0")


@cache
def _words() -> frozenset[str]:
    """The words of words.txt; those that are names of people too stand there a second time, after a ~."""
    found: set[str] = set()
    for line in files("perflib.privacy").joinpath("words.txt").read_text(encoding="utf-8").splitlines():
        words = line.lstrip("~ ").split() if not line.startswith("#") else []
        found |= {*words, *(f"~{word}" for word in words if line.startswith("~"))}
    return frozenset(found)


@cache
def _composed(text: str, most: int) -> bool:
    """Whether a text is a word of WORDS, or up to ``most`` of the longer ones put together: `callreceived`."""
    if text in _words() or (text[-2:] in _SUFFIXES and text[:-2] in _words()):
        return True
    return most > 1 and any(text[:at] in _words() and _composed(text[at:], most - 1) for at in range(4, len(text) - 3))
