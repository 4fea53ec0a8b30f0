# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._host import interference
from ansible_collections.lowlat.redis.plugins.module_utils._host.interference import Uncounted
from ansible_collections.lowlat.redis.plugins.module_utils._host.throttling import statistics_of, throttled_seconds

STAT = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 2 3 4 5 6 7 8 0 0\ncpu1 1 2 3 4 5 6 7 250 0 0\nintr 5\n"
INTERRUPTS = """           CPU0       CPU2
  1:         10         20   IO-APIC   1-edge      i8042
LOC:        100        200   Local timer interrupts
ERR:          7
"""


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    ("path", "text", "read", "value"),
    [
        ("proc/7/sched", "se.nr_migrations        :   42\n", lambda r: interference.migrations(7, r), 42),
        ("proc/7/sched", "nr_switches : 3\nnr_migrations : 5\n", lambda r: interference.migrations(7, r), 5),
        ("proc/stat", STAT, lambda r: interference.stolen_seconds(1, r), 250 / os.sysconf("SC_CLK_TCK")),
        ("proc/pressure/cpu", "some avg10=0.00 total=1500000\nfull total=9\n", interference.pressure_seconds, 1.5),
        ("proc/interrupts", INTERRUPTS, lambda r: interference.interrupts(2, r), 220),
        ("proc/interrupts", INTERRUPTS, lambda r: interference.interrupts(0, r), 110),
    ],
)
def test_counters(tmp_path: Path, path: str, text: str, read: Callable[[str], Any], value: float) -> None:
    with pytest.raises(FileNotFoundError):
        read(str(tmp_path))
    write(tmp_path, path, text)
    assert read(str(tmp_path)) == value


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("proc/7/sched", lambda r: interference.migrations(7, r)),
        ("proc/stat", lambda r: interference.stolen_seconds(1, r)),
        ("proc/pressure/cpu", interference.pressure_seconds),
        ("proc/interrupts", lambda r: interference.interrupts(1, r)),
    ],
)
@pytest.mark.parametrize("text", ["", "cpu1 1 2 3\n", "CPU0\n"])
def test_files_without_the_figure(tmp_path: Path, path: str, read: Callable[[str], Any], text: str) -> None:
    write(tmp_path, path, text)
    with pytest.raises(Uncounted):
        read(str(tmp_path))


def test_frequency(tmp_path: Path) -> None:
    base = "sys/devices/system/cpu/cpu3/cpufreq"
    write(tmp_path, f"{base}/scaling_cur_freq", "3600500\n")
    write(tmp_path, f"{base}/scaling_governor", "performance\n")
    assert interference.frequency(3, str(tmp_path)) == (3600.5, "performance")


def throttled(root: Path) -> float:
    return throttled_seconds(statistics_of(7, str(root)))


def test_the_quota_of_a_group_above_counts_too(tmp_path: Path) -> None:
    write(tmp_path, "proc/7/cgroup", "0::/system.slice/redis.service\n")
    write(tmp_path, "sys/fs/cgroup/cpu.stat", "usage_usec 5\n")
    write(tmp_path, "sys/fs/cgroup/system.slice/cpu.stat", "usage_usec 5\nnr_throttled 3\nthrottled_usec 2500000\n")
    write(tmp_path, "sys/fs/cgroup/system.slice/redis.service/cpu.stat", "throttled_usec 10\n")
    assert throttled(tmp_path) == 2.5


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_version_1_counts_nanoseconds_under_either_name(tmp_path: Path, mount: str) -> None:
    write(tmp_path, "proc/7/cgroup", "4:memory:/a\n3:cpu,cpuacct:/a\n0::/\n")
    write(tmp_path, f"sys/fs/cgroup/{mount}/a/cpu.stat", "nr_periods 4\nthrottled_time 1500000000\n")
    write(tmp_path, "sys/fs/cgroup/memory/a/cpu.stat", "throttled_time 9000000000\n")
    assert throttled(tmp_path) == 1.5


def test_without_the_controller_there_is_nothing_to_read(tmp_path: Path) -> None:
    write(tmp_path, "proc/7/cgroup", "4:memory:/a\n")
    assert statistics_of(7, str(tmp_path)) == []
