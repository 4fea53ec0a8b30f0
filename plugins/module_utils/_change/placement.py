# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the server and its children would run after a change."""

from __future__ import annotations

from .._errors import BadInput
from .._host import cpus, threads
from .._settings.setting import Host
from .plan import Plan

#: What pins the main thread, the last word first: Redis itself pins after systemd has started it.
PINS = (("redis", "server-cpulist"), ("affinity", "server"), ("systemd", "CPUAffinity"))
#: What pins a child, with what it is for.
CHILDREN = {"bgsave-cpulist": "BGSAVE", "aof-rewrite-cpulist": "AOF rewrites"}


def server_cpus(plan: Plan, host: Host) -> frozenset[int]:
    """The CPUs of the main thread as the change leaves them."""
    for kind, key in PINS:
        wanted = plan.wanted(kind, key, host.instance.unit if kind == "systemd" else None)
        if wanted:
            return cpus.parse_cpu_list(wanted)
    return threads.affinities(host.instance.pid).get(host.instance.pid, frozenset())


def children(plan: Plan, host: Host) -> list[str]:
    """Of ``CHILDREN`` those that the server has, as the change leaves it; a replica that syncs needs a BGSAVE too."""
    found = []
    if after(plan, host, "save").strip() or host.instance.replicas:
        found.append("bgsave-cpulist")
    if after(plan, host, "appendonly") == "yes":
        found.append("aof-rewrite-cpulist")
    return found


def child_cpus(name: str, plan: Plan, host: Host) -> frozenset[int]:
    """The CPUs of a kind of child of ``CHILDREN``: its own, or those that it inherits."""
    own = after(plan, host, name)
    try:
        return cpus.parse_cpu_list(own) if own else server_cpus(plan, host)
    except BadInput:  # Redis has ignored it as well
        return server_cpus(plan, host)


def after(plan: Plan, host: Host, name: str) -> str:
    """A directive as the change leaves it."""
    wanted = plan.wanted("redis", name)
    if wanted is not None:
        return wanted
    # Older servers spell some with an underscore.
    return next(iter(host.client.config_get(name.replace("-", "?")).values()), None) or ""
