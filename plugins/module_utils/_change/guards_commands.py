# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guard of the names of commands: what a restart needs may have another name, now or by the file after the start."""

from __future__ import annotations

from collections.abc import Iterator

from .._libraries import redis
from .._server import config_reader
from .._server.connection import command
from .._settings.setting import Host
from . import guards_acl
from .guard import Hazard, RestartMode
from .guards_start import by_us
from .plan import Plan

#: With these the new process is proven.
_AFTERWARDS = frozenset({"CONFIG", "INFO", "PING"})


def command_renamed(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """Found out in the restart it would be too late: the values are written by then, and the way back needs it too."""
    if not by_us(plan, restart):
        return
    needed = {words[0] for words in guards_acl.needed(plan, host, restart)} | _AFTERWARDS
    gone = sorted({*_unknown(host, needed), *needed.intersection(_renamed(host))})
    if gone:
        yield Hazard(
            "command_renamed",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"{', '.join(gone)} has another name or none (rename-command), in the running server or by its config file "
            "after a start: the data could not be saved, or the server not be stopped or proven",
            "take the rename-command away, and keep the command from users by ACL; or say restart: defer",
        )


def _unknown(host: Host, names: set[str]) -> Iterator[str]:
    """Of commands that the running server does not know. Where it does not let us ask, it stays to be seen."""
    for name in sorted(names):
        try:
            (facts,) = command(host.client, "command info", name)
        except (redis.ResponseError, ValueError):
            return
        if not facts:
            yield name


def _renamed(host: Host) -> Iterator[str]:
    """By the file, includes and all."""
    path = host.instance.config_file
    if path is None:
        return
    for line in config_reader.lines(config_reader.read_bytes(path), path, host.instance.version):
        if line.name == "rename-command" and line.arguments:
            yield line.arguments[0].upper()
