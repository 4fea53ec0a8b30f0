# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of the allocator's environment variable: who reads it, what it may say, and what has the last word."""

from __future__ import annotations

from collections.abc import Iterator

from .._server import allocator
from .._settings import dropin
from .._settings.setting import Host
from .guard import Hazard
from .guards_systemd import PINNING, may_pin
from .plan import Plan, PlannedSetting

#: Options of jemalloc that tune it and do nothing else; debugging and profiling ones abort, fill or log.
_ALLOWED = frozenset(
    """
    narenas percpu_arena background_thread max_background_threads dirty_decay_ms muzzy_decay_ms retain thp metadata_thp
    tcache tcache_max lg_tcache_max tcache_nslots_small_min tcache_nslots_small_max tcache_nslots_large
    lg_tcache_nslots_mul tcache_gc_incr_bytes oversize_threshold lg_extent_max_active_fit mutex_max_spin
    cache_oblivious trust_madvise dss
    """.split()  # noqa: SIM905 - one word a line would fill a screen
)
#: The background threads pin themselves with an arena for each CPU.
_PINNING_OPTIONS = {"percpu_arena": ("disabled",), "background_thread": ("false",)}


def allocator_environment(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """jemalloc reads one variable only, ignores what it does not know, and some options need a forbidden call."""
    setting = planned.setting
    if (setting.kind, setting.key) != ("systemd", "Environment") or setting.unit != host.instance.unit:
        return
    variables = dropin.environment(setting.value)
    for name in allocator.VARIABLES:
        if name in variables:
            yield from _wrong_variable(name, host)
            yield from _options(name, variables[name], plan, host)


def _wrong_variable(name: str, host: Host) -> Iterator[Hazard]:
    found = allocator.describe(host.instance, host.client)
    if name != found.variable:
        yield Hazard(
            "allocator_variable",
            name,
            f"this server's {found.name} reads {found.variable or 'no such variable'} and ignores {name}",
            f"write {found.variable}=..." if found.variable else "leave it out",
        )


def _options(name: str, text: str, plan: Plan, host: Host) -> Iterator[Hazard]:
    options = allocator.parse_options(text)
    unknown = sorted(set(options) - _ALLOWED)
    if unknown:
        yield Hazard(
            "allocator_option",
            name,
            f"{', '.join(unknown)} is not known to be safe: what it does not know jemalloc ignores",
            f"choose from {', '.join(sorted(_ALLOWED))}",
        )
    pinning = [
        option for option, harmless in _PINNING_OPTIONS.items() if options.get(option, harmless[0]) not in harmless
    ]
    if pinning and not may_pin(plan, host):
        yield Hazard(
            "syscall_filter",
            name,
            f"{host.instance.unit} forbids {PINNING}, which {' and '.join(pinning)} needs: the server would be killed "
            "by SIGSYS",
            "use the directive jemalloc-bg-thread instead, or leave the option out",
        )
    if "background_thread" in options and host.client.config_get("jemalloc-bg-thread"):
        yield Hazard(
            "allocator_overridden",
            name,
            "the directive jemalloc-bg-thread has the last word over background_thread",
            "set {kind: redis, key: jemalloc-bg-thread} instead",
        )
