"""The same plan on a Dask cluster: its workers must see the same files and have the same perflib."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from perflib.errors import InputError


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """An executor over the workers of the scheduler at ``address``.

    Raises
    ------
    InputError : Dask is not installed, or the scheduler does not answer.
    """
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "Dask is not installed", where="--scheduler", do="pip install distributed, here and on the workers"
        ) from None
    try:
        client = Client(address, timeout=20)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(f"no scheduler answers ({type(error).__name__})", where=address) from None
    with client, client.get_executor(pure=False) as executor:
        yield executor
