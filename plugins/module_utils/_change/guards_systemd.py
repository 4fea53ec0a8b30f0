# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of systemd: what a unit's sandbox forbids and what its environment must be called."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._server import allocator, unit
from .._settings.setting import Host
from .guard import Hazard
from .plan import Plan, PlannedSetting

_CPU_LISTS = re.compile(r"(server|bio|aof[-_]rewrite|bgsave)[-_]cpulist")
_ALLOCATOR_VARIABLE = re.compile(r"\b((?:JE_)?MALLOC_CONF)=(\S*)")
#: jemalloc options that make it call sched_setaffinity.
_PINNING_OPTIONS = ("percpu_arena", "background_thread:true")


def filtered_syscall(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """Hazards 8 and 9: the server, or its BGSAVE child, dies of SIGSYS when its unit forbids sched_setaffinity."""
    setting = planned.setting
    if setting.kind != "redis" or not _CPU_LISTS.fullmatch(setting.key) or not setting.value:
        return
    name = host.instance.unit
    if name and not unit.syscall_allowed(name, "sched_setaffinity"):
        yield Hazard(
            "syscall_filter",
            setting.key,
            f"{name} forbids sched_setaffinity (SystemCallFilter=): the server would be killed by SIGSYS",
            "set {kind: systemd, key: CPUAffinity} and {kind: affinity, key: server} instead",
        )


def allocator_environment(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """Hazards 10 and 14: jemalloc reads one variable only and some options need a forbidden call."""
    setting = planned.setting
    if (setting.kind, setting.key) != ("systemd", "Environment"):
        return
    match = _ALLOCATOR_VARIABLE.search(setting.value)
    if not match:
        return
    found = allocator.describe(host.instance, host.client)
    if match.group(1) != found.variable:
        yield Hazard(
            "allocator_variable",
            match.group(1),
            f"this server's {found.name} reads {found.variable or 'no such variable'} and ignores {match.group(1)}",
            f"write {found.variable}=..." if found.variable else "leave it out",
        )
    if any(option in match.group(2) for option in _PINNING_OPTIONS):
        name = host.instance.unit
        if name and not unit.syscall_allowed(name, "sched_setaffinity"):
            yield Hazard(
                "syscall_filter",
                match.group(1),
                f"{name} forbids sched_setaffinity, which {match.group(2)} needs: the server would be killed by SIGSYS",
                "use the directive jemalloc-bg-thread instead, or leave the option out",
            )
