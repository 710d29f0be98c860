"""What to tell when a plan is through: a file, a web address, a command."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from perflib.errors import ParameterError
from perflib.reports.files import write_whole

EVENTS = ("completion", "failure")
KINDS = ("command", "file", "webhook_env")
PATIENCE = 30  # seconds for a webhook or a command


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
    if not isinstance(target, str) or not target or (kinds[0] == "file" and not _bare(target)):
        raise ParameterError(f"`{kinds[0]}` is not a name", where=where, do="a file is written beside the index")
    return Hook(events, kinds[0], target)


def _bare(text: str) -> bool:
    return text == PurePosixPath(text).name == PureWindowsPath(text).name and text not in (".", "..")


def fire(hooks: Sequence[Hook], status: Mapping[str, Any], out: Path, commands: bool) -> list[str]:
    """Fire what the end of a batch calls for; what went wrong with a hook, as sentences. No hook fails the batch.

    ``commands`` must be allowed by whoever starts the batch: a plan alone may not start programs.
    """
    event = {"completion"} | ({"failure"} if status["failed"] else set())
    said = (_one(hook, status, out, commands) for hook in hooks if event & set(hook.on))
    return [words for words in said if words]


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
            done = subprocess.run(
                list(hook.target), input=text, text=True, encoding="utf-8", timeout=PATIENCE, check=False, cwd=out,
                stdout=subprocess.DEVNULL,
            )
            return f"the command {hook.target[0]!r} ended with {done.returncode}" if done.returncode else ""
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return f"hook {hook.kind}: {type(error).__name__}"  # its words could hold the address, which is a secret
    return ""


def _webhook(variable: str, text: str) -> str:
    address = os.environ.get(variable, "")
    if not address.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        return f"the environment variable {variable} holds no https address"
    asked = urllib.request.Request(
        address, text.encode("utf-8"), {"Content-Type": "application/json; charset=utf-8"}, method="POST"
    )
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        return "" if answer.status < 400 else f"the webhook answered {answer.status}"
