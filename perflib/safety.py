"""Commands that touch people's ids: re-identify, show the audit log, hand out refused records; each one is logged."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import Any

from perflib import audit, privacy
from perflib.errors import PrivacyError
from perflib.sources.guard import guard_of, located, log_of

_CODE = re.compile(r"P-[A-Z2-7]{10}")
_RAW = (
    "It holds raw records: names, ids and narratives as they came. "
    + ("Whoever may read its folder can read it" if os.name == "nt" else "Only this account may read it")
    + "; do not pass it on, and remove it once the export is repaired."
)
#: a reason shorter than this says nothing
_SHORTEST = 8


def reidentify(department: str | Path, code: str, reason: str) -> str:
    """The id behind a code, for those who hold the key and the source; the log is written before anything is read.

    Raises
    ------
    PrivacyError : no reason, not a code, ids that are not coded, no key here, a log that cannot be written, or nobody
        of this code in the sources.
    """
    if len(reason.strip()) < _SHORTEST:
        raise PrivacyError("a reason is demanded", where="--reason", do="say who decided it and why; it is logged")
    if not _CODE.fullmatch(code):
        raise PrivacyError(f"{code!r} is not a code", where="CODE", do="a code looks like P-ABCDEFGHIJ")
    guard = guard_of(located(department))
    if not guard.policy.pseudonyms:
        raise PrivacyError(f"{guard.agency} shows ids as they were given", do="there is nothing to re-identify")
    if not guard.key_file.exists():
        raise PrivacyError("the key is not here", where=str(guard.key_file), do="ask whoever holds it")
    # also beside the key, wherever the environment sends the log: there it cannot be made to be absent
    logs = dict.fromkeys((log_of(department), audit.beside(guard.key_file)))
    for log in logs:
        audit.append(log, "re-identify", guard.agency, f"{code}; reason: {reason.strip()}", "asked")
    identity = _behind(department, code)
    for log in logs:
        audit.append(log, "re-identify", guard.agency, code, "answered" if identity else "nobody of this code")
    if not identity:
        raise PrivacyError(
            f"nobody in the sources of {guard.agency} has the code {code}",
            do="was the report made with another key, or from other sources?",
        )
    return identity


def _behind(department: str | Path, code: str) -> str:
    from perflib.sources.opening import people

    guard, ids = people(department)
    return next((identity for identity, made in privacy.codes(ids, guard.key()).items() if made == code), "")


def add_commands(commands: Any) -> None:
    """The commands of this room."""
    who = commands.add_parser("reidentify", help="the id behind a code; asks for a reason and is logged first")
    who.add_argument("department", metavar="DEPARTMENT")
    who.add_argument("code", metavar="CODE", help="as in a report: P-ABCDEFGHIJ")
    who.add_argument("--reason", required=True, metavar="TEXT", help="who decided it and why; it goes to the log")
    who.set_defaults(command=_reidentify)
    log = commands.add_parser("audit", help="who ran, exported or re-identified what")
    log.add_argument("department", metavar="DEPARTMENT", nargs="?", help="its log; default: this user's")
    log.add_argument("--verify", action="store_true", help="check that no line was changed or taken out")
    log.add_argument("--holds", default="", metavar="HASH", help="and that the line of this hash is still there")
    log.set_defaults(command=_audit)
    refused = commands.add_parser("quarantine", help="show the refused records, or export them for repair")
    refused.add_argument("department", metavar="DEPARTMENT")
    refused.add_argument("--out", metavar="FILE", type=Path, help="write them to this CSV, raw texts too; it is logged")
    refused.set_defaults(command=_quarantine)


def _reidentify(options: argparse.Namespace) -> int:
    print(reidentify(options.department, options.code, options.reason))
    return 0


def _audit(options: argparse.Namespace) -> int:
    path = audit.log_file() if options.department is None else log_of(options.department)
    verifying = options.verify or options.holds
    if not verifying and path.exists():
        for entry in audit.entries(path):
            print("  ".join(_plain(entry[key]) for key in ("when", "who", "what", "department", "result", "detail")))
        return 0
    verdict, head = audit.verify(path, options.holds), audit.chain(path).head_file
    for fault in verdict.faults:
        print(f"FAULT  {fault}")
    for note in verdict.notes:
        print(f"NOTE  {note}")
    print(f"{verdict.lines:,} lines, {len(verdict.faults)} faults; last hash {verdict.last}; {path}; head {head}")
    return 1 if verdict.faults and (verifying or head.exists()) else 0


def _plain(text: object) -> str:
    """A text of the log on one line of a terminal, whatever signs it holds."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in str(text))


def _quarantine(options: argparse.Namespace) -> int:
    from perflib.sources.check import export, quarantine

    rows = quarantine(options.department)
    if not len(rows):
        print("no record is in quarantine")
    elif options.out:
        audit.append(log_of(options.department), "quarantine", Path(options.department).name, f"{len(rows)} records")
        print(f"{len(rows):,} records written to {export(rows, options.out)}")
        print(_RAW)
    else:  # a raw record holds ids and names
        print(rows.drop(columns="raw").to_string(index=False, max_colwidth=60))
        print("The records themselves, which may name people: --out FILE")
    return 0
