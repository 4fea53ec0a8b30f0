# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real noise: processes that disturb a measurement while a block lasts, and end with it or with whoever began them."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

_QUOTA = "/sys/fs/cgroup/cpu"
# No noise lasts longer than this, in seconds, whatever becomes of the rest.
_LIMIT = 600.0
_PERIOD_US = 10_000


@contextmanager
def beside(work: Callable[..., None], *arguments: Any) -> Iterator[None]:
    """``work`` in a process of its own while the block lasts."""
    process = multiprocessing.get_context("fork").Process(target=_bounded, args=(work, *arguments), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _bounded(work: Callable[..., None], *arguments: Any) -> None:
    """An alarm once a second sees whether anybody is there who could end this."""
    began, parent = time.monotonic(), os.getppid()

    def look(_number: int, _frame: Any) -> None:
        if os.getppid() != parent or time.monotonic() - began > _LIMIT:
            raise SystemExit

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)
    work(*arguments)


def burst(cpu: int, on: float, off: float) -> None:
    """Computes for about ``on`` seconds, then sleeps for about ``off``, again and again."""
    os.sched_setaffinity(0, {cpu})
    while True:
        until = time.perf_counter() + random.expovariate(1 / on)
        while time.perf_counter() < until:
            pass
        time.sleep(random.expovariate(1 / off))


def burn(cpu: int) -> None:
    os.sched_setaffinity(0, {cpu})
    while True:
        pass


def copy_memory(cpu: int) -> None:
    os.sched_setaffinity(0, {cpu})
    source = bytearray(192 << 20)
    while True:
        bytes(source)


def walk_memory(cpu: int) -> None:
    """Writes to every cache line of 256 MiB, from end to end, again and again."""
    os.sched_setaffinity(0, {cpu})
    memory = bytearray(256 << 20)
    lines = memory[::64]
    while True:
        memory[::64] = lines


def pulse(pid: int, rate: float = 20.0, stopped: float = 0.002) -> None:
    """Stops the process for ``stopped`` seconds about ``rate`` times a second."""
    try:
        while True:
            time.sleep(random.expovariate(rate))
            os.kill(pid, signal.SIGSTOP)
            time.sleep(stopped)
            os.kill(pid, signal.SIGCONT)
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextmanager
def pulses(pid: int, rate: float = 20.0, stopped: float = 0.002) -> Iterator[None]:
    """As ``pulse``; the process runs on afterwards."""
    try:
        with beside(pulse, pid, rate, stopped):
            yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def loosen(pid: int, cpus: Iterable[int]) -> None:
    """Lets the process run on all of these CPUs, however often it pins itself."""
    everywhere = set(cpus)
    with suppress(ProcessLookupError):
        while True:
            os.sched_setaffinity(pid, everywhere)
            time.sleep(0.01)


def monitor(port: int, cpu: int) -> None:
    os.sched_setaffinity(0, {cpu})
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"MONITOR\r\n")
        while sock.recv(1 << 16):
            pass


def has_quota() -> bool:
    return os.access(os.path.join(_QUOTA, "cpu.cfs_quota_us"), os.R_OK) and os.access(_QUOTA, os.W_OK)


@contextmanager
def quota(share: float, pid: int = 0) -> Iterator[None]:
    """The process (by default this one) and its children get ``share`` of a CPU, in periods of 10 ms."""
    group = os.path.join(_QUOTA, f"lowlat-{os.getpid()}")
    os.mkdir(group)
    try:
        for name, text in (("cpu.cfs_period_us", _PERIOD_US), ("cpu.cfs_quota_us", int(_PERIOD_US * share))):
            _write(os.path.join(group, name), str(text))
        _write(os.path.join(group, "tasks"), str(pid or os.getpid()))
        yield
    finally:
        _empty(group)


def _empty(group: str) -> None:
    """Whoever is left goes back to where the rest is, and the group is removed."""
    until = time.monotonic() + 5.0
    while True:
        with open(os.path.join(group, "tasks"), encoding="ascii") as file:
            left = file.read().split()
        for task in left:
            with suppress(OSError):
                _write(os.path.join(_QUOTA, "tasks"), task)
        try:
            os.rmdir(group)
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def throttled(pid: int, share: float) -> Any:
    """A CPU quota, or where there is none a process that is stopped for the rest of every 10 ms or so."""
    return quota(share, pid) if has_quota() else pulses(pid, 100.0 / share, 0.01 * (1.0 - share))


def nothing() -> Any:
    return ExitStack()


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
