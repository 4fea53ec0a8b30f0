# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reasons known in advance why a setting would hurt this host. Reads only; nothing has been written yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Callable

from .._errors import Refused
from .._settings.setting import Host, Setting
from . import guards_acl, guards_files, guards_kernel, guards_redis, guards_restart, guards_systemd
from .guard import Hazard, RestartMode
from .plan import Plan, PlannedSetting

#: Guards of one setting, and of the change as a whole (its restart, its files).
SETTING_GUARDS: Sequence[Callable[[PlannedSetting, Plan, Host], Iterator[Hazard]]] = (
    guards_redis.moves_the_server,
    guards_redis.databases_in_use,
    guards_redis.maxmemory_below_used,
    guards_redis.hz_out_of_range,
    guards_redis.active_defrag_unsupported,
    guards_redis.command_line_override,
    guards_kernel.paired_sysctl,
    guards_systemd.filtered_syscall,
    guards_systemd.allocator_environment,
)
CHANGE_GUARDS: Sequence[Callable[[Plan, Host, RestartMode], Iterator[Hazard]]] = (
    guards_acl.not_permitted,
    guards_files.not_writable,
    guards_files.no_config_file,
    guards_restart.restart_required,
    guards_restart.restart_loses_data,
    guards_restart.stale_dump,
    guards_restart.relative_directory,
    guards_restart.users_not_saved,
    guards_restart.data_elsewhere,
    guards_restart.not_startable,
)


def without_a_look(settings: Sequence[Setting]) -> list[Hazard]:
    """Hazards that need no look at the host."""
    return list(guards_redis.tcp_nodelay(settings))


def preflight(plan: Plan, host: Host, restart: RestartMode) -> list[Hazard]:
    """Hazards that stand against the plan. Those of optional settings leave the setting out instead."""
    found: list[Hazard] = []
    for planned in plan.to_change:
        hazards = [hazard for guard in SETTING_GUARDS for hazard in guard(planned, plan, host)]
        if hazards and planned.setting.optional:
            planned.skipped = "; ".join(f"{hazard.reason} ({hazard.id})" for hazard in hazards)
        else:
            found.extend(hazards)
    return found + [hazard for guard in CHANGE_GUARDS for hazard in guard(plan, host, restart)]


def refuse(hazards: Sequence[Hazard], plan: Plan, where: str) -> None:
    """Refused, naming every hazard, where there is one."""
    if not hazards:
        return
    would = ", ".join(
        f"{item.setting.key} {item.shown(item.before.live) if item.before else ''} -> {item.shown(item.setting.value)}"
        for item in plan.to_change
    )
    raise Refused(
        "This change would hurt the host, so nothing was changed",
        where=where,
        why=" | ".join(f"[{hazard.id}] {hazard.setting}: {hazard.reason}; {hazard.remedy}" for hazard in hazards),
        remedy=f"It would have changed: {would}" if would else "",
        hazards=[hazard.report() for hazard in hazards],
        settings=[item.report() for item in plan.settings],
    )
