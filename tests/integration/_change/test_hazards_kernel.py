# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of kernel parameters, beside a real server: on a tree of their own, since some could not be taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.hazards import preflight
from ansible_collections.lowlat.redis.plugins.module_utils._change.plan import build, parse
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address
from ansible_collections.lowlat.redis.plugins.module_utils._server.instance import discover
from ansible_collections.lowlat.redis.plugins.module_utils._settings.setting import Host

Make = Callable[..., Any]
MEMINFO = "MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\nHugepagesize: 2048 kB\n"
NOW = {
    "proc/sys/vm/dirty_bytes": "0",
    "proc/sys/vm/dirty_ratio": "20",
    "proc/sys/vm/dirty_background_bytes": "0",
    "proc/sys/vm/dirty_background_ratio": "10",
    "proc/sys/vm/drop_caches": "0",
    "proc/sys/vm/overcommit_memory": "0",
    "proc/sys/vm/min_free_kbytes": "67584",
    "proc/sys/vm/nr_hugepages": "0",
    "proc/sys/vm/swappiness": "60",
    "proc/sys/kernel/modules_disabled": "0",
    "proc/sys/kernel/yama/ptrace_scope": "1",
    "proc/sys/net/ipv4/ip_forward": "1",
    "proc/sys/net/ipv6/conf/eth0/disable_ipv6": "0",
    "sys/power/state": "freeze mem disk",
    "sys/devices/system/cpu/cpu3/online": "1",
    "sys/kernel/mm/ksm/run": "0",
}


@pytest.fixture
def ask(changer: Make, tmp_path: Path) -> Callable[..., list[str]]:
    """The ids of what stands against one setting, on a tree with ``NOW`` and what else is given."""

    def ids(kind: str, key: str, value: object, **more: str) -> list[str]:
        client = changer().server.client()
        for name, text in {"proc/meminfo": MEMINFO, **NOW, **more}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        host = Host(client, Address(), discover(client, ""), root=str(tmp_path))
        plan = build(parse([{"kind": kind, "key": key, "value": value}]), host)
        hazards = preflight(plan, host, "refuse")
        assert all(key in hazard.setting and hazard.reason and hazard.remedy for hazard in hazards)
        return [hazard.id for hazard in hazards]

    return ids


@pytest.mark.parametrize("key", ["vm.dirty_bytes", "vm.dirty_ratio", "vm.dirty_background_bytes"])
def test_a_sysctl_that_would_zero_another(ask: Callable[..., list[str]], key: str) -> None:
    """Writing one of the pair sets the other to 0; the kernel takes no 0 that would undo it."""
    now = {"proc/sys/vm/dirty_bytes": "1048576", "proc/sys/vm/dirty_ratio": "0"} if key == "vm.dirty_ratio" else {}
    assert ask("sysctl", key, 65536, **now) == ["paired_sysctl"]
    # The one of the pair that is in effect already takes nothing from the other.
    assert ask("sysctl", "vm.dirty_background_ratio", 5) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kernel.modules_disabled", 1),
        ("kernel.yama.ptrace_scope", 3),
        ("vm.drop_caches", 3),
        ("net.ipv4.ip_forward", 0),
        ("net.ipv6.conf.eth0.disable_ipv6", 1),
    ],
)
def test_a_sysctl_that_nothing_takes_back(ask: Callable[..., list[str]], key: str, value: int) -> None:
    assert ask("sysctl", key, value) == ["one_way_sysctl"]


def test_a_kernel_that_would_let_nobody_fork(ask: Callable[..., list[str]]) -> None:
    assert ask("sysctl", "vm.overcommit_memory", 2) == ["no_overcommit"]


@pytest.mark.parametrize(("key", "value"), [("vm.min_free_kbytes", 3_000_000), ("vm.nr_hugepages", 1500)])
def test_a_kernel_that_would_keep_the_memory_for_itself(ask: Callable[..., list[str]], key: str, value: int) -> None:
    assert ask("sysctl", key, value) == ["takes_the_memory"]


@pytest.mark.parametrize(("key", "value"), [("power/state", "mem"), ("devices/system/cpu/cpu3/online", "0")])
def test_a_host_that_would_sleep_or_lose_a_cpu(ask: Callable[..., list[str]], key: str, value: str) -> None:
    assert ask("sysfs", key, value) == ["stops_the_host"]


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("sysctl", "vm.overcommit_memory", 1),
        ("sysctl", "vm.min_free_kbytes", 135_168),
        ("sysctl", "vm.nr_hugepages", 100),
        ("sysctl", "vm.swappiness", 1),
        ("sysctl", "kernel.modules_disabled", 0),
        ("sysctl", "net.ipv4.ip_forward", 1),
        ("sysctl", "kernel.yama.ptrace_scope", 2),
        ("sysfs", "devices/system/cpu/cpu3/online", "1"),
        ("sysfs", "kernel/mm/ksm/run", "1"),
    ],
)
def test_what_does_no_harm(ask: Callable[..., list[str]], kind: str, key: str, value: object) -> None:
    assert ask(kind, key, value) == []
