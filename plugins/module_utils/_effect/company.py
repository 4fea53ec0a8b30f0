# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others took from probe and server during a side.

The ledger's foreign time is all that others ran, in the time too in which the server waited for a disk and needed no
CPU. What they took from the two is no more than these waited for their CPU, and that the kernel counts as well.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from .._judge.quads import FOREIGN
from .._probe.counters import Source, run_delays
from .._probe.echo import METRIC
from .._probe.ledger import Ledger


class Company:
    """Counters around the blocks of a side. Close it."""

    def __init__(self, ledger: Ledger, pid: int, root: str = "/") -> None:
        self._ledger = ledger
        self._descriptors: list[int] = []
        self._delays, _lacking = run_delays(pid, self._descriptors, root)
        self.reset()

    def close(self) -> None:
        self._ledger.close()
        while self._descriptors:
            os.close(self._descriptors.pop())

    def reset(self) -> None:
        """Another side begins."""
        self._wall = self._foreign = self._rest = self._waited = 0.0
        self._lacking = False

    def begin(self, metric: str) -> Any:
        return self._ledger.begin(metric, None), self._texts()

    def end(self, metric: str, before: Any, operations: int) -> float:
        """The nanoseconds of the block that others took, as far as the kernel tells."""
        after, texts = self._ledger.end(metric, before[0]), self._texts()
        terms = self._ledger.terms(metric, before[0], after, operations)
        foreign = terms[FOREIGN] * operations
        if metric == METRIC:
            return foreign * 1000  # its other party is no server, and waits for another process
        self._wall += terms["wall"] * operations
        self._foreign += foreign
        self._rest += max(terms["wall"] - terms["probe"] - terms["server"], 0.0) * operations
        if self._delays is not None:
            waited = _waited(self._delays, before[1], texts)
            if waited is None:
                self._lacking = True
                return 0.0
            self._waited += waited
            foreign = min(foreign, waited)
        return foreign * 1000

    def share(self) -> float | None:
        """Of wall time; None where a counter broke in one of the blocks.

        Where the kernel does not tell it is all that was neither the probe's nor the server's: so much may be theirs.
        """
        if self._lacking or not self._wall:
            return None
        lacking = self._ledger.settle({}, ())["lacking"]
        untold = any(term.rpartition(".")[2] == FOREIGN for term in lacking)
        most = self._rest if untold else self._foreign
        return (most if self._delays is None else min(most, self._waited)) / self._wall

    def _texts(self) -> list[bytes]:
        return [] if self._delays is None else [os.pread(fd, self._delays.size, 0) for fd in self._delays.fds]


def _waited(delays: Source, before: Sequence[bytes], after: Sequence[bytes]) -> float | None:
    """Microseconds; None where a reading is empty or garbled, or a counter ran backwards."""
    try:
        waited = [delays.total([later]) - delays.total([earlier]) for earlier, later in zip(before, after)]
    except (IndexError, ValueError):
        return None
    return sum(waited) / 1000 if min(waited) >= 0 else None
