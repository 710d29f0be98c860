"""Random numbers that depend on nothing but (seed, purpose, row id): the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from perflib.synthetic.columns import Floats, Ints, Labels, Mask
from perflib.synthetic.plan import read

#: what is drawn by name, from ``choices.yml``: table/column -> value -> weight
SHARES: dict[str, dict[str, float]] = read("choices")["shares"]


@dataclass(frozen=True, eq=False)
class Draws:
    """Random numbers of some rows: one per id and purpose, each purpose a stream of its own.

    ``stem`` goes before every purpose: the table with a slash, so that tables share no stream.
    """

    seed: int
    stem: str
    ids: Ints

    def uniform(self, purpose: str) -> Floats:
        """Uniform numbers in the open interval (0, 1).

        The finaliser of SplitMix64 (Steele, Lea & Flood 2014) applied to the id, keyed by seed and purpose.
        """
        mixed = _mix((self.ids.astype(np.uint64) + _key(self.seed, self.stem + purpose)) * 0x9E3779B97F4A7C15)
        return ((mixed >> 11).astype(np.float64) + 0.5) * 2.0**-53

    def below(self, purpose: str, chance: Any) -> Mask:
        """True with this chance."""
        return self.uniform(purpose) < chance

    def whole(self, purpose: str, size: float) -> Ints:
        """Whole numbers from 0 to below ``size``, each as likely."""
        return (self.uniform(purpose) * size).astype(np.int64)

    def normal(self, purpose: str) -> Floats:
        """Standard normal numbers, by inversion."""
        from scipy.special import ndtri

        return ndtri(self.uniform(purpose))

    def exponential(self, purpose: str) -> Floats:
        """Exponential numbers of mean 1."""
        return -np.log(self.uniform(purpose))

    def gamma(self, purpose: str, cv: float) -> Floats:
        """Gamma numbers of mean 1 and coefficient of variation ``cv``."""
        from scipy.special import gammaincinv

        return gammaincinv(1 / cv**2, self.uniform(purpose)) / (1 / cv**2)

    def poisson(self, purpose: str, mean: npt.ArrayLike) -> Ints:
        """Poisson counts of the given means, by walking up the distribution function."""
        u, rate = self.uniform(purpose), np.asarray(mean, dtype=float)
        chance = np.exp(-rate)
        reached, count, most = chance, np.zeros(u.shape, dtype=np.int64), rate.max(initial=0)
        for step in range(1, int(most + 12 * np.sqrt(most + 1) + 12)):
            if not (above := u > reached).any():
                break
            count += above
            chance = chance * rate / step
            reached = reached + chance
        return count

    def choose(self, purpose: str, weights: npt.ArrayLike) -> Ints:
        """One index per id, drawn with these weights (one row of weights for all, or one row per id)."""
        share = np.cumsum(np.asarray(weights, dtype=float), axis=-1)
        u = self.uniform(purpose)
        if share.ndim == 1:
            return np.searchsorted(share, u * share[-1])
        return (u[:, None] * share[:, -1:] > share).sum(axis=1)

    def label(self, purpose: str, weights: npt.ArrayLike | None = None) -> Labels:
        """One of the values that ``choices.yml`` names for this purpose, drawn with its weights or with these."""
        shares = SHARES[self.stem + purpose]
        return Labels(self.choose(purpose, list(shares.values()) if weights is None else weights), list(shares))


def _mix(word: npt.NDArray[Any]) -> npt.NDArray[Any]:
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        word = (word ^ (word >> shift)) * factor
    return word ^ (word >> 31)


def _key(seed: int, purpose: str) -> np.uint64:
    # FNV-1a over seed and purpose, so that two purposes never share a stream.
    word = 0xCBF29CE484222325
    for byte in f"{seed}/{purpose}".encode():
        word = ((word ^ byte) * 0x100000001B3) % 2**64
    return _mix(np.array([word], dtype=np.uint64))[0]
