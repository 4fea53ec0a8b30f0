# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds around the timed loop: signals become errors, a stalled server is noticed, the garbage waits."""

from __future__ import annotations

import gc
import signal
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .._errors import LowlatError

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Interrupted(LowlatError):
    """A signal asked for the end."""


class Stalled(Exception):
    """No round trip ended for as long as the watchdog waits."""


@contextmanager
def signals_raise() -> Iterator[None]:
    """SIGTERM, SIGINT and SIGHUP raise Interrupted inside, so that whatever must be removed is removed."""

    def interrupt(number: int, _frame: Any) -> None:
        # One is enough: a second must not break into the removal.
        for other in _SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        name = signal.Signals(number).name
        raise Interrupted(f"The measurement was ended by {name}", remedy="Its keys were removed; run it again")

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """A collection would stop the loop for milliseconds."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Watchdog:
    """Raises Stalled inside a block when nothing was stored in ``times`` for ``seconds``.

    The loop's socket has no time-out (it would cost a poll in every call), so an alarm looks from outside whether the
    stored times still change.
    """

    def __init__(self, times: array[int], seconds: float) -> None:
        self.times = times
        self.seconds = seconds
        self._seen = b""

    def _look(self, _number: int, _frame: Any) -> None:
        stored = self.times.tobytes()
        if stored == self._seen:
            raise Stalled(f"it did not answer for {self.seconds:g} s")
        self._seen = stored

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Armed inside, for one block."""
        self._seen = self.times.tobytes()
        before = signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, self.seconds, self.seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before if before is not None else signal.SIG_DFL)
