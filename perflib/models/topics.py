"""What messages are about: topics from seed words, checked against a sample coded by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.rates import wilson

OTHER = "other"
#: a message is given a topic where the model is at least this sure; agreement below this kappa is not relied on.
SURE, RELIED = 0.45, 0.60


@dataclass(frozen=True)
class Agreement:
    """Cohen's kappa of two codings with its interval, the plain share agreed, and the number of messages."""

    kappa: float
    low: float
    high: float
    agreed: float
    n: int


def kappa(first: Sequence[Any], second: Sequence[Any], level: float = 0.95) -> Agreement:
    """Agreement beyond chance of two codings of the same messages (Cohen 1960, Educ. Psychol. Meas. 20).

    The interval is that of the share agreed (Wilson 1927), what chance would agree on being taken as known.

    Raises InputError for codings of different lengths or fewer than ten messages.
    """
    from sklearn.metrics import cohen_kappa_score

    one, two = np.asarray(first, dtype=str), np.asarray(second, dtype=str)
    if len(one) != len(two) or len(one) < 10:
        raise InputError(f"{len(one)} and {len(two)} codes", where="kappa", do="give at least ten pairs")
    shares = [pd.Series(codes).value_counts(normalize=True) for codes in (one, two)]
    chance = float(shares[0].mul(shares[1], fill_value=0).sum())
    if chance == 1:
        return Agreement(1.0, 1.0, 1.0, 1.0, len(one))
    alike = int((one == two).sum())
    low, high = ((end - chance) / (1 - chance) for end in wilson(alike, len(one), level))
    return Agreement(float(cohen_kappa_score(one, two)), low, high, alike / len(one), len(one))


def topics(texts: Sequence[str] | pd.Series, seeds: Mapping[str, Sequence[str]], seed: int = 0) -> pd.DataFrame:
    """The topic of each message, from seed words and the words that keep them company.

    Parameters
    ----------
    texts : messages. seeds : topic -> words; a word stands for all that begin with it.

    Returns
    -------
    ``topic`` (of ``seeds``, or "other" where none is sure enough) and ``sure`` (probability), one row per message.

    Raises
    ------
    InputError : fewer than two topics, a topic without words, or a topic whose words occur in no message.

    Notes
    -----
    Messages with seed words of one topic only teach a multinomial regression on the words of a message (one and two
    at a time), which then reads them all; a probability below ``SURE`` gives "other". Nothing is downloaded, no
    sentiment is scored. Compare with :func:`kappa` against hand-coded messages, which play no part in the fit.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    names = _names(seeds)
    words = pd.Series(list(texts), dtype="object").fillna("").astype(str).str.lower()
    hits = np.column_stack([words.str.count(_pattern(seeds[name])).to_numpy() for name in names])
    silent = [name for name, found in zip(names, hits.T, strict=True) if not found.any()]
    if silent:
        raise InputError(f"no message holds a word of topic {silent[0]!r}", where="seeds", do="choose other seed words")
    plain = (hits > 0).sum(axis=1) == 1
    taught = np.array(names)[hits.argmax(axis=1)]
    if len(set(taught[plain])) < len(names):
        chosen = np.where(hits.any(axis=1), taught, OTHER)
        return pd.DataFrame({"topic": chosen, "sure": np.where(chosen == OTHER, 0.0, 1.0)})
    matrix = TfidfVectorizer(
        ngram_range=(1, 2), min_df=2 if len(words) > 50 else 1, sublinear_tf=True, token_pattern=r"(?u)\b[^\W\d]\w+\b"
    ).fit_transform(words)
    model = LogisticRegression(C=10.0, max_iter=300, class_weight="balanced", random_state=seed)
    model.fit(matrix[plain], taught[plain])
    chance = model.predict_proba(matrix)
    sure = chance.max(axis=1)
    empty = np.asarray(matrix.sum(axis=1)).ravel() == 0
    chosen = np.where((sure >= SURE) & ~empty, model.classes_[chance.argmax(axis=1)], OTHER)
    return pd.DataFrame({"topic": chosen, "sure": np.where(empty, 0.0, sure)})


def _names(seeds: Mapping[str, Sequence[str]]) -> list[str]:
    if len(seeds) < 2:
        raise InputError("at least two topics are needed", where="seeds")
    for name, words in seeds.items():
        if not [word for word in words if word.strip()] or isinstance(words, str):
            raise InputError(f"topic {name!r} has no list of words", where="seeds")
    return list(seeds)


def _pattern(words: Sequence[str]) -> str:
    import re

    return r"\b(?:" + "|".join(re.escape(word.strip().lower()) for word in words if word.strip()) + r")"
