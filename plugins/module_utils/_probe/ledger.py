# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the time of a block went: wall = probe CPU + server CPU + idle + foreign.

CPU times come from the kernel's per-process clocks. The rest needs one more counter: how long the CPU was idle, where
probe and server share it; how long the two waited for a CPU, where they do not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .blocks import Series
from .counters import Source, cpu_clock, idle_or_busy, run_delays
from .echo import METRIC

TERMS = ("wall", "probe", "server", "idle", "foreign")
_DERIVED = ("idle", "foreign")
# Counters are read one after the other: less than this share of all blocks together is no contradiction.
_SLACK = 0.05
# Less than this share of a block that is neither the probe's nor the server's is not looked into.
_REST = 0.01


@dataclass(frozen=True)
class Party:
    """Who the probe talks to: its process, and the CPUs that this may run on.

    ``main_alone`` where threads of it may work on other CPUs meanwhile: then only the main thread's time adds up.
    """

    pid: int
    cpus: frozenset[int]
    main_alone: bool = False


class Ledger:
    """Counters of all parties, held open; close it."""

    def __init__(self, cpu: int, server: Party, responder: Party | None = None, root: str = "/") -> None:
        self._descriptors: list[int] = []
        try:
            # Both parties may be measured by the same counter, and then share its readings.
            of_cpu = idle_or_busy(cpu, self._descriptors, root)
            self._server = self._account(server, cpu, of_cpu, root)
            self._reference = self._account(responder, cpu, of_cpu, root) if responder else self._server
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())

    def begin(self, metric: str, last: Any) -> Any:
        """Hot, and so are the other readings: a part of the block's first and last microsecond."""
        account = self._of(metric)
        if last is None:
            return account.read(None)
        return last if last.account is account else account.take_over(last)

    def end(self, metric: str, before: Any) -> Any:
        return self._of(metric).read(before)

    def terms(self, metric: str, before: Any, after: Any, operations: int) -> dict[str, float]:
        """Microseconds for each operation, of the terms that there are."""
        return self._of(metric).terms(before, after, operations)

    def settle(self, series: Series, metrics: Sequence[str]) -> dict[str, Any]:
        """The means over the blocks: ``{metric: {term: us for each operation}, "lacking": {term: reason}}``.

        What is lacking is None, and is taken out of ``series``.
        """
        found: dict[str, Any] = {}
        lacking = self._server.lacking()
        for metric in metrics:
            own = self._of(metric).lacking()
            for term in own:
                series.pop(f"{metric}.{term}", None)
                if term not in lacking:
                    lacking[f"{metric}.{term}"] = own[term]
            columns = {term: series.get(f"{metric}.{term}") for term in TERMS}
            found[metric] = {term: round(sum(c) / len(c), 4) if c else None for term, c in columns.items()}
        return {**found, "lacking": lacking}

    def _of(self, metric: str) -> _Account:
        return self._reference if metric == METRIC else self._server

    def _account(self, party: Party, cpu: int, of_cpu: tuple[Source | None, str], root: str) -> _Account:
        clock, no_clock = cpu_clock(party.pid, party.main_alone, self._descriptors, root)
        sources, no_source = [], ""
        if cpu in party.cpus:
            sources.append(of_cpu)
        if party.cpus != {cpu}:
            sources.append(run_delays(party.pid, self._descriptors, root))
        no_source = "; ".join(reason for _source, reason in sources if reason)
        account = _Account(clock, () if no_source else tuple(source for source, _reason in sources if source))
        if no_clock:
            account.lose(("server",), no_clock)
            account.lose(_DERIVED, "they are what remains, and the server's CPU time is not known")
        if no_source:
            account.lose(_DERIVED, no_source)
        return account


class _Reading(NamedTuple):
    """Wall time, the probe's and the party's CPU time in nanoseconds, and what the sources' files said."""

    account: _Account
    wall: int
    mine: int
    theirs: int
    texts: list[bytes]


class _Account:
    """The counters around one party."""

    def __init__(self, clock: Callable[[], int] | None, sources: tuple[Source, ...]) -> None:
        self.clock = clock or (lambda: 0)
        self.sources = sources
        # Only a counter that stands still while the two work may be left unread.
        self.idle_alone = [source.kind for source in sources] == ["idle"]
        self.files = [(fd, source.size) for source in sources for fd in source.fds]
        self.lost: dict[str, str] = {}
        self.totals = dict.fromkeys(TERMS, 0)

    def lose(self, terms: Sequence[str], reason: str) -> None:
        for term in terms:
            self.lost.setdefault(term, reason)

    def read(
        self,
        before: _Reading | None,
        now: Callable[[], int] = time.perf_counter_ns,
        own: Callable[[], int] = time.thread_time_ns,
    ) -> _Reading:
        """The counters as they stand, always in the same order, so that the reading itself is in no term twice.

        Where the CPU times alone make up for the time since ``before``, the other counters are left as they were
        then: what they count is found, if there is any, by the next reading that needs them.
        """
        try:
            wall, mine, theirs = now(), own(), self.clock()
            if before is not None and self.idle_alone:
                spent = wall - before.wall
                if spent - (mine - before.mine) - (theirs - before.theirs) < spent * _REST:
                    return _Reading(self, wall, mine, theirs, before.texts)
            return _Reading(self, wall, mine, theirs, self._texts())
        except (OSError, ValueError, IndexError) as error:
            self.lose(TERMS[2:], f"a counter vanished: {error}")
            return _Reading(self, now(), own(), 0, [])

    def take_over(self, last: _Reading) -> _Reading:
        """Another party's last reading with this one's CPU time in place."""
        try:
            texts = last.texts if self.files == last.account.files else self._texts()
            return _Reading(self, last.wall, last.mine, self.clock(), texts)
        except (OSError, ValueError, IndexError):
            return self.read(None)

    def _texts(self, pread: Callable[[int, int, int], bytes] = os.pread) -> list[bytes]:
        # They are made numbers after the block.
        return [pread(fd, size, 0) for fd, size in self.files]

    def terms(self, before: _Reading, after: _Reading, operations: int) -> dict[str, float]:
        wall, probe, server = after.wall - before.wall, after.mine - before.mine, after.theirs - before.theirs
        try:
            idle, foreign = self._remaining(wall, probe + server, before.texts, after.texts)
        except (ValueError, IndexError) as error:
            self.lose(_DERIVED, f"a counter is no number: {error}")
            idle = foreign = 0
        found = dict(zip(TERMS, (wall, probe, server, idle, foreign)))
        for term, value in found.items():
            self.totals[term] += value
        return {term: max(value, 0) / operations / 1000 for term, value in found.items()}

    def _remaining(self, wall: int, known: int, before: list[bytes], after: list[bytes]) -> tuple[int, int]:
        """Idle and foreign time by the first source that does not contradict the CPU times.

        A party that is free to move shares the probe's CPU in one block and not in the next: the CPU's own counters
        hold in the first case, those of the two processes in the other.
        """
        rest = (0, 0)
        first = 0
        for source in self.sources:
            part = slice(first, first + len(source.fds))
            first = part.stop
            rest = _rest(source.kind, wall, known, source.total(after[part]) - source.total(before[part]))
            if min(rest) >= -_SLACK * wall:
                break
        return rest

    def lacking(self) -> dict[str, str]:
        """By term why it is not there, the contradictions that the blocks brought to light among them."""
        for term, value in self.totals.items():
            if value < -_SLACK * abs(self.totals["wall"]):
                lost = (term, *_DERIVED) if term not in _DERIVED else _DERIVED
                self.lose(lost, f"the kernel's counters contradict each other: {term} would be negative")
        return dict(self.lost)


def _rest(kind: str, wall: int, known: int, told: int) -> tuple[int, int]:
    """Idle and foreign time, of which the source tells one, or their complement."""
    if kind == "idle":
        return told, wall - known - told
    if kind == "busy":
        return wall - told, told - known
    # On two CPUs one may work, or wait for its CPU, while the other still works: that time is counted already, and
    # where they do so together for longer than they wait, nothing remains.
    remaining = max(wall - known, 0)
    foreign = min(told, remaining)
    return remaining - foreign, foreign
