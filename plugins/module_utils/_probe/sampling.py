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
from .outline import Outline
from .plan import Plan

# Round trips before every run, and before every block after a pause: caches and the CPU's clock are cold by then.
_WARM_UP = 200
_WARM_UP_BLOCK = 10


class Counters(Protocol):
    """What the sampler needs of the server beside the timed connection."""

    def renew(self, name: str) -> None:
        """Push on the expiry of this command's key."""


class Meter(Protocol):
    """What is read between the blocks. A reading may be the end of one block and the beginning of the next."""

    def begin(self, metric: str, last: Any) -> Any:
        """The reading at which a block of this metric begins; ``last`` is where the block before it ended, or None."""

    def end(self, metric: str, before: Any) -> Any:
        """The reading at which it ends, having begun at ``before``."""

    def terms(self, metric: str, before: Any, after: Any, operations: int) -> dict[str, float]:
        """What happened between the two, in microseconds for each of the operations."""


class NoMeter:
    """For blocks of which only the times are wanted."""

    def begin(self, metric: str, last: Any) -> None:
        """Nothing."""

    def end(self, metric: str, before: Any) -> None:
        """Nothing."""

    def terms(self, metric: str, before: Any, after: Any, operations: int) -> dict[str, float]:
        return {}


@dataclass
class Run:
    """One run, by metric: histogram, outlines and figures of the blocks; and by command how many requests were sent,
    warm-up included.
    """

    histograms: dict[str, Histogram] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    series: Series = field(default_factory=dict)
    outlines: dict[str, list[Outline]] = field(default_factory=dict)

    def take(self, metric: str, nanoseconds: Sequence[int], terms: dict[str, float]) -> None:
        """Take in a block."""
        self.count(metric, nanoseconds)
        append(self.series, metric, {**figures_of(nanoseconds), **terms})

    def count(self, metric: str, nanoseconds: Sequence[int]) -> None:
        """Take in the times of a block without its figures."""
        self.histograms[metric].add(nanoseconds)
        self.outlines.setdefault(metric, []).append(Outline(sorted(nanoseconds)))

    def drop(self, metric: str) -> None:
        """Forget what was measured of this one."""
        self.histograms.pop(metric, None)
        self.outlines.pop(metric, None)
        for name in [name for name in self.series if name.partition(".")[0] == metric]:
            del self.series[name]


@dataclass(frozen=True)
class _Block:
    """``times`` in nanoseconds; the readings are around that many ``operations``."""

    command: Command
    times: array[int]
    before: Any
    after: Any
    operations: int


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
        self._interval_ns = int(1e9 / plan.rate) if plan.rate else 0
        self._times = array("q", bytes(8 * max(plan.block_size, _WARM_UP)))
        self._watchdog = Watchdog(self._times, patience + self._interval_ns / 1e9)

    def warm_up(self) -> None:
        """Untimed round trips of every command. A refusal shows here first."""
        with self._watchdog.watching():
            for command in list(self.commands):
                self._guarded(command, _WARM_UP)

    def run(self) -> Run:
        """One run: rounds of a block of each command, and a pause after each, until each has its samples.

        Every second round runs backwards: a drift then favours nobody.
        """
        run = Run({c.metric: Histogram() for c in self.commands}, {c.name: 0 for c in self.commands})
        for size in self.plan.blocks():
            turns = list(self.commands)
            if self._rounds % 2:
                turns.reverse()
            self._rounds += 1
            self._round(turns, run, size)
        return run

    def _round(self, turns: Sequence[Command], run: Run, size: int) -> None:
        start = self.clock()
        # The blocks follow each other closely, so that they see the same host and share the readings between them.
        ready = [command for command in turns if self._renewed(command)]
        with self._watchdog.watching():
            taken = self._blocks(ready, size)
        pause = self.plan.pause_after(self.clock() - start)
        for block in taken:
            metric = block.command.metric
            run.take(metric, block.times, self.meter.terms(metric, block.before, block.after, block.operations))
            run.sent[block.command.name] += size + _WARM_UP_BLOCK
        for command in turns:
            if command not in self.commands:
                run.drop(command.metric)
        if pause > 0:
            self.sleep(pause)

    def _blocks(self, commands: Sequence[Command], size: int) -> list[_Block]:
        """A block of each, as far as they are answered."""
        taken: list[_Block] = []
        last: Any = None
        for command in commands:
            # After a pause caches are cold: that is no part of the block. Between two blocks the warm-up is.
            warm = last is not None
            before = self.meter.begin(command.metric, last) if warm else None
            last = None
            if not self._guarded(command, _WARM_UP_BLOCK):
                continue
            if not warm:
                before = self.meter.begin(command.metric, None)
            if not self._guarded(command, size, paced=bool(self._interval_ns)):
                continue
            last = self.meter.end(command.metric, before)
            operations = size + _WARM_UP_BLOCK if warm else size
            taken.append(_Block(command, self._times[:size], before, last, operations))
        return taken

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

    def _guarded(self, command: Command, size: int, paced: bool = False) -> bool:
        """Round trips to be stored; False when the server refused the command, which ends it for good.

        A responder that fails ends the reference alone: the server has no part in it.
        """
        channel = self.channels[command.metric]
        try:
            if paced:
                behind = run_paced_block(channel, command, self._times, size, self._interval_ns)
                self.late_blocks += behind > self._interval_ns and command.metric != echo.METRIC
            else:
                self.block(channel, command, self._times, size)
        except ErrorReply as error:
            self._refuse(command, f"the server answered {command.name.upper()} with: {error}")
            return False
        except (Disconnected, Desynchronised, Stalled, OSError) as error:
            if command.metric != echo.METRIC:
                raise
            self._refuse(command, f"the responder failed: {error}")
            return False
        return True
