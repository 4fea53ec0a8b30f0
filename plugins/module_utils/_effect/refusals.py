# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that must not be toggled: where switching back and forth does what no value put back undoes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .._change import guards_kernel, guards_redis, hazards
from .._change.guard import Hazard
from .._change.plan import Plan, PlannedSetting
from .._server import directives
from .._server.connection import server_errors
from .._settings.setting import Host, Setting

# What a guard says of a value holds for either of the two values here. Files are not written, so theirs do not apply.
_GUARDS = (
    guards_redis.moves_the_server,
    guards_redis.maxmemory_below_used,
    guards_redis.noeviction_when_full,
    guards_redis.hz_out_of_range,
    guards_redis.active_defrag_unsupported,
    guards_redis.io_threads_without_cpus,
    guards_kernel.paired_sysctl,
    guards_kernel.one_way_sysctl,
    guards_kernel.no_overcommit,
    guards_kernel.takes_the_memory,
    guards_kernel.stops_the_host,
)
_ENCODING = "keys that are written meanwhile keep the other encoding for good"
_CLIENTS = "connections of other clients would be closed"
_REPLICATION = "replicas could lose their link, or a failover could begin"
_EVENTS = "subscribers would miss events"
_ENTRY = "who may connect and how is no tuning"
_DIRECTIVES = (
    ("appendonly", "switching the AOF on rewrites it each time, and switching it off leaves writes without one"),
    ("save", "each change of it may start a snapshot"),
    (r"appendfilename|appenddirname|dbfilename|dir", "the data would lie somewhere else"),
    (r".*-max-(listpack|ziplist|intset)-.*|list-compress-depth|hll-sparse-max-bytes|stream-node-max-.*", _ENCODING),
    (r"timeout|maxclients|maxmemory-clients|client-output-buffer-limit|client-query-buffer-limit", _CLIENTS),
    (r"proto-max-bulk-len|max-new-(tls-)?connections-per-cycle", _CLIENTS),
    (r"(repl|replica|cluster|min-replicas)-.*|dual-channel-replication-enabled", _REPLICATION),
    ("stop-writes-on-bgsave-error", "after a save that failed the server would refuse every write"),
    ("lua-time-limit|busy-reply-threshold", "beside a script other clients would be refused with BUSY"),
    (r"import-mode|gopher-enabled|propagation-error-behavior|debug-context", "it changes what the server answers"),
    (r"notify-keyspace-events|acl-pubsub-default", _EVENTS),
    (r"tls-.*|bind-source-addr|rdma-.*", _ENTRY),
    (r"slowlog-max-len|acllog-max-len|commandlog-.*-max-len", "entries of the log would be dropped for good"),
    (r"watchdog-period|crash-.*|shutdown-.*|oom-score-adj.*", "it has to do with how the server dies"),
)
#: What they say is of an AOF alone.
_OF_AN_AOF = re.compile(r"appendfsync|no-appendfsync-on-rewrite|auto-aof-rewrite-.*|aof-.*")
_SYSCTLS = (
    (r"vm\.(drop_caches|compact_memory)", "writing it is an act, and no value"),
    (
        r"kernel\.(modules_disabled|kexec_load_disabled|unprivileged_bpf_disabled|yama\..*|sysrq|panic.*|.*lockdown.*)",
        "it cannot be taken back before the next boot, or decides whether the host goes on",
    ),
)
_SYSFS = (
    (r"(?:.*/)?(online|remove|unbind|bind|rescan|reset|state|disk|uevent|probe)", "writing it is an act, and no value"),
)
_REASONS = {"redis": _DIRECTIVES, "sysctl": _SYSCTLS, "sysfs": _SYSFS}
_KINDS = ("redis", "sysctl", "sysfs", "affinity")


def without_a_look(settings: Sequence[Setting]) -> Iterator[Hazard]:
    """What needs no look at the host: kinds that have no live value, directives that do not exist."""
    yield from hazards.without_a_look(settings)
    for setting in settings:
        if setting.kind == "systemd":
            yield Hazard(
                "not_live",
                setting.key,
                "a property of a unit takes effect by a restart",
                "compare before and after a change with it; for CPUs toggle {kind: affinity, key: server}",
            )


def against(values: tuple[PlannedSetting, PlannedSetting], host: Host) -> list[Hazard]:
    """Why this setting must not be toggled between these two values here; empty if it may."""
    setting = values[0].setting
    plans = [(planned, Plan([planned])) for planned in values]
    found = [hazard for planned, plan in plans for guard in _GUARDS for hazard in guard(planned, plan, host)]
    # A limit in the one value may be harmless beside the policy that is live: each value is looked at by itself.
    unique = list(dict.fromkeys(found))
    by_setting = (*_by_name(setting), *_not_live(setting, host), *_without_an_aof(setting, host))
    return unique + list(by_setting) + list(_one_way(values))


def evicts(setting: Setting, host: Host) -> bool:
    """Whether this value would throw keys away by now: the data may have grown since it was looked at."""
    planned = PlannedSetting(setting)
    if not list(guards_redis.maxmemory_below_used(planned, Plan([planned]), host, margin=1.0)):
        return False
    policy = setting.value if setting.key == "maxmemory-policy" else _policy(host)
    return policy != "noeviction"


def _policy(host: Host) -> str:
    return str(host.client.config_get("maxmemory-policy")["maxmemory-policy"])


def _by_name(setting: Setting) -> Iterator[Hazard]:
    key = directives.primary(setting.key) if setting.kind == "redis" else setting.key
    for pattern, reason in _REASONS.get(setting.kind, ()):
        if re.fullmatch(pattern, key) and key != "repl-disable-tcp-nodelay":
            yield Hazard("not_to_be_toggled", setting.key, reason, "compare before and after a change with it")
            return


def _not_live(setting: Setting, host: Host) -> Iterator[Hazard]:
    if setting.kind == "redis" and directives.immutable(setting.key, host.instance.version):
        yield Hazard(
            "not_live",
            setting.key,
            "only a restart changes this directive",
            "compare before and after a change with restart: allowed",
        )
    elif setting.kind not in _KINDS:
        yield Hazard("not_live", setting.key, f"settings of kind {setting.kind} have no live value", "leave it out")


def _without_an_aof(setting: Setting, host: Host) -> Iterator[Hazard]:
    if setting.kind == "redis" and _OF_AN_AOF.fullmatch(setting.key):
        with server_errors(host.address):
            aof = host.client.config_get("appendonly").get("appendonly")
        if aof == "no":
            yield Hazard(
                "no_effect_here",
                setting.key,
                "the server has no AOF, so neither value does anything",
                "compare before and after a change with it and appendonly",
            )


def _one_way(values: tuple[PlannedSetting, PlannedSetting]) -> Iterator[Hazard]:
    """A kernel's file shows what it likes: only a value that was written and is shown again is sure to come back."""
    setting, before = values[0].setting, values[0].before
    if setting.kind in ("sysctl", "sysfs") and before and before.live not in [item.setting.value for item in values]:
        yield Hazard(
            "found_value_is_neither",
            setting.key,
            f"the host has {before.live!r}, and it is not sure that this can be written back",
            "name the value that the host has as one of the two",
        )
