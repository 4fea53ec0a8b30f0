# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be measured, checked before anything is touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .._errors import BadInput
from .commands import NAMES

_MOST_SAMPLES = 10_000_000
_MOST_RUNS = 1000
# A paced block lasts no longer than this, so that all commands see the same minutes.
_PACED_BLOCK_SECONDS = 5.0


@dataclass(frozen=True)
class Plan:
    """``samples`` for each run and command; ``duty`` is the share of time in which the probe may be busy.

    ``rate`` is in requests per second, 0 for one after the other as fast as they are answered. ``block`` round trips
    of one command are followed by a block of the next, so that all commands see the same conditions. ``reference``
    adds blocks of a responder beside the server.
    """

    samples: int = 2000
    runs: int = 3
    duty: float = 0.5
    rate: float = 0.0
    commands: Sequence[str] = NAMES
    cpu: str = "same"
    block: int = 500
    reference: bool = True

    def __post_init__(self) -> None:
        """BadInput names the first figure that makes no sense."""
        self._within("samples", self.samples, 1, _MOST_SAMPLES)
        self._within("runs", self.runs, 1, _MOST_RUNS)
        self._within("duty", self.duty, 0.001, 1)
        self._within("rate", self.rate, 0, 1_000_000)
        self._within("block", self.block, 1, _MOST_SAMPLES)
        if 0 < self.rate < 0.01:
            raise BadInput(
                f"rate is {self.rate:g} a second",
                where="rate",
                why="each request would wait for minutes",
                remedy="Give 0.01 or more, or 0 for no pacing",
            )
        unknown = [name for name in self.commands if name not in NAMES]
        if unknown or not self.commands:
            raise BadInput(
                f"commands is {', '.join(map(str, self.commands))[:80] or 'empty'}",
                where="commands",
                why="there are commands that are not measured" if unknown else "nothing is left to measure",
                remedy=f"Choose from {', '.join(NAMES)}",
            )

    @staticmethod
    def _within(name: str, value: float, least: float, most: float) -> None:
        if not least <= value <= most:
            why = f"it must be from {least:g} to {most:g}"
            raise BadInput(f"{name} is {value:g}", where=name, why=why, remedy="Give a number in between")

    @property
    def block_size(self) -> int:
        """The most round trips in a block, fewer where the pace would make it last too long."""
        most = max(1, int(self.rate * _PACED_BLOCK_SECONDS)) if self.rate else self.block
        return min(self.block, self.samples, most)

    def blocks(self) -> Iterator[int]:
        """The sizes of the blocks of one run of one command: as equal as can be, for they are compared."""
        number = -(-self.samples // self.block_size)
        for done in range(number):
            yield self.samples * (done + 1) // number - self.samples * done // number

    def pause_after(self, busy_seconds: float) -> float:
        """How long the server is left alone after a block, in seconds. A pace of its own is limit enough."""
        return 0.0 if self.rate else busy_seconds * (1 / self.duty - 1)
