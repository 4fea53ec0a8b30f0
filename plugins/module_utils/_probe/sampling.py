# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of interleaved blocks: who is measured when, and what becomes of a command that the server refuses."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Protocol

from .._errors import ServerError
from .commands import Command
from .guard import Watchdog
from .histogram import Histogram
from .loop import Channel, ErrorReply, run_block, run_paced_block
from .plan import Plan

# Round trips before every run, and before every block after a pause: caches and the CPU's clock are cold by then.
_WARM_UP = 200
_WARM_UP_BLOCK = 10


class Counters(Protocol):
    """What the sampler needs of the server beside the timed connection."""

    def renew(self, name: str) -> None:
        """Push on the expiry of this command's key."""


@dataclass
class Run:
    """One run: histograms by metric, and how many requests were sent by command, warm-up included."""

    histograms: dict[str, Histogram] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)


class Sampler:
    """Takes the samples of a plan over one channel. ``refused`` holds the server's error by command name."""

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
    ) -> None:
        self.channel = channel
        self.plan = plan
        self.commands = list(commands)
        self.counters = counters
        self.sleep = sleep
        self.clock = clock
        self.block = block
        self.refused: dict[str, str] = {}
        self.late_blocks = 0
        self._interval_ns = int(1e9 / plan.rate) if plan.rate else 0
        self._times = array("q", bytes(8 * max(plan.block_size, _WARM_UP)))
        self._watchdog = Watchdog(self._times, patience + self._interval_ns / 1e9)

    def warm_up(self) -> None:
        """Untimed round trips of every command. A refusal shows here first."""
        for command in list(self.commands):
            self._guarded(command, Run(), _WARM_UP)

    def run(self) -> Run:
        """One run: a block of each command in turn until each has its samples."""
        run = Run({c.metric: Histogram() for c in self.commands}, {c.name: 0 for c in self.commands})
        for sizes in zip_longest(*(self.plan.blocks() for _command in self.commands)):
            for command, size in zip(list(self.commands), sizes):
                if command in self.commands:
                    self._timed_block(command, run, size)
        return run

    def _timed_block(self, command: Command, run: Run, size: int) -> None:
        start = self.clock()
        renewed = self._renewed(command)
        if not (
            renewed and self._guarded(command, run, _WARM_UP_BLOCK) and self._guarded(command, run, size, timed=True)
        ):
            run.histograms.pop(command.metric, None)
            return
        pause = self.plan.pause_after(self.clock() - start)
        run.histograms[command.metric].add(self._times[:size])
        if pause > 0:
            self.sleep(pause)

    def _renewed(self, command: Command) -> bool:
        """False when the server refuses writes since the last block, which ends the command for good."""
        try:
            self.counters.renew(command.name)
        except ServerError as error:
            if error.details.get("code") not in ("refused", "noperm"):
                raise
            self._refuse(command, error.why)
            return False
        return True

    def _refuse(self, command: Command, why: str) -> None:
        self.refused[command.name] = f"the server answered {command.name.upper()} with: {why}"
        self.commands.remove(command)

    def _guarded(self, command: Command, run: Run, size: int, timed: bool = False) -> bool:
        """A block under the watchdog; False when the server refused the command, which ends it for good."""
        try:
            with self._watchdog.watching():
                if timed and self._interval_ns:
                    behind = run_paced_block(self.channel, command, self._times, size, self._interval_ns)
                    self.late_blocks += behind > self._interval_ns
                else:
                    self.block(self.channel, command, self._times, size)
        except ErrorReply as error:
            self._refuse(command, str(error))
            return False
        run.sent[command.name] = run.sent.get(command.name, 0) + size
        return True
