# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of kernel parameters: those that take something from another one, that no rollback undoes, or that stop it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._errors import BadInput
from .._settings import registry
from .._settings.setting import Host, Setting
from .guard import Hazard
from .plan import Plan, PlannedSetting

#: Two names of one limit: the kernel sets the one to 0 when the other is written, and takes no 0 for it in return.
_PAIRS = (("vm.dirty_bytes", "vm.dirty_ratio"), ("vm.dirty_background_bytes", "vm.dirty_background_ratio"))
_OTHER = {**dict(_PAIRS), **{there: here for here, there in _PAIRS}}

_UNTIL_BOOT = "the kernel lets nobody set it back before the next boot"
_A_DEED = "it is no value but a deed, which cannot be undone"
#: What no writing back undoes: names, the value that is meant (None: any), and the reason.
_ONE_WAY = (
    (r"kernel\.(modules_disabled|kexec_load_disabled|unprivileged_bpf_disabled)", "1", _UNTIL_BOOT),
    (r"kernel\.yama\.ptrace_scope", "3", _UNTIL_BOOT),
    (r"vm\.(drop_caches|compact_memory)", None, _A_DEED),
    (
        r"net\.ipv4\.(ip_forward|conf\.all\.forwarding)|net\.ipv6\.conf\.all\.forwarding",
        None,
        "writing it sets those of every interface to defaults, which a rollback does not know",
    ),
    (
        r"net\.ipv6\.conf\..*\.disable_ipv6",
        "1",
        "interfaces lose their addresses, which do not come back with it",
    ),
)
_STOPS = re.compile(
    r"power/(state|disk|autosleep|mem_sleep)|devices/system/(cpu/cpu\d+|memory/memory\d+)/(online|state)"
)
#: What the kernel takes for itself, in so many bytes each; pages of its own size at 0.
_RESERVED = {"vm.min_free_kbytes": 1024, "vm.nr_hugepages": 0, "vm.nr_hugepages_mempolicy": 0}


def one_way_sysctl(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """What cannot be taken back live is no part of a change that promises to come back."""
    setting = planned.setting
    if setting.kind != "sysctl" or not planned.live:
        return
    for pattern, value, reason in _ONE_WAY:
        if re.fullmatch(pattern, setting.key) and value in (None, setting.value):
            yield Hazard("one_way_sysctl", setting.key, reason, "set it by hand, outside of a measured change")


def takes_the_memory(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """What the kernel keeps for itself nobody else gets: it takes it at once, and kills the largest for it."""
    setting = planned.setting
    if setting.kind != "sysctl" or setting.key not in _RESERVED or not planned.live or planned.before is None:
        return
    facts = _meminfo(host)
    each = _RESERVED[setting.key] or facts.get("Hugepagesize", 0)
    more, free = (int(setting.value) - int(planned.before.live)) * each, facts["MemAvailable"]
    if more > free // 2:
        yield Hazard(
            "takes_the_memory",
            setting.key,
            f"the kernel would take {more} bytes more, and {free} are available: it may kill the server for them",
            "choose a smaller value, and watch what is left",
        )


def _meminfo(host: Host) -> dict[str, int]:
    """Of /proc/meminfo, in bytes."""
    with open(host.path("/proc/meminfo"), encoding="ascii") as file:
        lines = (line.split() for line in file)
        return {words[0].rstrip(":"): int(words[1]) << 10 for words in lines if len(words) > 1}


def no_overcommit(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """Without overcommitting the fork of a BGSAVE needs the whole memory once more: it fails, and writes with it."""
    setting = planned.setting
    if (setting.kind, setting.key, setting.value) == ("sysctl", "vm.overcommit_memory", "2") and planned.live:
        yield Hazard(
            "no_overcommit",
            setting.key,
            "the server could no longer fork for BGSAVE, AOF rewrites and replicas, and after a failed BGSAVE it "
            "refuses writes (MISCONF)",
            "choose 1",
        )


def stops_the_host(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """A host that sleeps confirms nothing, and a CPU that was offline comes back without the pins that it had."""
    setting = planned.setting
    if setting.kind == "sysfs" and planned.live and _STOPS.fullmatch(setting.key):
        yield Hazard(
            "stops_the_host",
            setting.key,
            "it puts the host to sleep, or takes a CPU or memory away together with every pin to it, which do not come "
            "back with it",
            "do that by hand, outside of a measured change",
        )


def paired_sysctl(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """The one that is in effect can be changed and put back; the other cannot."""
    setting = planned.setting
    other = _OTHER.get(setting.key) if setting.kind == "sysctl" and planned.live else None
    if other is None:
        return
    try:
        held = registry.provider("sysctl").read(Setting("sysctl", other, ""), host).live
    except BadInput:
        return
    if held != "0":
        yield Hazard(
            "paired_sysctl",
            setting.key,
            f"writing it sets {other}, which is {held} now, to 0, and a rollback could not bring that back",
            f"set {other} instead, or change the pair by hand",
        )
