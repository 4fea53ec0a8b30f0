# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of systemd: what a unit's sandbox forbids, and what systemd would not do, or not undo."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator

from .._errors import BadInput
from .._host import systemd
from .._libraries import psutil
from .._server import directives, unit
from .._settings import dropin, registry
from .._settings.setting import Host, Setting
from . import placement
from .guard import Hazard
from .plan import Plan, PlannedSetting

PINNING = "sched_setaffinity"
#: Where systemd finds drop-ins, those for a whole type or prefix of units too.
_DROP_INS = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd")
#: Redis takes so many files for itself (CONFIG_MIN_RESERVED_FDS).
RESERVED_FILES = 32
#: Room above the resident memory that a limit must leave.
MEMORY_MARGIN = 1.1
_CPUSETS = frozenset(("AllowedCPUs", "AllowedMemoryNodes", "StartupAllowedCPUs", "StartupAllowedMemoryNodes"))
_IDENTITY = frozenset(
    """
    ExecStart ExecStartPre ExecStartPost ExecStop ExecReload Type PIDFile User Group SupplementaryGroups DynamicUser
    RootDirectory RootImage WorkingDirectory RuntimeDirectory StateDirectory PrivateNetwork NetworkNamespacePath
    IPAddressDeny ReadOnlyPaths InaccessiblePaths ProtectSystem BindPaths TemporaryFileSystem
    """.split()  # noqa: SIM905 - one word a line would fill a screen
)

_UNLIMITED = ("", "infinity", "infinity:infinity")
_SAVING = ("", "15", "2", "sigterm", "sigint", "term", "int")
#: With which values each does no harm, and what the others do.
_ENDING = {
    "WatchdogSec": (("", "0", "0s", "infinity"), "the server gives no signs of life, for which systemd would kill it"),
    "RuntimeMaxSec": (_UNLIMITED, "systemd would end the server when that time has passed"),
    "LimitCPU": (_UNLIMITED, "the kernel would kill the server when it has used that time"),
    "LimitRTTIME": (_UNLIMITED, "the kernel would kill the server when it has used that time"),
    "LimitFSIZE": (_UNLIMITED, "the kernel would kill the server when its log, AOF or dump has grown to that size"),
    "KillSignal": (_SAVING, "by another signal than SIGTERM and SIGINT the server ends before it has saved"),
    "RestartKillSignal": (_SAVING, "by another signal than SIGTERM and SIGINT the server ends before it has saved"),
}


def filtered_syscall(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """The server, or its BGSAVE child, dies of SIGSYS when its unit forbids sched_setaffinity: after READY=1, so that
    systemd calls the restart a success.
    """
    setting = planned.setting
    directive = directives.get(setting.key) if setting.kind == "redis" else None
    if directive is None or directive.type != "cpus" or not setting.value or may_pin(plan, host):
        return
    yield Hazard(
        "syscall_filter",
        setting.key,
        f"{host.instance.unit} forbids {PINNING} (SystemCallFilter=): the server would be killed by SIGSYS",
        "set {kind: systemd, key: CPUAffinity} and {kind: affinity, key: server} instead, or beside it "
        "{kind: systemd, key: SystemCallFilter, value: sched_setaffinity}",
    )


def may_pin(plan: Plan, host: Host) -> bool:
    """Whether the server may pin its threads and children, as the change leaves its unit."""
    name = host.instance.unit
    if name is None:
        return True
    wanted = plan.wanted("systemd", "SystemCallFilter", name)
    if wanted == "":  # takes away every line before it
        return True
    allowed = unit.syscall_allowed(name, PINNING)
    if wanted is None:
        return allowed
    # Added to a list of what is forbidden, a name without ~ is taken out of it.
    return (allowed and unit.allows(wanted, PINNING)) if wanted.startswith("~") else unit.allows(wanted, PINNING)


def filter_kills(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """A filter of calls that a server cannot live with: the first line of all decides whether names are let through."""
    setting = planned.setting
    if (setting.kind, setting.key, setting.unit) != ("systemd", "SystemCallFilter", host.instance.unit):
        return
    if not setting.value.startswith("~") and setting.value and not unit.filtered(host.instance.unit or ""):
        yield Hazard(
            "syscall_filter",
            f"{setting.key} of {setting.unit}",
            f"the unit has no filter yet: with this line it would be let make no calls but {setting.value}",
            "leave it out, or begin the list with ~ to forbid the calls that it names",
        )
    lists = [name for name in directives.CPU_LISTS if placement.after(plan, host, name)]
    if lists and not may_pin(plan, host):
        yield Hazard(
            "syscall_filter",
            f"{setting.key} of {setting.unit}",
            f"with it {PINNING} is forbidden, which {', '.join(lists)} needs: the server would be killed by SIGSYS",
            "leave the call out of the list, or take those directives away first",
        )


def changes_identity(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """What is started, as whom, and which files and networks it sees is no tuning."""
    setting = planned.setting
    if setting.kind == "systemd" and setting.unit == host.instance.unit and setting.key in _IDENTITY:
        yield Hazard(
            "moves_the_server",
            f"{setting.key} of {setting.unit}",
            "with it another server would start, or the same without its data, its files or its network",
            "change it by hand, outside of a measured change",
        )


def ends_the_server(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """In the middle of its work and unsaved, long after it has settled: what was written since then is in no file."""
    setting = planned.setting
    if setting.kind != "systemd" or setting.unit != host.instance.unit or setting.key not in _ENDING:
        return
    harmless, how = _ENDING[setting.key]
    if setting.value.lower() not in harmless:
        yield Hazard(
            "ends_the_server",
            f"{setting.key} of {setting.unit}",
            f"{how}: what was written since the last save would be lost",
            "leave it out; for CPU time, memory and a time to stop there are CPUQuota, MemoryMax and TimeoutStopSec",
        )


def overridden_dropin(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """Of several drop-ins the last one by name wins, or adds to ours, without a word."""
    setting = planned.setting
    if setting.kind != "systemd" or setting.unit is None:
        return
    own = os.path.basename(registry.provider("systemd").file(setting, host) or "")
    there = (path for place in _DROP_INS for path in glob.iglob(f"{place}/*/*.d/*.conf"))
    if not any(os.path.basename(path) > own for path in there):
        return  # as on most hosts: systemd need not be asked
    for path in systemd.show(setting.unit, ["DropInPaths"]).get("DropInPaths", "").split():
        if os.path.basename(path) > own and _sets(path, setting):
            yield Hazard(
                "dropin_overridden",
                f"{setting.key} of {setting.unit}",
                f"{path} comes after our {own} and sets it too",
                "take the key out of that file, or rename the file so that it comes before",
            )


def _sets(path: str, setting: Setting) -> bool:
    try:
        with open(path, "rb") as file:
            found = dropin.values(file.read(), setting.key)
    except OSError:
        return False
    if setting.key != "Environment" or "" in found:  # an empty line takes away every line before it
        return bool(found)
    # Lines of Environment= add up: only the same variable is overridden.
    return any(name in _names(text) for text in found for name in _names(setting.value))


def _names(text: str) -> set[str]:
    try:
        return set(dropin.environment(text))
    except BadInput:  # of somebody else's file, which systemd reads as it can
        return set()


def cpuset_stays(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """A cpuset that a unit never had cannot be taken away from it again without a trace."""
    setting = planned.setting
    if setting.kind != "systemd" or setting.key not in _CPUSETS or setting.unit is None:
        return
    if not systemd.show(setting.unit, [setting.key]).get(setting.key, "").strip():
        yield Hazard(
            "cpuset_stays",
            f"{setting.key} of {setting.unit}",
            "taking it away leaves the live cpuset narrowed, and turning the cpuset controller on gives the threads of "
            "every other service all CPUs back",
            "pin with CPUAffinity and kind affinity instead; or give the unit its full list by hand first (systemctl "
            "set-property): a rollback then goes back to that list",
        )


def memory_limit_below_used(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """systemd gives a running unit its new limits at the next daemon-reload: the kernel kills what is above them."""
    setting = planned.setting
    if setting.kind != "systemd" or setting.unit != host.instance.unit or setting.key not in dropin.MEMORY_LIMITS:
        return
    used = int(psutil.Process(host.instance.pid).memory_info().rss)
    limit = dropin.size(setting.value, int(psutil.virtual_memory().total))
    if limit is not None and limit < used * MEMORY_MARGIN:
        yield Hazard(
            "memory_limit_below_used",
            f"{setting.key} of {setting.unit}",
            f"the server has {used} bytes resident and the limit would be {limit}: the kernel would kill it, or hold "
            "it up with reclaim",
            f"choose at least {int(used * MEMORY_MARGIN) + 1} bytes, and room for a fork beside that",
        )


def too_few_files(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """With too few files a server starts with fewer clients than it is told, and says so in its log alone."""
    setting = planned.setting
    if setting.kind != "systemd" or setting.unit != host.instance.unit or setting.key != "LimitNOFILE":
        return
    clients = int(plan.wanted("redis", "maxclients") or host.client.config_get("maxclients").get("maxclients") or 0)
    limit = setting.value.rpartition(":")[2]  # the server raises its own soft limit
    if limit.isdigit() and int(limit) < clients + RESERVED_FILES:
        yield Hazard(
            "too_few_files",
            f"{setting.key} of {setting.unit}",
            f"the server would silently lower its maxclients of {clients} to {max(0, int(limit) - RESERVED_FILES)}",
            f"choose at least {clients + RESERVED_FILES}, or a smaller maxclients first",
        )
