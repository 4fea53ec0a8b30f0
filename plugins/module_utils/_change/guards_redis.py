# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of redis directives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._host import cpus
from .._server import allocator, directives, replication
from .._settings.setting import Host, Setting
from . import evicting, placement
from .guard import Hazard
from .plan import Plan, PlannedSetting

#: Room above the used memory that a new limit must leave.
MAXMEMORY_MARGIN = 1.1
HZ_RANGE = (1, 500)
#: Room above the clients that are connected: ours, those of an operator and the replicas' must still get in.
CLIENTS_ROOM = 8
_IDENTITY = frozenset(
    """
    port tls-port bind unixsocket unixsocketperm unixsocketgroup protected-mode
    requirepass masterauth masteruser aclfile user rename-command
    replicaof replica-announce-ip replica-announce-port
    cluster-enabled cluster-config-file cluster-port cluster-announce-ip cluster-announce-port
    cluster-announce-tls-port cluster-announce-bus-port cluster-announce-hostname
    dir dbfilename appendfilename appenddirname daemonize supervised
    """.split()  # noqa: SIM905 - one word a line would fill a screen
)


def tcp_nodelay(settings: Sequence[Setting]) -> Iterator[Hazard]:
    """Asked for again and again, and fatal in the file; found before the directive is looked up."""
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
            "with it the server could not be reached or started to confirm or take back the change, or would have "
            "other data",
            "change it by hand, outside of a measured change",
        )


def databases_in_use(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """Fewer databases than hold keys is fatal with an RDB, and mixes databases with an AOF.

    A replica may be writable and hold keys of its own; one whose master holds more dies of the next full sync.
    """
    setting = planned.setting
    if (setting.kind, setting.key) != ("redis", "databases"):
        return
    wanted = int(setting.value)
    holders: list[tuple[str, replication.Peer]] = [("replica", replica.peer) for replica in plan.replicas]
    holders += [("its master", plan.master)] if plan.master else []
    named = [
        ("this server", host.instance.keys),
        *((f"{who} {peer.address}", peer.keys or {}) for who, peer in holders),
    ]
    for who, keys in named:
        lost = sorted(number for number, count in keys.items() if count and number >= wanted)
        if lost:
            yield Hazard(
                "databases_in_use",
                setting.key,
                f"database {', '.join(map(str, lost))} of {who} holds keys: a server would not start with them, or "
                "mix them into others",
                "move those keys to another server or database first, or keep more databases",
            )


def maxmemory_below_used(
    planned: PlannedSetting, plan: Plan, host: Host, margin: float = MAXMEMORY_MARGIN
) -> Iterator[Hazard]:
    """Keys would be evicted, which no rollback brings back, or writes fail with OOM.

    Not by what a full cache evicts already: its limit may be raised, and another policy may choose among the same keys.
    """
    setting = planned.setting
    if setting.kind != "redis" or setting.key not in ("maxmemory", "maxmemory-policy"):
        return
    live = {str(name): str(value) for name, value in host.client.config_get("maxmemory*").items()}
    limit = int(plan.wanted("redis", "maxmemory") or live["maxmemory"] or 0)
    policy = plan.wanted("redis", "maxmemory-policy") or str(live["maxmemory-policy"])
    used = int(host.client.info("memory")["used_memory"])  # of now: it may have been found long ago
    hurts = setting.key == "maxmemory" or setting.value != "noeviction"
    if limit and hurts and used * margin > limit and not evicting.evicts_already(live, limit, policy):
        yield Hazard(
            "maxmemory_below_used",
            setting.key,
            f"{used} bytes are used and the limit would be {limit}: keys would be evicted for good, or writes fail",
            f"choose at least {int(used * MAXMEMORY_MARGIN) + 1} bytes (used memory and 10 %)",
        )


def noeviction_when_full(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """A full cache that may evict no more refuses every write, and a probe that only reads does not see it."""
    setting = planned.setting
    if (setting.kind, setting.key, setting.value) != ("redis", "maxmemory-policy", "noeviction"):
        return
    limit = int(plan.wanted("redis", "maxmemory") or host.client.config_get("maxmemory").get("maxmemory") or 0)
    used = int(host.client.info("memory")["used_memory"])
    if limit and planned.live and used * MAXMEMORY_MARGIN > limit:
        yield Hazard(
            "maxmemory_below_used",
            setting.key,
            f"{used} bytes are used of {limit}: without eviction writes would fail with OOM",
            f"set maxmemory to at least {int(used * MAXMEMORY_MARGIN) + 1} bytes (used memory and 10 %) as well",
        )


def maxclients_in_use(planned: PlannedSetting, plan: Plan, host: Host, room: int = CLIENTS_ROOM) -> Iterator[Hazard]:
    """Below the clients that are there nobody gets in any more: no replica, and not we to confirm or take back."""
    setting = planned.setting
    if (setting.kind, setting.key) != ("redis", "maxclients"):
        return
    info = host.client.info("clients")
    there = int(info["connected_clients"]) + int(info.get("cluster_connections", 0)) + len(host.instance.replicas)
    if int(setting.value) < min(there + room, int(info.get("maxclients", there + room))):
        yield Hazard(
            "maxclients_in_use",
            setting.key,
            f"{there} clients are connected: nobody else would get in, not even to take this change back",
            f"choose at least {there + CLIENTS_ROOM}",
        )


def min_replicas_missing(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """With fewer replicas in sync than it asks for, a master refuses every write at once."""
    setting = planned.setting
    if setting.kind != "redis" or directives.primary(setting.key) != "min-replicas-to-write":
        return
    lag = plan.wanted("redis", "min-replicas-max-lag") or host.client.config_get("min-*-max-lag").get(
        "min-slaves-max-lag" if setting.key.startswith("min-slaves") else "min-replicas-max-lag"
    )
    if lag == "0":  # turns the rule off
        return
    wanted, there = int(setting.value), sum(replica["state"] == "online" for replica in host.instance.replicas)
    if host.instance.role == "master" and wanted > there and not _refuses_writes(host, there):
        yield Hazard(
            "min_replicas_missing",
            setting.key,
            f"{there} replicas are in sync: the server would refuse every write with NOREPLICAS",
            f"attach {wanted - there} more first, or choose at most {there}",
        )


def _refuses_writes(host: Host, there: int) -> bool:
    """Already, for want of replicas: another number of them costs nobody a write."""
    live = {str(name): str(value) for name, value in host.client.config_get("min-*").items()}
    asked, lag = (
        int(live.get(f"min-replicas-{what}") or live.get(f"min-slaves-{what}") or 0) for what in ("to-write", "max-lag")
    )
    return asked > there and lag != 0


def io_threads_without_cpus(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """I/O threads spin: more of them than CPUs take turns with the main thread, which waits for them all."""
    setting = planned.setting
    if (setting.kind, setting.key) != ("redis", "io-threads"):
        return
    there = placement.server_cpus(plan, host)
    if int(setting.value) > max(1, len(there)):
        yield Hazard(
            "io_threads_without_cpus",
            setting.key,
            f"the server has the CPUs {cpus.format_cpu_list(there)}: its threads would spin on them in turns",
            f"choose at most {max(1, len(there))}, or give the server more CPUs",
        )


def hz_out_of_range(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """The server clamps hz without a word."""
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
    """Only a build with its own, patched jemalloc can move memory."""
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
