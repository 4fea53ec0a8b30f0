# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of interleaved blocks: who is measured when, and what becomes of a command that the server refuses."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .._errors import ServerError
from . import echo
from .blocks import Series, append, figures_of
from .commands import Command
from .guard import Stalled, Watchdog
from .histogram import Histogram
from .loop import Channel, Desynchronised, Disconnected, ErrorReply, run_block, run_paced_block
from .plan import Plan

# Round trips before every run, and before every block after a pause: caches and the CPU's clock are cold by then.
_WARM_UP = 200
_WARM_UP_BLOCK = 10


class Counters(Protocol):
    """What the sampler needs of the server beside the timed connection."""

    def renew(self, name: str) -> None:
        """Push on the expiry of this command's key."""


class Meter(Protocol):
    """What is read right before and right after every timed block."""

    def read(self, metric: str) -> Any:
        """The counters as they stand."""

    def terms(self, metric: str, before: Any, after: Any, operations: int) -> dict[str, float]:
        """What happened between two readings, in microseconds for each of the operations."""


class NoMeter:
    """For blocks of which only the times are wanted."""

    def read(self, metric: str) -> None:
        """Nothing."""

    def terms(self, metric: str, before: Any, after: Any, operations: int) -> dict[str, float]:
        return {}


@dataclass
class Run:
    """One run: histograms and block figures by metric, and how many requests were sent by command, warm-up included."""

    histograms: dict[str, Histogram] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    series: Series = field(default_factory=dict)

    def take(self, metric: str, nanoseconds: Sequence[int], terms: dict[str, float]) -> None:
        """Take in a block."""
        self.histograms[metric].add(nanoseconds)
        append(self.series, metric, {**figures_of(nanoseconds), **terms})

    def drop(self, metric: str) -> None:
        """Forget what was measured of this one."""
        self.histograms.pop(metric, None)
        for name in [name for name in self.series if name.partition(".")[0] == metric]:
            del self.series[name]


class Sampler:
    """Takes the samples of a plan over one channel. ``refused`` holds by command name why it ended.

    With a ``reference`` (the channel to a responder) every round has a block of it too.
    """

    def __init__(
        self,
        channel: Channel,
        plan: Plan,
        commands: Sequence[Command],
        counters: Counters,
        patience: float,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.perf_counter,
        block: Callable[[Channel, Command, array[int], int], None] = run_block,
        reference: Channel | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.plan = plan
        self.commands = list(commands)
        self.channels = {command.metric: channel for command in commands}
        if reference is not None:
            self.commands.insert(0, echo.reference())
            self.channels[echo.METRIC] = reference
        self.counters = counters
        self.sleep = sleep
        self.clock = clock
        self.block = block
        self.meter: Meter = meter or NoMeter()
        self.refused: dict[str, str] = {}
        self.late_blocks = 0
        self._rounds = 0
        self._readings: tuple[Any, Any] = (None, None)
        self._interval_ns = int(1e9 / plan.rate) if plan.rate else 0
        self._times = array("q", bytes(8 * max(plan.block_size, _WARM_UP)))
        self._watchdog = Watchdog(self._times, patience + self._interval_ns / 1e9)

    def warm_up(self) -> None:
        """Untimed round trips of every command. A refusal shows here first."""
        for command in list(self.commands):
            self._guarded(command, Run(), _WARM_UP)

    def run(self) -> Run:
        """One run: rounds of a block of each command until each has its samples.

        Every second round runs backwards: a drift then favours nobody.
        """
        run = Run({c.metric: Histogram() for c in self.commands}, {c.name: 0 for c in self.commands})
        for size in self.plan.blocks():
            turns = list(self.commands)
            if self._rounds % 2:
                turns.reverse()
            self._rounds += 1
            for command in turns:
                if command in self.commands:
                    self._timed_block(command, run, size)
        return run

    def _timed_block(self, command: Command, run: Run, size: int) -> None:
        start = self.clock()
        renewed = self._renewed(command)
        if not (
            renewed and self._guarded(command, run, _WARM_UP_BLOCK) and self._guarded(command, run, size, timed=True)
        ):
            run.drop(command.metric)
            return
        pause = self.plan.pause_after(self.clock() - start)
        run.take(command.metric, self._times[:size], self.meter.terms(command.metric, *self._readings, size))
        if pause > 0:
            self.sleep(pause)

    def _renewed(self, command: Command) -> bool:
        """False when the server refuses writes since the last block, which ends the command for good."""
        try:
            self.counters.renew(command.name)
        except ServerError as error:
            if error.details.get("code") not in ("refused", "noperm"):
                raise
            self._refuse(command, f"the server answered {command.name.upper()} with: {error.why}")
            return False
        return True

    def _refuse(self, command: Command, why: str) -> None:
        self.refused[command.name] = why
        self.commands.remove(command)

    def _guarded(self, command: Command, run: Run, size: int, timed: bool = False) -> bool:
        """A block under the watchdog; False when the server refused the command, which ends it for good.

        A responder that fails ends the reference alone: the server has no part in it.
        """
        try:
            with self._watchdog.watching():
                if timed:
                    self._metered(command, size)
                else:
                    self.block(self.channels[command.metric], command, self._times, size)
        except ErrorReply as error:
            self._refuse(command, f"the server answered {command.name.upper()} with: {error}")
            return False
        except (Disconnected, Desynchronised, Stalled, OSError) as error:
            if command.metric != echo.METRIC:
                raise
            self._refuse(command, f"the responder failed: {error}")
            return False
        run.sent[command.name] = run.sent.get(command.name, 0) + size
        return True

    def _metered(self, command: Command, size: int) -> None:
        channel = self.channels[command.metric]
        before = self.meter.read(command.metric)
        if self._interval_ns:
            behind = run_paced_block(channel, command, self._times, size, self._interval_ns)
            self.late_blocks += behind > self._interval_ns and command.metric != echo.METRIC
        else:
            self.block(channel, command, self._times, size)
        self._readings = (before, self.meter.read(command.metric))
