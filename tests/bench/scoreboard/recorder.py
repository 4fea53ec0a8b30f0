# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records the streams that the scoreboard replays: a private Redis, its reference, and one kind of trouble each.

Run it on a machine that is otherwise quiet, as root (one kind of trouble is a CPU quota):

    PYTHONPATH=.venv/collections:tests/bench python -m scoreboard.recorder [NAME ...]
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._probe.commands import Command, ping, set_
from ansible_collections.lowlat.redis.plugins.module_utils._probe.echo import Responder, reference, responder
from ansible_collections.lowlat.redis.plugins.module_utils._probe.guard import no_garbage_collection
from ansible_collections.lowlat.redis.plugins.module_utils._probe.loop import Channel, run_block
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address, control, raw, socket_of

from .stream import BLOCK, Stream, save, sketch

_BUSY = "/sys/fs/cgroup/cpuacct/cpuacct.usage_percpu"
_QUOTA = "/sys/fs/cgroup/cpu"
# Of these a few rounds say as much.
_SHORT = ("memory", "monitor", "sibling")


@contextmanager
def server(cpu: int, *options: str) -> Iterator[tuple[Address, int]]:
    """A private Redis on loopback, all of it on one CPU."""
    with tempfile.TemporaryDirectory() as directory:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", directory]
        process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            address = Address(port=port)
            until = time.monotonic() + 10
            while True:
                try:
                    control(address).close()
                    break
                except Exception:
                    if time.monotonic() > until or process.poll() is not None:
                        raise
                    time.sleep(0.02)
            for thread in os.listdir(f"/proc/{process.pid}/task"):
                os.sched_setaffinity(int(thread), {cpu})
            yield address, process.pid
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


@contextmanager
def beside(work: Callable[..., None], *arguments: Any) -> Iterator[None]:
    """``work`` in a process of its own while the block lasts."""
    process = multiprocessing.get_context("fork").Process(target=work, args=arguments, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def burst(cpu: int, on: float, off: float) -> None:
    """Computes for about ``on`` seconds, then sleeps for about ``off``, again and again."""
    os.sched_setaffinity(0, {cpu})
    while True:
        until = time.perf_counter() + random.expovariate(1 / on)
        while time.perf_counter() < until:
            pass
        time.sleep(random.expovariate(1 / off))


def copy_memory(cpu: int) -> None:
    os.sched_setaffinity(0, {cpu})
    source = bytearray(192 << 20)
    while True:
        bytes(source)


def pulse(pid: int) -> None:
    """Stops the process for 2 ms about twenty times a second."""
    while True:
        time.sleep(random.expovariate(20))
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.002)
        os.kill(pid, signal.SIGCONT)


def monitor(port: int, cpu: int) -> None:
    os.sched_setaffinity(0, {cpu})
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"MONITOR\r\n")
        while sock.recv(1 << 16):
            pass


@contextmanager
def quota(share: float) -> Iterator[None]:
    """This process gets ``share`` of a CPU, in periods of 10 ms."""
    group = os.path.join(_QUOTA, f"lowlat-{os.getpid()}")
    os.mkdir(group)
    try:
        for name, text in (("cpu.cfs_period_us", "10000"), ("cpu.cfs_quota_us", str(int(10000 * share)))):
            _write(os.path.join(group, name), text)
        _write(os.path.join(group, "tasks"), str(os.getpid()))
        yield
    finally:
        _write(os.path.join(_QUOTA, "tasks"), str(os.getpid()))
        os.rmdir(group)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class Ledger:
    """Where the time of a block went, in microseconds per operation."""

    def __init__(self, cpu: int, pid: int) -> None:
        self.cpu = cpu
        self.busy = os.open(_BUSY, os.O_RDONLY)
        self.server = os.open(f"/proc/{pid}/schedstat", os.O_RDONLY)

    def read(self) -> tuple[float, float, float, float]:
        """(wall, probe, server, busy) in microseconds."""
        return (
            time.perf_counter_ns() / 1000.0,
            time.clock_gettime_ns(time.CLOCK_PROCESS_CPUTIME_ID) / 1000.0,
            int(os.pread(self.server, 64, 0).split()[0]) / 1000.0,
            int(os.pread(self.busy, 256, 0).split()[self.cpu]) / 1000.0,
        )

    def close(self) -> None:
        os.close(self.busy)
        os.close(self.server)


def terms(before: tuple[float, ...], after: tuple[float, ...]) -> tuple[float, ...]:
    """(wall, probe, server, idle, foreign) per operation."""
    wall, probe, own, busy = ((end - start) / BLOCK for start, end in zip(before, after))
    return wall, probe, own, max(0.0, wall - busy), max(0.0, busy - probe - own)


def switches(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("nonvoluntary"))


def record(
    name: str, address: Address, pid: int, cpu: int, rounds: int, command: Command, roam: bool = False
) -> Stream:
    """Alternate between Redis and the reference, who comes first being drawn at random."""
    connection: Any = raw(address)
    times = array("q", bytes(8 * BLOCK))
    stream = Stream(name, [], [], {"redis": [], "reference": []})
    started, involuntary = time.perf_counter(), switches(os.getpid())
    os.sched_setaffinity(0, os.sched_getaffinity(0) if roam else {cpu})
    redis_channel = Channel(socket_of(connection))
    order = random.Random(name)
    with responder(redis_channel, cpu) as echo, no_garbage_collection():
        ledgers = {"redis": Ledger(cpu, pid), "reference": Ledger(cpu, echo.pid)}
        arms: dict[str, tuple[Channel | Responder, Command]] = {
            "redis": (redis_channel, command),
            "reference": (echo, reference()),
        }
        for number in range(rounds + 4):
            for arm in order.sample(sorted(arms), 2):
                channel, what = arms[arm]
                run_block(channel, what, times, 10)
                before = ledgers[arm].read()
                run_block(channel, what, times, BLOCK)
                after = ledgers[arm].read()
                if number >= 4:
                    (stream.redis if arm == "redis" else stream.reference).append(sketch(times))
                    stream.ledger[arm].append(terms(before, after))
        for ledger in ledgers.values():
            ledger.close()
    connection.disconnect()
    stream.evidence = {
        "seconds": round(time.perf_counter() - started, 2),
        "involuntary": switches(os.getpid()) - involuntary,
    }
    return stream


def scenes(cpu: int, other: int) -> dict[str, tuple[Callable[[str, int], Any], tuple[str, ...]]]:
    """Name -> (trouble, server options). Trouble is made by (port, pid) and lasts for the recording."""
    quiet = lambda _port, _pid: ExitStack()  # noqa: E731
    found: dict[str, tuple[Callable[[Any, int], Any], tuple[str, ...]]] = {
        f"quiet_{number}": (quiet, ()) for number in range(1, 5)
    }
    found["burner"] = (lambda _port, _pid: beside(burst, cpu, 0.004, 0.012), ())
    found["burner_short"] = (lambda _port, _pid: beside(burst, cpu, 0.0002, 0.001), ())
    found["sibling"] = (lambda _port, _pid: beside(burst, other, 0.02, 0.01), ())
    found["memory"] = (lambda _port, _pid: beside(copy_memory, other), ())
    found["stopped"] = (lambda _port, pid: beside(pulse, pid), ())
    found["throttled"] = (lambda _port, _pid: quota(0.3), ())
    found["unpinned"] = (quiet, ())
    found["slowlog"] = (quiet, ("--slowlog-log-slower-than", "0"))
    found["monitor"] = (lambda port, _pid: beside(monitor, port, other), ())
    found["set"] = (quiet, ())
    found["fsync"] = (quiet, ("--appendonly", "yes", "--appendfsync", "always"))
    return found


def main() -> None:
    cpu, other = max(os.sched_getaffinity(0)), min(os.sched_getaffinity(0))
    everywhere = os.sched_getaffinity(0)
    known = scenes(cpu, other)
    for name in sys.argv[1:] or known:
        trouble, options = known[name]
        command = set_("lowlat:probe:stream") if name in ("set", "fsync") else ping()
        rounds = 320 if name.startswith("quiet") else 200 if name not in _SHORT else 140
        if name in ("set", "fsync"):
            rounds = 100
        os.sched_setaffinity(0, everywhere)
        with server(cpu, *options) as (address, pid), trouble(address.port, pid):
            stream = record(name, address, pid, cpu, rounds, command, roam=name == "unpinned")
        save(stream)
        print(name, stream.evidence, flush=True)


if __name__ == "__main__":
    main()
