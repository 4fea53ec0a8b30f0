# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which CPUs there are, and which of them a process may use."""

from __future__ import annotations

import os
from collections.abc import Iterable

from .._errors import BadInput
from .cpu_list import format_cpu_list, parse_cpu_list
from .threads import affinities

__all__ = ["allowed", "check_usable", "choose", "format_cpu_list", "online", "parse_cpu_list", "resolve"]


def _kernel_list(path: str) -> frozenset[int] | None:
    try:
        with open(path, encoding="ascii") as file:
            text = file.read().strip()
    except OSError:
        return None
    return parse_cpu_list(text) if text else None


def online(root: str = "/") -> frozenset[int]:
    """The CPUs that run now."""
    found = _kernel_list(os.path.join(root, "sys/devices/system/cpu/online"))
    return found or frozenset(os.sched_getaffinity(0))


def allowed(pid: int, root: str = "/") -> frozenset[int]:
    """The online CPUs that the cpuset of ``pid`` leaves open to it, whatever its present affinity is."""
    here = online(root)
    try:
        with open(os.path.join(root, f"proc/{pid}/cgroup"), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return here
    unified = ""
    for line in lines:
        _number, controllers, path = line.split(":", 2)
        if "cpuset" in controllers.split(","):
            found = _kernel_list(os.path.join(root, "sys/fs/cgroup/cpuset", path.strip("/"), "cpuset.effective_cpus"))
            return (found or here) & here
        if not controllers:
            unified = path.strip("/")
    # Without the controller in this very group, the nearest group above it that has one decides.
    while True:
        found = _kernel_list(os.path.join(root, "sys/fs/cgroup", unified, "cpuset.cpus.effective"))
        if found:
            return found & here
        if not unified:
            return here
        unified = os.path.dirname(unified)


def check_usable(cpus: Iterable[int], pid: int, root: str = "/") -> None:
    """BadInput unless every CPU is online and open to ``pid``. Its caller knows where that was asked for."""
    here = online(root)
    may = allowed(pid, root)
    present = _kernel_list(os.path.join(root, "sys/devices/system/cpu/present")) or here
    for cpu in sorted(cpus):
        if cpu not in here:
            state = "is offline" if cpu in present else "does not exist here"
            raise BadInput(
                f"CPU {cpu} {state}",
                why=f"online CPUs are {format_cpu_list(here)}",
                remedy="Choose one of them, or auto",
            )
        if cpu not in may:
            raise BadInput(
                f"CPU {cpu} is not open to process {pid}",
                why=f"its cpuset allows {format_cpu_list(may)}",
                remedy="Choose one of them, or widen AllowedCPUs= of its unit",
            )


def choose(pid: int, root: str = "/") -> int:
    """The CPU that "auto" means for the server ``pid``.

    A server that is pinned to one CPU already keeps it, so that a second run finds nothing to do. Otherwise the
    highest usable one: CPU 0 takes most interrupts and is used only where there is no other.
    """
    may = allowed(pid, root)
    pinned = set(affinities(pid, root).values())
    if len(pinned) == 1:
        only = next(iter(pinned))
        if len(only) == 1 and only <= may:
            return next(iter(only))
    return max(may)


def resolve(text: str, pid: int, root: str = "/") -> str:
    """A canonical list of CPUs that ``pid`` can use, from a list or ``auto``. BadInput otherwise."""
    if text.strip() == "auto":
        return str(choose(pid, root))
    wanted = parse_cpu_list(text)
    check_usable(wanted, pid, root)
    return format_cpu_list(wanted)
