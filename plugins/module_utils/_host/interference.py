# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counters of what else goes on at a CPU: read twice, their difference is what happened between.

Each raises OSError where the file is not there, and Uncounted where it is but does not tell.
"""

from __future__ import annotations

import os
import re

_STEAL = 8


class Uncounted(Exception):
    """The kernel has the file, but not this figure in it."""


def _read(root: str, path: str) -> bytes:
    with open(os.path.join(root, path), "rb") as file:
        return file.read()


def migrations(pid: int | str, root: str = "/") -> int:
    """How often the main thread of ``pid`` was moved to another CPU."""
    match = re.search(rb"^(?:se\.)?nr_migrations\s*:\s*(\d+)", _read(root, f"proc/{pid}/sched"), re.MULTILINE)
    if match is None:
        raise Uncounted("the kernel counts no migrations")
    return int(match.group(1))


def stolen_seconds(cpu: int, root: str = "/") -> float:
    """How long a hypervisor ran somebody else in place of this CPU; in steps of a clock tick."""
    match = re.search(rb"^cpu%d ((?:\d+ ?)+)$" % cpu, _read(root, "proc/stat"), re.MULTILINE)
    fields = match.group(1).split() if match else []
    if len(fields) < _STEAL:
        raise Uncounted(f"/proc/stat does not count steal for CPU {cpu}")
    return int(fields[_STEAL - 1]) / os.sysconf("SC_CLK_TCK")


def pressure_seconds(root: str = "/") -> float:
    """How long some task anywhere waited for a CPU."""
    match = re.search(rb"^some .*total=(\d+)", _read(root, "proc/pressure/cpu"), re.MULTILINE)
    if match is None:
        raise Uncounted("pressure is not counted")
    return int(match.group(1)) / 1e6


def interrupts(cpu: int, root: str = "/") -> int:
    """How many interrupts this CPU took, its own timer's among them."""
    lines = _read(root, "proc/interrupts").splitlines()
    heads = lines[0].split() if lines else []
    if b"CPU%d" % cpu not in heads:
        raise Uncounted(f"/proc/interrupts has no column for CPU {cpu}")
    column = heads.index(b"CPU%d" % cpu) + 1
    total = 0
    for line in lines[1:]:
        # Some lines at the end (ERR, MIS) are of all CPUs together.
        fields = line.split(None, len(heads) + 1)
        if len(fields) > len(heads) and fields[column].isdigit():
            total += int(fields[column])
    return total


def frequency(cpu: int, root: str = "/") -> tuple[float, str]:
    """The CPU's clock in MHz as the kernel sees it now, and its governor."""
    base = f"sys/devices/system/cpu/cpu{cpu}/cpufreq"
    mhz = int(_read(root, f"{base}/scaling_cur_freq")) / 1000
    return mhz, _read(root, f"{base}/scaling_governor").decode("ascii", "replace").strip()
