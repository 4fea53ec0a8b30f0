# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reasons known in advance why a setting would hurt this host. Reads only; nothing has been written yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Callable

from .._errors import ChangeError, LowlatError, Refused
from .._libraries import psutil
from .._server import replication
from .._server.connection import server_errors
from .._settings.setting import Host, Setting
from . import (
    cautions,
    guards_acl,
    guards_allocator,
    guards_commands,
    guards_files,
    guards_kernel,
    guards_redis,
    guards_replication,
    guards_restart,
    guards_start,
    guards_systemd,
    guards_unit,
)
from .diff_lines import pair
from .guard import Hazard, RestartMode, reasons, remedies
from .plan import Plan, PlannedSetting

#: Guards of one setting, and of the change as a whole (its restart, its files).
SETTING_GUARDS: Sequence[Callable[[PlannedSetting, Plan, Host], Iterator[Hazard]]] = (
    guards_redis.moves_the_server,
    guards_redis.databases_in_use,
    guards_redis.maxmemory_below_used,
    guards_redis.noeviction_when_full,
    guards_redis.maxclients_in_use,
    guards_redis.min_replicas_missing,
    guards_redis.io_threads_without_cpus,
    guards_redis.hz_out_of_range,
    guards_redis.active_defrag_unsupported,
    guards_redis.command_line_override,
    guards_kernel.paired_sysctl,
    guards_kernel.one_way_sysctl,
    guards_kernel.no_overcommit,
    guards_kernel.takes_the_memory,
    guards_kernel.stops_the_host,
    guards_systemd.filtered_syscall,
    guards_systemd.filter_kills,
    guards_systemd.changes_identity,
    guards_systemd.ends_the_server,
    guards_systemd.overridden_dropin,
    guards_systemd.cpuset_stays,
    guards_systemd.memory_limit_below_used,
    guards_systemd.too_few_files,
    guards_allocator.allocator_environment,
)
CHANGE_GUARDS: Sequence[Callable[[Plan, Host, RestartMode], Iterator[Hazard]]] = (
    guards_acl.not_permitted,
    guards_files.not_writable,
    guards_files.no_config_file,
    guards_restart.restart_required,
    guards_restart.relative_directory,
    guards_restart.foreign_supervisor,
    guards_unit.reload_brings_an_edit,
    guards_commands.command_renamed,
    guards_replication.failover_under_way,
)
#: Guards of a start, whoever makes it: with a restart that is left to somebody they are said and do not refuse.
START_GUARDS: Sequence[Callable[[Plan, Host, RestartMode], Iterator[Hazard]]] = (
    guards_restart.restart_loses_data,
    guards_restart.stale_dump,
    guards_restart.users_not_saved,
    guards_start.data_elsewhere,
    guards_start.data_goes_with_unit,
    guards_start.evicts_at_start,
    guards_start.databases_at_start,
    guards_start.modules_at_start,
    guards_start.not_startable,
    guards_start.program_replaced,
    guards_unit.unit_edited,
    guards_unit.stop_does_not_save,
    guards_unit.restarts_another,
    guards_replication.replica_keys,
)


def without_a_look(settings: Sequence[Setting]) -> list[Hazard]:
    """Hazards that need no look at the host."""
    return list(guards_redis.tcp_nodelay(settings))


def preflight(plan: Plan, host: Host, restart: RestartMode) -> list[Hazard]:
    """Hazards that stand against the plan. Those of optional settings leave the setting out instead.

    Notes in the plan what else should be known: its replicas, its master, its warnings.
    """
    with _looking("replicas", host):
        _ask_the_others(plan, host, restart)
    found: list[Hazard] = []
    for planned in plan.to_change:
        hazards: list[Hazard] = []
        for guard in SETTING_GUARDS:
            with _looking(guard.__name__, host):
                hazards.extend(guard(planned, plan, host))
        if hazards and planned.setting.optional:
            planned.skipped = "; ".join(f"{hazard.reason} ({hazard.id})" for hazard in hazards)
        else:
            found.extend(hazards)
    for change_guard in CHANGE_GUARDS:
        with _looking(change_guard.__name__, host):
            found.extend(change_guard(plan, host, restart))
    later = []
    if restart == "defer":
        later = list(_told(plan, host))
    else:
        for start_guard in START_GUARDS:
            with _looking(start_guard.__name__, host):
                found.extend(start_guard(plan, host, restart))
    with _looking("cautions", host):
        since = guards_unit.changed_since(plan, host, restart)
        plan.warnings = [*later, *since, *cautions.all_of(plan, host)]
    return found


def _told(plan: Plan, host: Host) -> Iterator[str]:
    """What stands against the restart that somebody is going to make: nobody else would tell."""
    keys = ", ".join(item.setting.key for item in plan.to_restart)
    for guard in START_GUARDS:
        try:
            with _looking(guard.__name__, host):
                hazards = list(guard(plan, host, "defer"))
        except LowlatError as error:
            yield f"Whether the restart for {keys}, which is left to you, would hurt is not known: {error.message}"
            continue
        for hazard in hazards:
            about = f"[{hazard.id}]" + (f" {hazard.setting}:" if hazard.setting != keys else "")
            yield f"The restart for {keys}, left to you, would hurt: {about} {hazard.reason}; {hazard.remedy}"


def _ask_the_others(plan: Plan, host: Host, restart: RestartMode) -> None:
    """Only where a restart or the databases are at stake: one that does not answer costs seconds."""
    databases = any((item.setting.kind, item.setting.key) == ("redis", "databases") for item in plan.to_change)
    if databases or guards_start.at_a_start(plan, restart):
        plan.replicas = replication.replicas(host.client, host.address, host.instance)
    if databases and host.instance.role == "replica":
        plan.master = replication.master(host.client, host.address)


@contextmanager
def _looking(name: str, host: Host) -> Iterator[None]:
    """Where a guard cannot look, an error that names it: nobody knows then whether it is safe."""
    try:
        with server_errors(host.address):
            yield
    except LowlatError as error:
        raise type(error)(
            f"Cannot look for the hazard {name}: {error.what}",
            where=error.where,
            why=error.why,
            remedy=error.remedy,
            **error.details,
        ) from error
    except (OSError, ValueError, LookupError, psutil.Error) as error:
        raise ChangeError(
            f"Cannot look for the hazard {name}, so nothing was changed",
            where=str(host.address),
            why=str(error) or repr(error),
            remedy="See whether the server still runs and what its INFO and CONFIG GET tell",
        ) from error


def refuse(hazards: Sequence[Hazard], plan: Plan, where: str) -> None:
    """Refused, naming every hazard, where there is one."""
    if not hazards:
        return
    planned = ", ".join(filter(None, map(_planned, plan.to_change)))
    raise Refused(
        "This change would hurt the host, so nothing was changed",
        where=where,
        why=reasons(hazards) + (f"; the change was: {planned}" if planned else ""),
        remedy=remedies(hazards),
        hazards=[hazard.report() for hazard in hazards],
        settings=[item.report() for item in plan.settings],
        replicas=[replica.report() for replica in plan.replicas],
    )


def _planned(item: PlannedSetting) -> str:
    """Empty where only what is stored would be another value."""
    before, after = item.before.live if item.before else None, item.setting.value
    return f"{item.setting.key} {' -> '.join(pair(item.setting, 'live', before, after))}" if before != after else ""
