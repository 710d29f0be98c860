"""Topics: kappa by hand, planted topics found, and refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.models.topics import OTHER, kappa, topics

SEEDS = {"traffic": ["speeding", "cars", "parking"], "noise": ["loud", "music"], "wait": ["waited", "minutes"]}
WORDS = {
    "traffic": [
        "cars race past the school",
        "speeding on Main Street",
        "the junction is dangerous, cars everywhere",
        "speeding past the school again",
        "the junction near the school",
    ],
    "noise": ["loud party next door", "music all night", "the neighbours hold a party all night", "loud all night"],
    "wait": ["waited an hour for an officer", "forty minutes until anyone came", "nobody came for an hour"],
}


def messages(n=300, seed=0):
    rng = np.random.default_rng(seed)
    topic = rng.choice(list(WORDS), n)
    return [str(rng.choice(WORDS[name])) for name in topic], topic


def test_kappa_by_hand():
    # 50 pairs: both yes 20, both no 15, yes/no 5, no/yes 10: agreed .7, by chance .5, kappa .4
    one = ["y"] * 25 + ["n"] * 25
    two = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    found = kappa(one, two)
    assert (found.agreed, found.kappa, found.n) == (pytest.approx(0.7), pytest.approx(0.4), 50)
    # Wilson's interval of 35 in 50 is .5624753 to .8089769
    assert (found.low, found.high) == (pytest.approx(0.1249506, abs=2e-4), pytest.approx(0.6179538, abs=2e-4))
    assert kappa(two, one).kappa == pytest.approx(found.kappa)


def test_chance_alone_agrees_to_nothing():
    rng = np.random.default_rng(0)
    found = [kappa(rng.choice(list("abc"), 100), rng.choice(list("abc"), 100)).kappa for _ in range(100)]
    assert abs(np.mean(found)) < 0.02


def test_planted_topics_are_found_also_without_a_seed_word():
    texts, truth = messages()
    found = topics(texts, SEEDS)
    assert kappa(found["topic"], truth).low > 0.8
    silent = np.array([text in ("nobody came for an hour", "the junction near the school") for text in texts])
    assert silent.any() and (found["topic"][silent] == truth[silent]).mean() > 0.8


def test_a_message_about_nothing_known_is_other_and_nothing_is_changed():
    texts, _ = messages(100)
    column = pd.Series([*texts, "", None, "zzz qqq xxx"])
    kept = column.copy(deep=True)
    found = topics(column, SEEDS)
    assert found["topic"].iloc[-3:].tolist() == [OTHER] * 3
    pd.testing.assert_series_equal(column, kept)
    order = np.random.default_rng(1).permutation(len(column))
    again = topics(column.iloc[order], SEEDS)
    assert (again["topic"].to_numpy() == found["topic"].to_numpy()[order]).all()


@pytest.mark.parametrize(
    "seeds, words",
    [
        ({"a": ["x"]}, "at least two"),
        ({"a": ["cars"], "b": []}, "no list of words"),
        ({"a": ["cars"], "b": ["unicorn"]}, "no message holds a word of topic 'b'"),
    ],
)
def test_seeds_that_cannot_be_used_are_refused(seeds, words):
    with pytest.raises(InputError, match=words):
        topics(messages(50)[0], seeds)
    with pytest.raises(InputError, match="at least ten"):
        kappa(["a"], ["a"])
