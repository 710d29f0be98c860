"""Keyed codes in place of the ids of people, and the file that holds the key.

Whoever has the key and a list of ids can make the codes of all of them, so the key lies apart from the data, readable
by its owner alone. Whoever has the codes alone cannot go back, however short the ids are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path

from perflib.errors import PrivacyError

#: names a key file for every department; for one department, `privacy: {key: ...}` in its file
KEY_FILE = "PERFLIB_KEY_FILE"
_LEAST = 32


def pseudonym(identity: object, key: bytes, prefix: str = "P") -> str:
    """A stable code for ``identity`` that cannot be reversed without ``key`` (HMAC-SHA-256, first 50 bits)."""
    digest = hmac.digest(key, str(identity).encode(), hashlib.sha256)
    return f"{prefix}-{base64.b32encode(digest)[:10].decode()}"


def codes(identities: Iterable[str], key: bytes) -> dict[str, str]:
    """The pseudonym of every id, ids in order.

    Raises
    ------
    PrivacyError : two ids have one code (about 1 in 200,000 among 100,000 people): their records would be mixed.
    """
    found = {identity: pseudonym(identity, key) for identity in sorted(set(identities))}
    if len(set(found.values())) < len(found):
        raise PrivacyError("two people have the same code", where="pseudonyms", do="use another key")
    return found


def fingerprint(key: bytes) -> str:
    """What tells two keys apart without giving either away: 16 hexadecimal signs."""
    return hmac.digest(key, b"perflib: which key is this?", hashlib.sha256).hex()[:16]


def config_folder() -> Path:
    """This user's own folder for keys and the audit log: XDG_CONFIG_HOME or ~/.config, on Windows LOCALAPPDATA."""
    named = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CONFIG_HOME")
    base = Path(named) if named else Path.home() / ("AppData/Local" if os.name == "nt" else ".config")
    return base / "perflib"


def default_key(agency: str) -> Path:
    """The key file of an agency where its department file names none: $PERFLIB_KEY_FILE, else one per agency."""
    named = os.environ.get(KEY_FILE)
    stem = re.sub(r"[^a-z0-9]+", "-", agency.casefold()).strip("-")[:60]
    if not (stem and agency.isascii()):  # names in other scripts would all become the same file
        stem = f"{stem}-{hashlib.sha256(agency.encode()).hexdigest()[:8]}".strip("-")
    return Path(named).expanduser() if named else config_folder() / f"{stem}.key"


def read_key(path: Path, apart_from: Iterable[Path] = ()) -> bytes:
    """The key file's bytes; created with owner-only permissions on first use.

    ``apart_from`` are folders of data, in and below which the key must not lie. On Windows the file has the
    permissions of its folder: those of the user's profile keep others out, and a key elsewhere needs the same care.

    Raises
    ------
    PrivacyError : the file is shorter than 32 bytes, lies with the data, cannot be made or read, or (POSIX) others may
        read it.
    """
    own = (path.parent.resolve(), path.resolve().parent)  # where it is named, and where a link leads
    if any(each.is_relative_to(folder.resolve()) for folder in apart_from for each in own):
        raise PrivacyError("the key lies in the folder of the data it protects", where=str(path), do="move it away")
    try:
        if not path.exists():
            _create_key(path)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise PrivacyError("others may read the key file", where=str(path), do="chmod 600 it")
        key = path.read_bytes()
    except OSError as fault:
        raise PrivacyError(
            f"the key file cannot be used ({fault.strerror})",
            where=str(path),
            do=f"name another in {KEY_FILE} or in `privacy: {{key: ...}}` of the department file",
        ) from None
    if len(key) < _LEAST:
        raise PrivacyError("the key file is shorter than 32 bytes", where=str(path), do="restore it from your backup")
    return key


def _create_key(path: Path) -> None:
    """Whole or absent: of several processes that start together the first makes the key, the others use it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".key-")  # readable by its owner alone
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_LEAST))
            file.flush()
            os.fsync(file.fileno())
        _place(Path(draft), path)
    finally:
        Path(draft).unlink(missing_ok=True)


def _place(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if not path.exists():
            os.replace(draft, path)
