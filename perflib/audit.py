"""The audit log: who ran, exported or re-identified what, and when. Lines are only ever added.

It is a chained log (:mod:`perflib.privacy.chained`). Who acted is asked of the operating system, never of the
environment. The log names users of the computer; it never holds ids of people, parameters or secrets.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from perflib.errors import PrivacyError
from perflib.privacy import config_folder
from perflib.privacy.chained import START, Chain, Verdict

__all__ = [
    "ACTIONS",
    "LOG_FILE",
    "START",
    "Verdict",
    "append",
    "beside",
    "chain",
    "entries",
    "log_file",
    "user",
    "verify",
]

#: names the log for every department; for one department, `privacy: {audit: ...}` in its file
LOG_FILE = "PERFLIB_AUDIT_FILE"
#: what is logged
ACTIONS = ("report", "export", "quarantine", "re-identify")
_DO = f"name another in {LOG_FILE} or in `privacy: {{audit: ...}}` of the department file"
_FIELDS = ("when", "who", "what", "department", "detail", "result")


def log_file(named: Path | None = None, key_file: Path | None = None) -> Path:
    """Where the log is: ``named`` by the department, else $PERFLIB_AUDIT_FILE, else beside the key, else the user's."""
    by_environment = os.environ.get(LOG_FILE)
    if named or by_environment:
        return named or Path(str(by_environment)).expanduser()
    return beside(key_file) if key_file else config_folder() / "audit.jsonl"


def beside(key_file: Path) -> Path:
    """The log beside a key: every re-identification with this key is in it, whatever other log there is."""
    return key_file.parent / "audit.jsonl"


def chain(path: Path) -> Chain:
    """The log in this file."""
    return Chain(path, "audit log", frozenset(_FIELDS), _DO)


def append(path: Path, what: str, department: str, detail: str = "", result: str = "done") -> str:
    """Add a line and return its hash; safe among processes that write at once.

    Parameters
    ----------
    what : one of ACTIONS. department : its name or file name. detail : what was run or written, without ids of people.

    Raises
    ------
    PrivacyError : the log cannot be written, or another process holds it.
    """
    if what not in ACTIONS:
        raise PrivacyError(f"no action {what!r}", where="audit", choices=ACTIONS, found=what)
    when = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    entry = dict(zip(_FIELDS, [when, user(), what, department, detail, result], strict=True))
    return chain(path).append(entry | _behind_sudo())


def user() -> str:
    """The account that runs this, as the operating system knows it: no variable of the environment is asked.

    POSIX: ``getpwuid(getuid())``; Windows: ``GetUserNameExW`` (DOMAIN\\name), else ``GetUserNameW``.
    """
    if os.name == "nt":
        return _windows_user()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container without an entry for its user
        return f"uid {os.getuid()}"


def _windows_user() -> str:
    import ctypes

    windll: Any = ctypes.windll  # type: ignore[attr-defined, unused-ignore]
    for ask in (lambda *into: windll.secur32.GetUserNameExW(2, *into), windll.advapi32.GetUserNameW):
        size = ctypes.c_ulong(512)
        name = ctypes.create_unicode_buffer(size.value)
        if ask(name, ctypes.byref(size)) and name.value:
            return name.value
    raise PrivacyError("the operating system does not say who runs this", where="audit")


def _behind_sudo() -> dict[str, str]:
    """Who came by sudo, as the environment says: beside the account that runs this, never in its place."""
    uid = os.environ.get("SUDO_UID", "")
    return {"sudo": f"uid {int(uid)}"} if uid.isascii() and uid.isdigit() and os.name != "nt" else {}


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """The lines that can be read, oldest first; none where there is no log.

    Raises
    ------
    PrivacyError : the log is there and cannot be read.
    """
    return chain(path).entries()


def verify(path: Path, holds: str = "") -> Verdict:
    """Whether every line is whole, unchanged and follows the one before, and the head kept apart agrees.

    Raises
    ------
    PrivacyError : the log cannot be read.
    """
    return chain(path).verify(holds)
