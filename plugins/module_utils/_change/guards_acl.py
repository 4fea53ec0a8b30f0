# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guard of the commands that a change and its rollback need: better refused before it begins than half-way."""

from __future__ import annotations

from collections.abc import Iterator

from .._server import allocator, permissions
from .._settings.setting import Host
from . import persistence
from .guard import Hazard, RestartMode
from .guards_start import by_us
from .plan import Plan

#: Commands whose first argument names what is done.
_CONTAINERS = frozenset({"CONFIG", "CLIENT", "MEMORY"})


def not_permitted(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """A user who may not run a command that is needed. Where the server does not let us ask, it stays to be seen."""
    if host.instance.version < (6, 0, 0):
        return
    wanted = needed(plan, host, restart)
    name = permissions.user(host.client, host.address.user or "default") if wanted else ""
    lacking = [words for words in wanted if permissions.may(host.client, name, words) is False]
    if lacking:
        commands = [words[:2] if words[0] in _CONTAINERS else words[:1] for words in lacking]
        yield Hazard(
            "not_permitted",
            ", ".join(item.setting.key for item in plan.to_change),
            f"User {name} may not run {', '.join(' '.join(words) for words in commands)}",
            f"allow it with ACL SETUSER {name} {' '.join('+' + '|'.join(words).lower() for words in commands)}, "
            "or log in as a user who may",
        )


def needed(plan: Plan, host: Host, restart: RestartMode) -> list[list[str]]:
    """The commands, with as many arguments as they take."""
    found = []
    if any(name in (plan.wanted("systemd", "Environment", host.instance.unit) or "") for name in allocator.VARIABLES):
        found.append(["MEMORY", "MALLOC-STATS"])
    restarts = by_us(plan, restart)
    if restarts or any(item.setting.kind == "redis" and item.live and not item.restart for item in plan.to_change):
        found.append(["CONFIG", "SET", "hz", "10"])
    if restarts:
        if host.instance.version >= (6, 2, 0):
            found.append(["CLIENT", "PAUSE", "1", "WRITE"])
        if host.instance.unit is None:
            found.append(["SHUTDOWN"])
        state = persistence.persistence(host)
        if state.aof:
            found.append(["BGREWRITEAOF"])
        elif state.save_points and state.keys and not state.replica_in_sync:
            found.append(["BGSAVE"])
    return found
