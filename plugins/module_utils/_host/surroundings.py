# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process has from whoever started it: its environment, umask, resource limits, niceness and scheduling.

Its cgroup is none of it: systemd removes one that has become empty.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import environment

#: Limits by the words of /proc/PID/limits, which anybody may read that may read the rest; prlimit wants more.
_LIMITS = {
    "Max cpu time": "CPU",
    "Max file size": "FSIZE",
    "Max data size": "DATA",
    "Max stack size": "STACK",
    "Max core file size": "CORE",
    "Max resident set": "RSS",
    "Max processes": "NPROC",
    "Max open files": "NOFILE",
    "Max locked memory": "MEMLOCK",
    "Max address space": "AS",
    "Max pending signals": "SIGPENDING",
    "Max msgqueue size": "MSGQUEUE",
    "Max nice priority": "NICE",
    "Max realtime priority": "RTPRIO",
    "Max realtime timeout": "RTTIME",
}
_WIDTH = 26
#: A flag beside the policy: a fork on the way to the server would lose the priority.
_RESET_ON_FORK = 0x40000000


def of(pid: int) -> dict[str, Any]:
    """JSON-ready, and as secret as the environment may be. OSError where there is no such process.

    What the C library does not tell (some know no scheduling policies) is not there.
    """
    found: dict[str, Any] = {"environment": environment.of(pid), "umask": _umask(pid), "limits": dict(_limits(pid))}
    with contextlib.suppress(OSError):
        found["nice"] = os.getpriority(os.PRIO_PROCESS, pid)
    with contextlib.suppress(OSError):
        policy = os.sched_getscheduler(pid) & ~_RESET_ON_FORK
        found["scheduler"] = [policy, os.sched_getparam(pid).sched_priority]
    return found


def take_on(facts: Mapping[str, Any]) -> None:
    """Make them this process' own, as far as it may: for a child that is about to become the server.

    Before it becomes another user. Facts that are not there (journals of old) are left as they are.
    """
    for name, (soft, hard) in facts.get("limits", {}).items():
        _limit(getattr(resource, f"RLIMIT_{name}"), soft, hard)
    if facts.get("nice") is not None:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, facts["nice"])
    if facts.get("scheduler"):
        policy, priority = facts["scheduler"]
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, policy, os.sched_param(priority))
    if facts.get("umask") is not None:
        os.umask(facts["umask"])


def _umask(pid: int) -> int | None:
    """None where the kernel (before 4.7) does not tell."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        return next((int(line.split()[1], 8) for line in file if line.startswith("Umask:")), None)


def _limits(pid: int) -> Iterator[tuple[str, list[int]]]:
    for line in Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines():
        name, words = _LIMITS.get(line[:_WIDTH].strip()), line[_WIDTH:].split()
        if name and hasattr(resource, f"RLIMIT_{name}"):
            yield name, [resource.RLIM_INFINITY if word == "unlimited" else int(word) for word in words[:2]]


def _limit(which: int, soft: int, hard: int) -> None:
    """Who may not have it higher gets as near as it can."""
    try:
        resource.setrlimit(which, (soft, hard))
    except (OSError, ValueError):
        _own_soft, own = resource.getrlimit(which)
        within = [limit for limit in (soft, own) if limit != resource.RLIM_INFINITY]
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(which, (min(within, default=resource.RLIM_INFINITY), own))
