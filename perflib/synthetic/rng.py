"""Random numbers that depend on nothing but (seed, purpose, row id): the same on every machine and thread count."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_MASK = (1 << 64) - 1


def uniform(seed: int, salt: str, ids: npt.ArrayLike) -> Floats:
    """Uniform numbers in the open interval (0, 1), one per id.

    The finaliser of SplitMix64 (Steele, Lea & Flood 2014) applied to the id, keyed by seed and purpose.
    """
    key = np.uint64(_key(seed, salt))
    with np.errstate(over="ignore"):
        mixed = _mix((np.asarray(ids).astype(np.uint64) + key) * _GOLDEN)
    bits: Floats = (mixed >> np.uint64(11)).astype(np.float64)
    return (bits + 0.5) * 2.0**-53


def normal(seed: int, salt: str, ids: npt.ArrayLike) -> Floats:
    """Standard normal numbers, one per id, by inversion."""
    from scipy.special import ndtri

    return np.asarray(ndtri(uniform(seed, salt, ids)))


def exponential(seed: int, salt: str, ids: npt.ArrayLike) -> Floats:
    """Exponential numbers of mean 1, one per id."""
    return -np.log(uniform(seed, salt, ids))


def gamma(seed: int, salt: str, ids: npt.ArrayLike, cv: float) -> Floats:
    """Gamma numbers of mean 1 and coefficient of variation ``cv``, one per id."""
    from scipy.special import gammaincinv

    shape = 1 / cv**2
    return np.asarray(gammaincinv(shape, uniform(seed, salt, ids))) / shape


def poisson(seed: int, salt: str, ids: npt.ArrayLike, mean: npt.ArrayLike) -> Ints:
    """Poisson counts of the given means, one per id, by walking up the distribution function."""
    u = uniform(seed, salt, ids)
    rate = np.broadcast_to(np.asarray(mean, dtype=float), u.shape)
    chance = np.exp(-rate)
    reached, count = chance.copy(), np.zeros(u.shape, dtype=np.int64)
    limit = int(rate.max(initial=0) + 12 * np.sqrt(rate.max(initial=0) + 1) + 12)
    for step in range(1, limit):
        above = u > reached
        if not above.any():
            break
        count += above
        chance = chance * rate / step
        reached += chance
    return count


def choose(seed: int, salt: str, ids: npt.ArrayLike, weights: npt.ArrayLike) -> Ints:
    """One index per id, drawn with these weights (one row of weights for all, or one row per id)."""
    share = np.cumsum(np.asarray(weights, dtype=float), axis=-1)
    u = uniform(seed, salt, ids)
    if share.ndim == 1:
        return np.minimum(np.searchsorted(share, u * share[-1]), share.size - 1)
    return np.minimum((u[:, None] * share[:, -1:] > share).sum(axis=1), share.shape[1] - 1)


def _mix(word: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    word = (word ^ (word >> np.uint64(30))) * _FIRST
    word = (word ^ (word >> np.uint64(27))) * _SECOND
    return word ^ (word >> np.uint64(31))


def _key(seed: int, salt: str) -> int:
    # FNV-1a over seed and purpose, so that two purposes never share a stream.
    word = 0xCBF29CE484222325
    for byte in f"{seed}/{salt}".encode():
        word = ((word ^ byte) * 0x100000001B3) & _MASK
    with np.errstate(over="ignore"):
        return int(_mix(np.array([word], dtype=np.uint64))[0])
