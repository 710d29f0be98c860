"""A database server named by an environment variable: one query, and no word of the address in any message.

The driver's own words are never passed on: they may quote the user, the host, or a part of the password. What went
wrong is said in our words, by the class of the error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from perflib.errors import SourceError
from perflib.files import limits, record
from perflib.files.record import digest

Found = tuple[str, list[str], Iterator[Sequence[Any]]]
#: SQLSTATE or its class -> our words; https://www.postgresql.org/docs/current/errcodes-appendix.html
_WORDS = {
    "08": "there is no connection to it",
    "25006": "only a SELECT may be sent",
    "28": "it does not accept this user",
    "3D": "there is no such database",
    "3F": "there is no such schema",
    "42501": "this user may not read that",
    "42P01": "there is no such table or view",
    "42703": "there is no such column",
    "42": "the query is not understood",
    "53": "it has no room or connection left",
    "57014": "the query took too long",
    "57": "it is shut down or starting",
    "22": "a value cannot be converted",
    "0A": "that is not supported there",
    "55": "what is asked is locked",
}
#: where there is no SQLSTATE: signs of the driver's words, which are looked at and never shown -> our words
_SIGNS = {
    "refused": "nothing listens there",
    "authentication": "it does not accept this user",
    "no password": "it does not accept this user",
    "pg_hba": "it does not accept this user",
    "does not exist": "there is no such user or database",
    "timeout": "it does not answer in time",
    "timed out": "it does not answer in time",
    "resolve": "there is no such host",
    "translate": "there is no such host",
    "ssl": "the encrypted connection cannot be made",
    "certificate": "the encrypted connection cannot be made",
}


def fingerprint(reader: dict[str, Any]) -> str:
    """What changes with any row that is asked for, counted and hashed by the server; empty where it refuses."""
    from psycopg import sql

    try:
        asked = _asked(reader)
        inner = sql.SQL(asked.strip().rstrip(";")) if isinstance(asked, str) else asked
        counted = sql.SQL("SELECT count(*)::text, sum(hashtextextended(t::text, 0))::text FROM ({}) AS t").format(inner)
        with _connected(reader, counted) as (_, _, rows):
            return digest(repr(list(rows)))
    except (SourceError, ImportError):
        return ""


def query(reader: dict[str, Any]) -> AbstractContextManager[Found]:
    """What names the relation in messages, its columns, and its rows, read within the context.

    Raises
    ------
    SourceError : the variable is not set, or the server refuses.
    """
    return _connected(reader, None)


@contextmanager
def _connected(reader: dict[str, Any], asked: Any) -> Iterator[Found]:
    try:
        import psycopg
    except ImportError:
        raise SourceError(
            "the driver of PostgreSQL is not installed", where="reader.url_env", do="pip install psycopg[binary]"
        ) from None

    variable = reader.get("url_env", "")
    address = os.environ.get(variable, "")
    record.note("variable", variable)
    if not address:
        raise SourceError(
            f"the environment variable {variable!r} holds no database address",
            where="reader.url_env",
            do="set it to postgresql://user@host/database; passwords belong in ~/.pgpass",
        )
    label, why = reader.get("relation") or "query", ""
    try:
        with psycopg.connect(address) as con:
            con.execute("SET TRANSACTION READ ONLY")
            con.execute("SET LOCAL TIME ZONE 'UTC'")
            con.execute(f"SET LOCAL statement_timeout = '{limits.SECONDS}s'")
            with con.cursor(name="perflib") as cursor:  # a cursor of the server takes one SELECT and nothing more
                cursor.itersize = limits.BATCH_RECORDS
                cursor.execute(asked or _asked(reader))
                yield label, [column.name for column in cursor.description or ()], iter(cursor)
    except (psycopg.Error, UnicodeError) as fault:
        why = _words(fault)
    if why:  # raised here, so that no traceback leads to the driver's words
        raise SourceError(
            f"the database refused: {why}",
            where=label,
            do=f"look at the variable {variable}, which reader.url_env names, and at the server's log",
        )


def _asked(reader: dict[str, Any]) -> Any:
    from psycopg import sql

    names = [sql.Identifier(part) for part in reader.get("relation", "").split(".")]
    return reader.get("query") or sql.SQL("SELECT * FROM {}").format(sql.SQL(".").join(names))


def _words(fault: Exception) -> str:
    import psycopg

    state = str(getattr(fault, "sqlstate", None) or "")
    known = _WORDS.get(state) or _WORDS.get(state[:2])
    if known or state:
        return known or "an error of the server"
    if isinstance(fault, (psycopg.ProgrammingError, UnicodeError)):
        return "its address is not understood"
    driver = str(fault).casefold()
    return next((words for sign, words in _SIGNS.items() if sign in driver), "there is no connection to it")
