# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real toggles on a real server, through the product as its module calls it, quiet and beside real noise."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from _server import server

from ansible_collections.lowlat.redis.plugins.module_utils._effect import request
from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError
from ansible_collections.lowlat.redis.plugins.module_utils._host.threads import affinities
from ansible_collections.lowlat.redis.plugins.module_utils._judge.comparison import REGRESSION, UNDECIDED
from ansible_collections.lowlat.redis.plugins.module_utils._probe.measurement import measure
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import control

from .measures import Share
from .trouble import beside, burn, burst, loosen, monitor, nothing, pulses, throttled, walk_memory

QUIET = "quiet"
# The engine's time for one toggle in seconds: enough for all looks while it is quiet.
SECONDS = 40.0
_HUNG = 60.0
# Pairs of values between which nobody could tell a difference.
NULLS = (
    ("hz", 10, 8),
    ("hz", 10, 11),
    ("latency-monitor-threshold", 0, 1_000_000),
    ("maxmemory-samples", 5, 6),
    ("tcp-keepalive", 300, 301),
    ("lfu-log-factor", 10, 11),
)


@dataclass(frozen=True)
class Scene:
    """Who takes part: the process that measures, the server, its port, their CPU and another one."""

    probe: int
    server: int
    port: int
    cpu: int
    other: int


def _loose_server(scene: Scene) -> Any:
    """Before the probe looks where the server is: it is told that this one is not pinned."""
    for thread in affinities(scene.server):
        os.sched_setaffinity(thread, {scene.cpu, scene.other})
    return nothing()


NOISES: dict[str, Callable[[Scene], Any]] = {
    QUIET: lambda _scene: nothing(),
    "bursty burner, same CPU": lambda scene: beside(burst, scene.cpu, 0.004, 0.012),
    "short bursts, same CPU": lambda scene: beside(burst, scene.cpu, 0.0002, 0.001),
    "steady burner, same CPU": lambda scene: beside(burn, scene.cpu),
    "burner, other CPU": lambda scene: beside(burst, scene.other, 0.02, 0.01),
    "memory traffic": lambda scene: beside(walk_memory, scene.other),
    "SIGSTOP, server": lambda scene: pulses(scene.server),
    "SIGSTOP, probe": lambda scene: pulses(scene.probe),
    "throttled probe": lambda scene: throttled(scene.probe, 0.3),
    "unpinned probe": lambda scene: beside(loosen, scene.probe, (scene.cpu, scene.other)),
    "unpinned server": _loose_server,
    "MONITOR": lambda scene: beside(monitor, scene.port, scene.other),
}


@dataclass(frozen=True)
class Effect:
    """A change that is known to make the server slower; ``found`` says whether the engine must see it."""

    key: str
    values: tuple[Any, Any]
    command: str
    must: bool
    options: tuple[str, ...] = ()
    kind: str = "redis"


@dataclass
class Told:
    """What the engine said of one toggle. ``error``: why it said nothing."""

    verdict: str
    seconds: float
    effects: dict[str, Any] = field(default_factory=dict)
    caps: tuple[str, ...] = ()
    error: str = ""


@dataclass
class Class:
    """Toggles of one class. A toggle that ends in an error is left open as well."""

    rollbacks: Share = field(default_factory=Share)
    undecided: Share = field(default_factory=Share)
    seconds: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    told: list[Told] = field(default_factory=list)

    def add(self, told: Told) -> None:
        self.told.append(told)
        self.rollbacks.add(told.verdict == REGRESSION)
        self.undecided.add(told.verdict in (UNDECIDED, "error"))
        self.seconds.append(told.seconds)
        if told.verdict in (UNDECIDED, "error"):
            self.reasons[told.error or "; ".join(told.caps) or _open(told.effects)] += 1


def effects(cpu: int, other: int) -> dict[str, Effect]:
    """The ladder, from the smallest to what nobody could miss."""
    durable = ("--appendonly", "yes", "--appendfsync", "everysec")
    return {
        "slowlog of everything": Effect("slowlog-log-slower-than", (10_000, 0), "ping", False),
        "server on the other CPU": Effect("server", (str(cpu), str(other)), "ping", True, (), "affinity"),
        "appendfsync always": Effect("appendfsync", ("everysec", "always"), "set", True, durable),
    }


def toggle(
    noise: Callable[[Scene], Any], kind: str, key: str, values: Sequence[Any], command: str = "ping", *options: str
) -> Told:
    """One toggle on a server of its own, by a process of its own that can be stopped, throttled and moved."""
    cpu, other = cpus()
    with tempfile.TemporaryDirectory() as directory, server(cpu, *options) as (address, pid):
        wanted = {
            "setting": {"kind": kind, "key": key, "values": list(values)},
            "login_port": address.port,
            "state_directory": os.path.join(directory, "state"),
            "cpu": "same",
            "commands": [command],
            "margin_p50": 0.02,
            "margin_p99": 0.05,
            "seconds": SECONDS,
            "duty": 1.0,
        }
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(target=_measure, args=(theirs, wanted))
        process.start()
        theirs.close()
        began = time.monotonic()
        try:
            with noise(Scene(process.pid or 0, pid, address.port, cpu, other)):
                began = time.monotonic()
                ours.send("go")
                told = ours.recv() if ours.poll(SECONDS + _HUNG) else {"error": "it hung"}
        except EOFError:
            told = {"error": "it died"}
        finally:
            _end(process)
    seconds = told.get("seconds", time.monotonic() - began)
    if "error" in told:
        return Told("error", seconds, error=told["error"])
    return Told(told["verdict"], seconds, told["effects"], tuple(told["null_quads"]["caps"]))


def _measure(pipe: Any, wanted: dict[str, Any]) -> None:
    pipe.recv()
    try:
        pipe.send(request.run(wanted))
    except LowlatError as error:
        pipe.send({"error": str(error)})


def _end(process: Any) -> None:
    """SIGTERM lets it put the server back; it may be stopped."""
    process.join(2.0)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.is_alive():
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)
                os.kill(process.pid, signal.SIGCONT)
            process.join(10.0)


def null_trials(seconds: float) -> dict[str, Class]:
    """Toggles that change nothing, one of each class of noise in turn, until the time is over."""
    found = {name: Class() for name in NOISES}
    until, number = time.monotonic() + seconds, 0
    random = Random("live")
    order = [name for name in NOISES if name != QUIET]
    while time.monotonic() < until:
        # Quiet ones are every third.
        name = QUIET if number % 3 == 0 else order[(number - number // 3 - 1) % len(order)]
        key, old, new = random.choice(NULLS)
        found[name].add(toggle(NOISES[name], "redis", key, random.sample((old, new), 2)))
        number += 1
    return found


def ladder(times: int) -> dict[str, Class]:
    """True effects, each so often."""
    found = {}
    for name, one in effects(*cpus()).items():
        found[name] = Class()
        for _time in range(times):
            found[name].add(toggle(NOISES[QUIET], one.kind, one.key, one.values, one.command, *one.options))
    return found


def monitors_named(times: int) -> Share:
    """How often the evidence of a measurement names the MONITOR client that there is, and none where there is none."""
    cpu, other = cpus()
    share = Share()
    with server(cpu) as (address, _pid):
        for _time in range(times):
            for listening in (False, True):
                with beside(monitor, address.port, other) if listening else nothing():
                    _wait_for(address, listening)
                    found = measure(address, Plan(samples=2000, runs=1, commands=("ping",)))
                share.add(found["evidence"]["monitors"] == int(listening))
    return share


def _wait_for(address: Any, listening: bool) -> None:
    client, until = control(address), time.monotonic() + 10.0
    while any("O" in str(one["flags"]) for one in client.client_list()) != listening and time.monotonic() < until:
        time.sleep(0.01)
    client.close()


def cpus() -> tuple[int, int]:
    usable = os.sched_getaffinity(0)
    return max(usable), min(usable)


def _open(told: dict[str, Any]) -> str:
    """Which figures were left open, and why."""
    return "; ".join(
        f"{metric}.{name}: {figure.get('reason') or 'a doubt'}"
        for metric, figures in told.items()
        for name, figure in figures.items()
        if name != "p90" and figure["verdict"] == UNDECIDED
    )
