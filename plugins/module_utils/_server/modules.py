# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that a running server has loaded, and which of them its next start would not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._libraries import redis
from . import starting
from .connection import command
from .instance import Instance

#: Part of the server itself, whether it tells a path of them or not.
_BUILT_IN = frozenset({"vectorset", "lua"})


@dataclass(frozen=True)
class Module:
    """``path`` is where it was loaded from; empty where the server does not tell (before 7.0, or it may not)."""

    name: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.path})" if self.path else self.name


def missing_at_a_start(client: redis.Redis, instance: Instance) -> list[Module]:
    """Those that neither the config file nor the command line of the unit loads; none where nobody can read that."""
    return [] if _line_is_hidden(instance) else _not_loaded_by_it(client, instance)


def untold(client: redis.Redis, instance: Instance) -> list[Module]:
    """Those that the config file does not load, and the options that nobody can read may."""
    return _not_loaded_by_it(client, instance) if _line_is_hidden(instance) else []


def _line_is_hidden(instance: Instance) -> bool:
    """Such as that of Redis Stack, whose unit starts a script, which loads modules by --loadmodule."""
    return instance.unit is not None and instance.start_words is None


def _not_loaded_by_it(client: redis.Redis, instance: Instance) -> list[Module]:
    """Without their paths they can only be counted: all are told where some are missing."""
    names = [name for name in _names(client) if name not in _BUILT_IN]
    if not names or not starting.known(instance):
        return []
    stored = [line.arguments[0] for line in starting.lines(instance) if line.name == "loadmodule" and line.arguments]
    told = _listed(client)
    if told is None:
        loaded = _loaded(instance.pid, stored)
        return [Module(name) for name in names] if loaded < len(names) else []
    places = {_real(path, instance.pid) for path in stored}
    return [one for one in told if one.path and one.name in names and _real(one.path, instance.pid) not in places]


def _names(client: redis.Redis) -> list[str]:
    """INFO tells them to whoever may ask anything of it."""
    facts: Any = client.info("modules")
    entries = facts.get("modules") or facts.get("module") or []  # of old redis-py the last one alone
    return [str(entry["name"]) for entry in ([entries] if isinstance(entries, dict) else entries)]


def _listed(client: redis.Redis) -> list[Module] | None:
    """As MODULE LIST has them; None where it tells no paths, or is not allowed."""
    try:
        entries = [_pairs(entry) for entry in command(client, "MODULE", "LIST")]
    except redis.exceptions.ResponseError:
        return None
    if not all("path" in entry for entry in entries):
        return None
    return [Module(str(entry["name"]), str(entry["path"])) for entry in entries]


def _pairs(entry: Any) -> dict[str, Any]:
    found = entry if isinstance(entry, dict) else dict(zip(entry[::2], entry[1::2]))
    return {_text(key): _text(value) if isinstance(value, (bytes, str)) else value for key, value in found.items()}


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _real(path: str, pid: int) -> str:
    """A relative one is found from the directory that the server is in."""
    return os.path.realpath(os.path.join(f"/proc/{pid}/cwd", path))


def _loaded(pid: int, stored: Sequence[str]) -> int:
    """How many of these files the process has mapped; all, where nobody may look."""
    places = {_real(path, pid) for path in stored}
    try:
        maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return len(places)
    mapped = {line.split(maxsplit=5)[5].rstrip("\n") for line in maps.splitlines() if len(line.split(maxsplit=5)) == 6}
    return len(places & mapped)
