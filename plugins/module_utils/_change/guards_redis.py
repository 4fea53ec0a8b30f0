# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of redis directives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._server import allocator, directives
from .._settings.setting import Host, Setting
from .guard import Hazard
from .plan import Plan, PlannedSetting

#: Room above the used memory that a new limit must leave.
MAXMEMORY_MARGIN = 1.1
HZ_RANGE = (1, 500)
_IDENTITY = frozenset(
    {
        "port",
        "tls-port",
        "bind",
        "unixsocket",
        "requirepass",
        "replicaof",
        "masterauth",
        "masteruser",
        "aclfile",
        "user",
        "rename-command",
        "protected-mode",
        "cluster-enabled",
        "dir",
        "dbfilename",
        "appendfilename",
        "appenddirname",
    }
)


def tcp_nodelay(settings: Sequence[Setting]) -> Iterator[Hazard]:
    """Hazard 1: asked for again and again, and fatal in the file; found before the directive is looked up."""
    for setting in settings:
        if setting.kind == "redis" and setting.key.lower().replace("_", "-") == "tcp-nodelay" and not setting.optional:
            yield Hazard(
                "tcp_nodelay",
                setting.key,
                "Redis has no such directive: it always sets TCP_NODELAY on client connections, and in the config file "
                "the line would keep the server from starting",
                "leave it out; for replication links set repl-disable-tcp-nodelay no",
            )


def moves_the_server(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """What says where the server listens, who may in, whose data it has and where that lies is no tuning."""
    setting = planned.setting
    if setting.kind == "redis" and directives.primary(setting.key) in _IDENTITY:
        yield Hazard(
            "moves_the_server",
            setting.key,
            "with it the server could not be reached to confirm or take back the change, or would have other data",
            "change it by hand, outside of a measured change",
        )


def databases_in_use(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """Hazards 2 and 3: fewer databases than hold keys is fatal with an RDB, and mixes databases with an AOF."""
    setting = planned.setting
    if (setting.kind, setting.key) != ("redis", "databases"):
        return
    lost = sorted(number for number, keys in host.instance.keys.items() if keys and number >= int(setting.value))
    if lost:
        yield Hazard(
            "databases_in_use",
            setting.key,
            f"database {', '.join(map(str, lost))} holds keys: the server would not start, or mix them into others",
            "move those keys to another server or database first, or keep more databases",
        )


def maxmemory_below_used(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """Hazards 6 and 7: keys would be evicted, which no rollback brings back, or writes fail with OOM."""
    setting = planned.setting
    if setting.kind != "redis" or setting.key not in ("maxmemory", "maxmemory-policy"):
        return
    limits = [item.setting.value for item in plan.settings if item.setting.key == "maxmemory" and not item.skipped]
    limit = int(limits[0] if limits else host.client.config_get("maxmemory").get("maxmemory") or 0)
    used = host.instance.used_memory
    evicting = setting.key == "maxmemory" or setting.value != "noeviction"
    if limit and evicting and used * MAXMEMORY_MARGIN > limit:
        yield Hazard(
            "maxmemory_below_used",
            setting.key,
            f"{used} bytes are used and the limit would be {limit}: keys would be evicted for good, or writes fail",
            f"choose at least {int(used * MAXMEMORY_MARGIN) + 1} bytes (used memory and 10 %)",
        )


def hz_out_of_range(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """Hazard 17: the server clamps hz without a word."""
    setting = planned.setting
    low, high = HZ_RANGE
    if (setting.kind, setting.key) == ("redis", "hz") and not low <= int(setting.value) <= high:
        yield Hazard(
            "hz_clamped",
            setting.key,
            f"the server would clamp {setting.value} into {low} to {high}",
            f"choose a value from {low} to {high}",
        )


def active_defrag_unsupported(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """Hazard 16: only a build with its own, patched jemalloc can move memory."""
    setting = planned.setting
    if (setting.kind, setting.key, setting.value) != ("redis", "activedefrag", "yes"):
        return
    found = allocator.describe(host.instance, host.client)
    if not found.active_defrag:
        yield Hazard(
            "activedefrag_unsupported",
            setting.key,
            f"this server's allocator is {found.name} ({'bundled' if found.bundled else 'the system one'}), "
            "which cannot defragment",
            "use a build with the bundled jemalloc, or mark the setting optional",
        )


def command_line_override(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """An option on the server's command line wins over the config file at every start."""
    setting = planned.setting
    if setting.kind == "redis" and setting.key in (host.instance.command_line_overrides or ()):
        yield Hazard(
            "command_line_override",
            setting.key,
            "the server is started with this option on its command line, which wins over the config file",
            "remove it there first",
        )
