# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live values as they were found: the module and its guardian put them back by the same code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from .._errors import LowlatError
from .._libraries import psutil, redis
from .._server.connection import server_errors
from .._server.instance import Instance, same_process
from .._settings.setting import Host
from . import refusals
from .toggle import Toggle

#: Kinds that live in the server's process, and end with it.
_OF_THE_PROCESS = ("redis", "affinity")


@dataclass
class Restored:
    """``left``: what is not back and why; trying again may help. ``foreign``: values that somebody else has set since,
    which are left alone. ``restarted``: the server that was found is gone, and its live values with it. ``rewritten``:
    what the config file has by now, since somebody let the server rewrite it meanwhile.
    """

    left: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)
    restarted: bool = False
    unanswered: bool = False

    @property
    def as_found(self) -> bool:
        return not (self.left or self.foreign or self.rewritten or self.restarted)


def restore(
    toggles: Sequence[Toggle], before: Host, connect: Callable[[], Host], standing: Host | None = None
) -> Restored:
    """Put every value back, newest first, over a fresh connection, and prove it by reading back.

    ``before`` is the host as it was found. A value that is neither of the two is somebody else's, and stays. Where
    nobody is let in any more (another password, too many clients) it is done over the connection that is ``standing``.
    """
    result = Restored()
    host: Host | None = None
    why = ""
    try:
        host = connect()
        result.restarted = not _same(before.instance, host.instance)
    except _EXPECTED as error:
        why = str(error)
        result.restarted = result.unanswered = not same_process(before.instance)
        # One that does not answer in time would only take as long again.
        if not result.restarted and getattr(error, "details", {}).get("code") != "timeout":
            host = standing
    for toggle in reversed(toggles):
        in_process = toggle.values[0].kind in _OF_THE_PROCESS
        if in_process and host is None:
            if not result.restarted:
                result.left.append(f"{toggle.name}: {why}")
            continue
        try:
            with server_errors(before.address):
                # Values of the kernel need no server.
                _restore_one(toggle, host or before, in_process and result.restarted, result)
        except _EXPECTED as error:
            result.left.append(f"{toggle.name}: {error}")
    if host is not None and host is not standing:
        host.client.connection_pool.disconnect()
    return result


_EXPECTED: tuple[type[Exception], ...] = (LowlatError, OSError) + (
    (redis.RedisError, psutil.Error) if redis and psutil else ()
)


def _restore_one(toggle: Toggle, host: Host, fresh: bool, result: Restored) -> None:
    wanted = _after_a_restart(toggle) if fresh else toggle.found.live
    _look_into_the_file(toggle, host, result)
    now = toggle.live(host)
    if toggle.shows(wanted, now):
        return
    if not toggle.is_ours(now):
        result.foreign.append(f"{toggle.name} is {now.live!r}, which is neither of the two values: it was left alone")
        return
    if refusals.evicts(replace(toggle.values[0], value=str(wanted)), host):
        result.left.append(f"{toggle.name} is {now.live!r}, and {wanted!r} would evict keys by now")
        return
    toggle.write_back(wanted, host)
    shown = toggle.live(host)
    if not toggle.shows(wanted, shown):
        result.left.append(f"{toggle.name} is {shown.live!r} and not {wanted!r}")


def _look_into_the_file(toggle: Toggle, host: Host, result: Restored) -> None:
    try:
        now = toggle.read(host)
    except LowlatError:
        return  # somebody has moved it away: what is live is put back all the same
    if toggle.was_written_down(now):
        result.rewritten.append(f"{toggle.name} is {now.persisted!r} in {host.instance.config_file} by now")


def _after_a_restart(toggle: Toggle) -> Any:
    """What a start gives: the stored value, else the one that was found, which no file has and so was the default."""
    return toggle.found.live if toggle.found.persisted is None else toggle.found.persisted


def _same(one: Instance, other: Instance) -> bool:
    return (one.pid, one.process_started) == (other.pid, other.process_started)
