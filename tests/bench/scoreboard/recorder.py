# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records the streams that the scoreboard replays: a private Redis, its reference, and one kind of trouble each.

Run it on a machine that is otherwise quiet, as root (one kind of trouble is a CPU quota):

    PYTHONPATH=.venv/collections:tests/bench python -m scoreboard.recorder [--streams DIR] [--share 0.75] [NAME ...]
"""

from __future__ import annotations

import argparse
import os
import random
import time
from array import array
from collections.abc import Callable
from typing import Any

from _server import server

from ansible_collections.lowlat.redis.plugins.module_utils._probe.commands import Command, ping, set_
from ansible_collections.lowlat.redis.plugins.module_utils._probe.echo import Responder, reference, responder
from ansible_collections.lowlat.redis.plugins.module_utils._probe.guard import no_garbage_collection
from ansible_collections.lowlat.redis.plugins.module_utils._probe.loop import Channel, run_block
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address, raw, socket_of

from .stream import BLOCK, HERE, Stream, save, sketch
from .trouble import beside, burst, copy_memory, monitor, nothing, pulses, quota

_BUSY = "/sys/fs/cgroup/cpuacct/cpuacct.usage_percpu"
# Of these a few rounds say as much.
_SHORT = ("memory", "monitor", "sibling")
# In these nobody else has any business on the CPU: they are recorded again until others took no more than this share.
_ALONE = ("memory", "quiet_1", "quiet_2", "quiet_3", "quiet_4", "set", "sibling", "slowlog", "stopped")
_MOST_FOREIGN = 0.004
_ATTEMPTS = 12


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


def foreign(stream: Stream) -> float:
    """The share of wall time that others took."""
    rows = [row for rows in stream.ledger.values() for row in rows]
    return sum(row[-1] for row in rows) / sum(row[0] for row in rows)


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

    def quiet(_port: str, _pid: int) -> Any:
        return nothing()

    found: dict[str, tuple[Callable[[Any, int], Any], tuple[str, ...]]] = {
        f"quiet_{number}": (quiet, ()) for number in range(1, 5)
    }
    found["burner"] = (lambda _port, _pid: beside(burst, cpu, 0.004, 0.012), ())
    found["burner_short"] = (lambda _port, _pid: beside(burst, cpu, 0.0002, 0.001), ())
    found["sibling"] = (lambda _port, _pid: beside(burst, other, 0.02, 0.01), ())
    found["memory"] = (lambda _port, _pid: beside(copy_memory, other), ())
    found["stopped"] = (lambda _port, pid: pulses(pid), ())
    found["throttled"] = (lambda _port, _pid: quota(0.3), ())
    found["unpinned"] = (quiet, ())
    found["slowlog"] = (quiet, ("--slowlog-log-slower-than", "0"))
    found["monitor"] = (lambda port, _pid: beside(monitor, port, other), ())
    found["set"] = (quiet, ())
    found["fsync"] = (quiet, ("--appendonly", "yes", "--appendfsync", "always"))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", default=HERE, help="the directory to write to")
    parser.add_argument("--share", type=float, default=1.0, help="of the usual number of rounds")
    parser.add_argument("names", nargs="*", help="which streams (default: all)")
    chosen = parser.parse_args()
    cpu, other = max(os.sched_getaffinity(0)), min(os.sched_getaffinity(0))
    everywhere = os.sched_getaffinity(0)
    known = scenes(cpu, other)
    for name in chosen.names or known:
        trouble, options = known[name]
        command = set_("lowlat:probe:stream") if name in ("set", "fsync") else ping()
        rounds = 320 if name.startswith("quiet") else 200 if name not in _SHORT else 140
        if name in ("set", "fsync"):
            rounds = 100
        rounds = round(rounds * chosen.share)
        for _attempt in range(_ATTEMPTS):
            os.sched_setaffinity(0, everywhere)
            with server(cpu, *options) as (address, pid), trouble(address.port, pid):
                stream = record(name, address, pid, cpu, rounds, command, roam=name == "unpinned")
            stream.evidence["foreign"] = round(foreign(stream), 4)
            print(name, stream.evidence, flush=True)
            if name not in _ALONE or stream.evidence["foreign"] <= _MOST_FOREIGN:
                break
        else:
            raise SystemExit(f"{name}: others are on CPU {cpu}, so that no stream of it would be worth anything")
        save(stream, chosen.streams)


if __name__ == "__main__":
    main()
