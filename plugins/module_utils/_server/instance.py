# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One running server: what it is, where its process is, what it holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._errors import ChangeError, ServerError
from .._host import systemd
from .._libraries import redis
from . import exec_start
from .process import Process, find_process

Version = tuple[int, int, int]
SERVERS = frozenset({"redis-server", "valkey-server", "keydb-server"})


@dataclass(frozen=True)
class Instance:
    """A server as it was found.

    ``process_started`` is in seconds after boot: together with the pid it tells this process from its successors.
    ``config_file`` is None for a server started without one. ``used_memory`` is in bytes, ``keys`` per database.

    ``command_line_overrides`` are the directives given on the command line, which win over the file at every start;
    None where that cannot be known. The process itself does not tell: Redis overwrites its argument vector with a
    title ("redis-server *:6379") and then needs its environment for it too. With set-proc-title no (6.2 and newer)
    it does tell, and for a unit the ExecStart line does.

    ``start_words`` is the command line that its unit will start it with; None without a unit, and where that starts
    something else that starts the server.
    """

    flavour: str
    version: Version
    pid: int
    process_started: float
    executable: str
    config_file: str | None
    tcp_port: int
    role: str
    keys: dict[int, int]
    replicas: list[dict[str, Any]]
    used_memory: int
    unit: str | None
    cluster: bool
    command_line_overrides: frozenset[str] | None = field(default=None)
    start_words: tuple[str, ...] | None = field(default=None)


def discover(client: redis.Redis, where: str) -> Instance:
    """The instance behind ``client``. ServerError if its process is not on this host."""
    try:
        info: dict[str, Any] = client.info()
    except redis.RedisError as error:
        raise ServerError(
            "The server does not answer INFO", where=where, why=str(error), remedy="Allow this user the command INFO"
        ) from error
    process = find_process(client, info, where)
    unit, command_line = unit_of(process)
    return Instance(
        flavour=flavour(info),
        version=version(info),
        pid=process.pid,
        process_started=process.started,
        executable=process.executable,
        config_file=str(info.get("config_file") or "") or None,
        tcp_port=int(info.get("tcp_port", 0)),
        role="master" if info.get("role") == "master" else "replica",
        keys=keys(info),
        replicas=replicas(info),
        used_memory=int(info["used_memory"]),
        unit=unit,
        cluster=str(info.get("cluster_enabled", "0")) == "1" or info.get("redis_mode") == "cluster",
        command_line_overrides=_overrides(command_line if process.arguments is None else process.arguments),
        start_words=start_words(command_line, process.executable),
    )


def flavour(info: Mapping[str, Any]) -> str:
    """redis or valkey."""
    return "valkey" if info.get("server_name") == "valkey" or "valkey_version" in info else "redis"


def version(info: Mapping[str, Any]) -> Version:
    """Of the flavour itself: Valkey also reports the Redis version that it is compatible with."""
    text = str(info.get("valkey_version") or info["redis_version"])
    numbers = [int(part) for part in text.partition("-")[0].split(".") if part.isdigit()]
    major, minor, patch = (numbers + [0, 0, 0])[:3]
    return (major, minor, patch)


def keys(info: Mapping[str, Any]) -> dict[int, int]:
    """Number of keys by database number."""
    found: dict[int, int] = {}
    for name, value in info.items():
        if name.startswith("db") and name[2:].isdigit() and isinstance(value, dict):
            found[int(name[2:])] = int(value["keys"])
    return found


def replicas(info: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each as {host, port, state}."""
    found = []
    for number in range(int(info.get("connected_slaves", 0))):
        entry = info.get(f"slave{number}")
        if isinstance(entry, dict):
            found.append({"host": entry.get("ip"), "port": entry.get("port"), "state": entry.get("state")})
    return found


def unit_of(process: Process) -> tuple[str | None, list[str] | None]:
    """The system unit whose main process this is, and the command line of its ExecStart= if that can be read.

    A server started by hand inside some other service has none.
    """
    name = unit_in_cgroup(process.cgroup)
    if name is None or not systemd.available():
        return None, None
    try:
        shown = systemd.show(name, ["MainPID", *exec_start.PROPERTIES])
    except ChangeError:
        return None, None
    return (name, exec_start.words(shown)) if shown.get("MainPID") == str(process.pid) else (None, None)


def start_words(command_line: list[str] | None, executable: str) -> tuple[str, ...] | None:
    """The same where it starts a server itself and no script, whose own options nobody can tell."""
    if not command_line:
        return None
    program = command_line[0]
    itself = os.path.basename(program) in SERVERS or os.path.realpath(program) == os.path.realpath(executable)
    return tuple(command_line) if itself else None


def unit_in_cgroup(text: str) -> str | None:
    """The service named in /proc/PID/cgroup. Units of a user's own manager do not count: root cannot restart those."""
    for line in text.splitlines():
        _number, controllers, path = line.split(":", 2)
        parts = path.split("/")
        if controllers not in ("", "name=systemd") or any(part.startswith("user@") for part in parts):
            continue
        services = [part for part in parts if part.endswith(".service")]
        if services:
            return services[-1]
    return None


def _overrides(arguments: list[str] | None) -> frozenset[str] | None:
    return None if arguments is None else overrides(arguments)


def overrides(arguments: list[str]) -> frozenset[str]:
    """Directives in ``redis-server [FILE] --name value ...``."""
    return frozenset(word[2:].lower() for word in arguments[1:] if word.startswith("--") and len(word) > 2)


def same_process(instance: Instance) -> bool:
    """Whether the process found then still runs now."""
    try:
        return Process.of(instance.pid).started == instance.process_started
    except OSError:
        return False
