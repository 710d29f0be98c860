"""Pseudonyms for people, and suppression of small cells so that a shared table discloses nobody."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from perflib.privacy.policy import Policy
from perflib.privacy.protected import PROTECTED, refuse_protected
from perflib.privacy.pseudonyms import codes, config_folder, default_key, fingerprint, pseudonym, read_key

__all__ = [
    "PROTECTED",
    "Policy",
    "codes",
    "config_folder",
    "default_key",
    "fingerprint",
    "pseudonym",
    "read_key",
    "refuse_protected",
    "suppress",
]


def __getattr__(name: str) -> Any:
    if name != "suppress":  # it needs pandas; keys and settings do not
        raise AttributeError(f"module 'perflib.privacy' has no attribute {name!r}")
    return import_module("perflib.privacy.suppression").suppress
