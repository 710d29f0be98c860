"""What to tell when a plan is through: a file, a web address, a command."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from perflib.errors import ParameterError
from perflib.reports.files import write_whole

EVENTS = ("completion", "failure")
KINDS = ("command", "file", "webhook_env")
PATIENCE = 30  # seconds for a webhook or a command
#: where the commands of hooks work, beside the index
FOLDER = "hooks"
#: what a file of a hook may not be called, whatever its case and ending: our own files, and devices of Windows
_TAKEN = re.compile(r"(index\.html|status\.json|hooks|(con|prn|aux|nul|com\d|lpt\d)(\..*)?)")
_NAME = re.compile(r"\w([\w.-]*\w)?")


@dataclass(frozen=True)
class Hook:
    """One hook. ``target``: a command as a list, a file name, or the name of the variable that holds an address."""

    on: tuple[str, ...]
    kind: str
    target: str | tuple[str, ...]


def read_hooks(raw: Any, file: Path) -> tuple[Hook, ...]:
    """The hooks of a plan: ``{on: [completion, failure], file | command | webhook_env: ...}``.

    ``completion`` fires at the end of every batch, ``failure`` at the end of one in which a run failed.

    Raises
    ------
    ParameterError : not a hook.
    """
    if not isinstance(raw, list):
        raise ParameterError("`hooks` is not a list", where=file.name)
    return tuple(_hook(item, f"{file.name}, hook {place}") for place, item in enumerate(raw, 1))


def _hook(raw: Any, where: str) -> Hook:
    kinds = [kind for kind in KINDS if isinstance(raw, dict) and kind in raw]
    if len(kinds) != 1 or set(raw) - {"on", *KINDS}:
        raise ParameterError("needs `on` and one kind of hook", where=where, choices=KINDS)
    on = raw.get("on") or "completion"
    events = tuple(on) if isinstance(on, list) else (on,)
    for event in events:
        if event not in EVENTS:
            raise ParameterError(f"no event {event!r}", where=where, choices=EVENTS, found=event)
    target = raw[kinds[0]]
    if kinds[0] == "command":
        if not isinstance(target, list) or not target or not all(isinstance(word, str) for word in target):
            raise ParameterError("`command` is not a list of words", where=where, do="write [program, argument]")
        return Hook(events, "command", tuple(target))
    if not isinstance(target, str) or not target or (kinds[0] == "file" and not _free(target)):
        raise ParameterError(
            f"`{kinds[0]}` is not a name that can be used",
            where=where,
            do="name a file beside the index, such as alarm.json; index.html, status.json and hooks are taken",
        )
    return Hook(events, kinds[0], target)


def _free(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and not _TAKEN.fullmatch(text.casefold())


def fire(hooks: Sequence[Hook], status: Mapping[str, Any], out: Path, commands: bool) -> list[str]:
    """Fire what the end of a batch calls for; what went wrong with a hook, as sentences. No hook fails the batch.

    ``commands`` must be allowed by whoever starts the batch: a plan alone may not start programs.
    """
    event = {"completion"} | ({"failure"} if status["failed"] else set())
    faults = (_one(hook, status, out, commands) for hook in hooks if event & set(hook.on))
    return [fault for fault in faults if fault]


def _one(hook: Hook, status: Mapping[str, Any], out: Path, commands: bool) -> str:
    text = json.dumps(status, ensure_ascii=False)
    try:
        if hook.kind == "file":
            write_whole(out / str(hook.target), text + "\n")
        elif hook.kind == "webhook_env":
            return _webhook(str(hook.target), text)
        elif not commands:
            return f"the command {hook.target[0]!r} was not started: allow it with --allow-commands"
        else:
            return _command(list(hook.target), text, out / FOLDER)
    except (OSError, ValueError, HTTPException, subprocess.SubprocessError) as error:
        return f"hook {hook.kind}: {type(error).__name__}"  # its words could hold the address, which is a secret
    return ""


def _command(words: list[str], text: str, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        words,
        input=text,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    return f"the command {words[0]!r} ended with {done.returncode}" if done.returncode else ""


def _webhook(variable: str, text: str) -> str:
    address = os.environ.get(variable, "")
    parts = _parts(address)
    here = parts is not None and _this_machine(parts)
    if parts is None or not (parts.scheme == "https" or (parts.scheme == "http" and here)):
        return f"the environment variable {variable} holds no https address (or it names a user)"
    request = urllib.request.Request(
        address, text.encode("utf-8"), {"Content-Type": "application/json; charset=utf-8"}, method="POST"
    )
    straight = [urllib.request.ProxyHandler({})] if here else []
    try:
        with urllib.request.build_opener(_Stay, *straight).open(request, timeout=PATIENCE):
            return ""
    except urllib.error.HTTPError as answer:  # a redirection too: it is not followed
        return f"the webhook of {variable} answered {answer.code}"


def _parts(address: str) -> SplitResult | None:
    """The parts of an address that every program reads alike; None for any other."""
    if not re.fullmatch(r"[!-~]+", address) or "\\" in address:
        return None
    try:
        parts = urlsplit(address)
        return parts if parts.hostname and "@" not in parts.netloc and parts.port != 0 else None
    except ValueError:  # a port that is none, half an IPv6 address
        return None


def _this_machine(parts: SplitResult) -> bool:
    try:
        return parts.hostname == "localhost" or ipaddress.ip_address(str(parts.hostname)).is_loopback
    except ValueError:
        return False


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: the status is for the address that was named."""

    def redirect_request(self, *_: Any) -> None:
        """None: the answer is final."""
