# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CPU affinity of every thread of a process."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable

from .._errors import ChangeError
from .cpu_list import parse_cpu_list

# A process that starts threads faster than this many passes can follow is not a Redis server.
_PASSES = 50


def tasks(pid: int, root: str = "/") -> list[int]:
    """The thread ids of ``pid``, oldest first. ChangeError if the process is gone."""
    try:
        return sorted(int(name) for name in os.listdir(os.path.join(root, f"proc/{pid}/task")))
    except OSError as error:
        raise ChangeError(f"Cannot list the threads of process {pid}", why=error.strerror or str(error)) from error


def names(pid: int, root: str = "/") -> dict[int, str]:
    """Thread id to a name that the same thread has after a restart: ``bio_aof_fsync``, ``jemalloc_bg_thd#2``."""
    found: dict[int, str] = {}
    seen: dict[str, int] = {}
    for tid in tasks(pid, root):
        try:
            with open(os.path.join(root, f"proc/{pid}/task/{tid}/comm"), encoding="utf-8", errors="replace") as file:
                name = file.read().rstrip("\n")
        except OSError:
            continue
        seen[name] = seen.get(name, 0) + 1
        found[tid] = name if seen[name] == 1 else f"{name}#{seen[name]}"
    return found


def affinities(pid: int, root: str = "/") -> dict[int, frozenset[int]]:
    """Thread id to the CPUs that the kernel lets it run on. Threads that end meanwhile are left out."""
    found: dict[int, frozenset[int]] = {}
    for tid in tasks(pid, root):
        try:
            with open(os.path.join(root, f"proc/{pid}/task/{tid}/status"), encoding="utf-8", errors="replace") as file:
                for line in file:
                    if line.startswith("Cpus_allowed_list:"):
                        found[tid] = parse_cpu_list(line.split(":", 1)[1].strip())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def affinity_of(tid: int, root: str = "/") -> frozenset[int] | None:
    """The CPUs of one thread, the main one of a process for its pid; None where it is gone."""
    try:
        with open(os.path.join(root, f"proc/{tid}/status"), encoding="utf-8", errors="replace") as file:
            found = [line.split(":", 1)[1].strip() for line in file if line.startswith("Cpus_allowed_list:")]
    except OSError:
        return None
    return parse_cpu_list(found[0]) if found else None


def set_affinity(pid: int, cpus: Iterable[int]) -> None:
    """Pin all threads of ``pid``, those too that are born during the call. ChangeError with the reason."""
    wanted = frozenset(cpus)
    done: set[int] = set()
    for _pass in range(_PASSES):
        fresh = [tid for tid in tasks(pid) if tid not in done]
        if not fresh:
            return
        for tid in fresh:
            pin_thread(tid, wanted)
            done.add(tid)
    raise ChangeError(f"Process {pid} starts threads faster than they can be pinned")


def pin_thread(tid: int, cpus: frozenset[int]) -> None:
    """Pin one thread; one that has ended needs no pin."""
    try:
        os.sched_setaffinity(tid, cpus)
    except ProcessLookupError:
        return
    except OSError as error:
        why = "none of these CPUs is open to it" if error.errno == errno.EINVAL else error.strerror or str(error)
        raise ChangeError(f"Cannot pin thread {tid} to the CPUs {sorted(cpus)}", why=why) from error
