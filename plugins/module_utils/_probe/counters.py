# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's counters under the ledger: files are opened once and read where they stand."""

from __future__ import annotations

import functools
import glob
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_CPUCLOCK_SCHED = 2
# Field of a CPU's line in /proc/schedstat: how long tasks ran there, in nanoseconds.
_RUN_TIME = 7
# The same by CPU, of all that is in a control group of version 1. Only the first of all, which has everything, has also
# the other file: in a container there may stand the container's own.
_GROUP_USAGE, _OF_ALL = "cpuacct.usage_percpu", "release_agent"


@dataclass(frozen=True)
class Source:
    """``total`` makes nanoseconds of what was read from ``fds``, at most ``size`` bytes of each.

    They are of ``kind`` idle (the CPU did nothing), busy (it ran anybody) or foreign (the two parties waited for it).
    """

    kind: str
    fds: tuple[int, ...]
    size: int
    total: Callable[[Sequence[bytes]], int]


def cpu_clock(
    pid: int, main_alone: bool, descriptors: list[int], root: str = "/"
) -> tuple[Callable[[], int] | None, str]:
    """A function that gives the CPU time of a process in nanoseconds, or why there is none.

    The sum over all its threads, or its main thread's. Whatever is opened goes to ``descriptors``.
    """
    if not main_alone:
        # What clock_getcpuclockid(3) returns: one call for all threads, and no file.
        clock = functools.partial(time.clock_gettime_ns, (~pid << 3) | _CPUCLOCK_SCHED)
        try:
            clock()
            return clock, ""
        except OSError:
            pass
    path = os.path.join(root, f"proc/{pid}/schedstat")
    try:
        fd = _open(path, descriptors)
    except OSError as error:
        return None, f"{path}: {error.strerror}"
    return lambda: int(os.pread(fd, 64, 0).split(None, 1)[0]), ""


def idle_or_busy(cpu: int, descriptors: list[int], root: str = "/") -> tuple[Source | None, str]:
    """How long the CPU was idle, or busy; or why that cannot be known."""
    states = sorted(glob.glob(os.path.join(root, f"sys/devices/system/cpu/cpu{cpu}/cpuidle/state*/time")))
    try:
        if states:
            # Preferred: its cost does not grow with the number of CPUs.
            return Source("idle", tuple(_open(path, descriptors) for path in states), 24, _microseconds), ""
        usage = _usage_of_all(root)
        if usage:
            fd = _open(usage, descriptors)
            return Source("busy", (fd,), 1 << 14, lambda texts: int(texts[0].split()[cpu])), ""
        fd = _open(os.path.join(root, "proc/schedstat"), descriptors)
    except OSError as error:
        return None, f"no cpuidle states of CPU {cpu}, and {error.filename}: {error.strerror}"
    wanted = b"cpu%d" % cpu

    def run_time(texts: Sequence[bytes]) -> int:
        for line in texts[0].splitlines():
            fields = line.split()
            if fields[:1] == [wanted]:
                return int(fields[_RUN_TIME])
        return 0

    whole = os.pread(fd, 1 << 20, 0)
    if not run_time([whole]):
        return None, f"no cpuidle states of CPU {cpu}, and /proc/schedstat does not count it"
    # Its numbers grow; room for far more than they can would be paid for in every read, before a byte is there.
    return Source("busy", (fd,), 2 * len(whole), run_time), ""


def run_delays(pid: int, descriptors: list[int], root: str = "/") -> tuple[Source | None, str]:
    """How long this process and the main thread of that one waited for a CPU; or why that cannot be known."""
    paths = [os.path.join(root, f"proc/{who}/schedstat") for who in ("self", pid)]
    try:
        fds = tuple(_open(path, descriptors) for path in paths)
        texts = [os.pread(fd, 64, 0) for fd in fds]
    except OSError as error:
        return None, f"{error.filename or 'schedstat'}: {error.strerror}"
    if texts[0].split()[:1] in ([], [b"0"]):
        return None, f"{paths[0]} counts nothing: task statistics are switched off"
    return Source("foreign", fds, 64, _delays), ""


def _usage_of_all(root: str) -> str:
    """The file with the time of all processes by CPU, empty where there is none."""
    for path in sorted(glob.glob(os.path.join(root, "sys/fs/cgroup/*cpuacct*", _GROUP_USAGE))):
        if os.path.exists(os.path.join(os.path.dirname(path), _OF_ALL)):
            return path
    return ""


def _open(path: str, descriptors: list[int]) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    descriptors.append(fd)
    return fd


def _microseconds(texts: Sequence[bytes]) -> int:
    return sum(map(int, texts)) * 1000


def _delays(texts: Sequence[bytes]) -> int:
    return sum(int(text.split()[1]) for text in texts)
