# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which CPU the probe runs, seen from where the server runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .._errors import BadInput
from .._host.cpus import allowed, check_usable, format_cpu_list, online
from .._host.threads import affinities, names

_MOST_DIGITS = 9


@dataclass(frozen=True)
class Placement:
    """``server`` are the CPUs that its main thread may use; ``same`` is true where that is the probe's CPU alone."""

    requested: str
    probe: int
    server: list[int]
    warnings: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        return self.server == [self.probe]

    def to_dict(self) -> dict[str, object]:
        """As ``cpu`` of a measurement."""
        return {"requested": self.requested, "probe": self.probe, "server": self.server, "same": self.same}


def last_cpu(pid: int) -> int:
    """The CPU that the process last ran on."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        # The name before the last bracket may contain anything; the CPU is the 39th field of all.
        return int(file.read().rpartition(b")")[2].split()[36])


def place(requested: str, pid: int, last: Callable[[int], int] = last_cpu) -> Placement:
    """The CPU for same, auto or a number. BadInput where there is no such CPU for the probe."""
    own = os.getpid()
    # Its other threads may sit elsewhere on purpose: the main thread is the one that answers.
    server = sorted(affinities(pid)[pid] & online())
    if requested == "same":
        if len(server) == 1:
            cpu, warnings = server[0], []
        else:
            cpu = last(pid)
            warnings = [_unpinned(server, cpu)]
        _refuse_unusable(cpu, own)
        return Placement(requested, cpu, server, warnings)
    if requested == "auto":
        return _elsewhere(requested, pid, server, last)
    if not (requested.isascii() and requested.isdigit() and len(requested) <= _MOST_DIGITS):
        raise BadInput(
            f"cpu is {requested[:80]!r}",
            where="cpu",
            why="the probe sits on one CPU",
            remedy="Give same, auto or the number of a CPU",
        )
    _refuse_unusable(int(requested), own)
    warnings = [] if server == [int(requested)] else [_across(int(requested), server)]
    return Placement(requested, int(requested), server, warnings)


def _refuse_unusable(cpu: int, own: int) -> None:
    try:
        check_usable([cpu], own)
    except BadInput as error:
        raise BadInput(error.what, where="cpu", why=error.why, remedy=error.remedy) from error


def reference_cpu(placement: Placement) -> int:
    """Where a responder stands in for the server: on its CPU if it has one of its own, otherwise with the probe."""
    if len(placement.server) == 1 and placement.server[0] in allowed(os.getpid()):
        return placement.server[0]
    return placement.probe


def works_elsewhere(pid: int, cpu: int) -> str:
    """The names of the server's I/O threads that may run on other CPUs than this one; empty where there are none.

    Its other threads work in the background and seldom; these take a share of every request.
    """
    known = names(pid)
    return ", ".join(
        known[tid] for tid, cpus in affinities(pid).items() if known.get(tid, "").startswith("io_thd") and cpus - {cpu}
    )


def _elsewhere(requested: str, pid: int, server: list[int], last: Callable[[int], int]) -> Placement:
    open_to_probe = allowed(os.getpid())
    taken = set(server) if len(server) == 1 else {last(pid)}
    free = open_to_probe - set(server) or open_to_probe - taken
    if not free:
        cpu = max(open_to_probe)
        return Placement(requested, cpu, server, ["There is no other CPU than the server's: the probe shares it"])
    cpu = max(free)
    return Placement(requested, cpu, server, [_across(cpu, server)])


def _unpinned(server: list[int], cpu: int) -> str:
    return (
        f"The server is not pinned (it may use the CPUs {format_cpu_list(server)}): "
        f"the probe sits on {cpu}, where it ran last, and the figures hold only while it stays there"
    )


def _across(cpu: int, server: list[int]) -> str:
    return (
        f"The probe sits on CPU {cpu}, the server on {format_cpu_list(server)}: "
        "wake-ups across CPUs are part of every round trip"
    )


@contextmanager
def pinned(cpu: int) -> Iterator[None]:
    """This process on one CPU, and afterwards where it was before."""
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError as error:
        raise BadInput(
            f"The probe cannot be put on CPU {cpu}",
            where="cpu",
            why=error.strerror or str(error),
            remedy="Choose another, or auto",
        ) from error
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
