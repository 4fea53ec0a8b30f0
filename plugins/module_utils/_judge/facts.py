# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement says beside its figures: evidence, ledger and blocks. What is missing or garbled is not there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from .._errors import BadInput
from . import series
from .schema import CLIENT_METRICS, REFERENCE

#: Neighbouring blocks are not disturbed alike: up to so many times as much is no difference.
UNEVEN = 1.5
# A round of which others took less than this share is clean.
_CLEAN = 0.01
# A server that idles for more than this share of a round waits for something.
_WAITS = 0.1


class Facts:
    """Reads one measurement; of None it knows nothing."""

    def __init__(self, measurement: Mapping[str, Any] | None) -> None:
        self._all: Mapping[str, Any] = measurement if isinstance(measurement, Mapping) else {}
        self._evidence = self._mapping("evidence")
        self._ledger = self._mapping("ledger")
        self._blocks = _decoded(self._all.get("series"))

    def __bool__(self) -> bool:
        return bool(self._all)

    @property
    def metrics(self) -> list[str]:
        """Client metrics that were measured."""
        return [name for name in CLIENT_METRICS if name in self._ledger or f"{name}.p50" in self._blocks]

    def flag(self, name: str) -> bool | None:
        """A yes or no of the evidence; None where it does not say."""
        value = self._evidence.get(name)
        return value if isinstance(value, bool) else None

    def amount(self, name: str, part: str | None = None) -> float | None:
        """A number of the evidence, or of a mapping in it."""
        value = self._evidence.get(name)
        if part is not None:
            value = value.get(part) if isinstance(value, Mapping) else None
        return _number(value)

    def names(self, name: str) -> list[str]:
        """A list of names of the evidence."""
        value = self._evidence.get(name)
        if isinstance(value, str) or not isinstance(value, Sequence):
            return []
        return [str(entry) for entry in value]

    def term(self, metric: str, name: str) -> float | None:
        """Microseconds per operation; None where the kernel does not say."""
        terms = self._ledger.get(metric)
        return _number(terms.get(name)) if isinstance(terms, Mapping) else None

    def kept_away(self, metric: str) -> float | None:
        """Microseconds per operation in which others ran although probe or server wanted to.

        Others also run while both wait, for a disk for instance, and harm nobody by that. The reference never waits:
        for each microsecond of work it is kept away as long as Redis is.
        """
        foreign = self.term(metric, "foreign")
        rate = self._rate_of(REFERENCE)
        work = self._work(metric)
        if foreign is None or rate is None or work is None:
            return foreign
        return min(foreign, UNEVEN * rate * work)

    def waited(self, metric: str) -> float | None:
        """Microseconds per operation in which neither probe nor server wanted to run, whoever else did."""
        idle, foreign, away = self.term(metric, "idle"), self.term(metric, "foreign"), self.kept_away(metric)
        if idle is None or foreign is None or away is None:
            return idle
        return idle + foreign - away

    def _rate_of(self, metric: str) -> float | None:
        foreign, work = self.term(metric, "foreign"), self._work(metric)
        return None if foreign is None or not work else foreign / work

    def _work(self, metric: str) -> float | None:
        probe, server = self.term(metric, "probe"), self.term(metric, "server")
        return None if probe is None or server is None else probe + server

    def blocks(self, name: str) -> list[float]:
        """One figure or term, block by block; empty where there is none."""
        return self._blocks.get(name, [])

    def ratios(self, metric: str, figure: str) -> list[float]:
        """Redis over reference, round by round; empty where it is not clear which blocks make a round."""
        ours, floor = self.blocks(f"{metric}.{figure}"), self.blocks(f"{REFERENCE}.{figure}")
        if len(ours) != len(floor):
            return []
        return [value / low for value, low in zip(ours, floor) if low > 0]

    def clean_ratios(self, metric: str, figure: str) -> list[float]:
        """Of the rounds that nobody disturbed."""
        ratios, shares = self.ratios(metric, figure), self._shares(metric)
        return [ratio for ratio, share in zip(ratios, shares) if share < _CLEAN] if len(ratios) == len(shares) else []

    def disturbed(self, metric: str) -> float:
        """The share of their time that others took from probe and server in the mean round, or at most may have taken;
        0.0 where there are no blocks."""
        shares = self._shares(metric)
        return sum(shares) / len(shares) if shares else 0.0

    def untold(self, metric: str) -> str:
        """Why the kernel did not tell what others took; empty where it did."""
        if all(self.blocks(f"{name}.foreign") or not self.blocks(f"{name}.wall") for name in (metric, REFERENCE)):
            return ""
        reasons = self._ledger.get("lacking")
        known = reasons if isinstance(reasons, Mapping) else {}
        return str(known.get("foreign") or known.get(f"{REFERENCE}.foreign") or "it is not told why")

    def _shares(self, metric: str) -> list[float]:
        """What others took of each round, of Redis or of the reference: of that which lost more."""
        return [max(pair) for pair in zip(*(self._taken(name) for name in (metric, REFERENCE)))]

    def _taken(self, name: str) -> list[float]:
        """The share of each block that others took; where the kernel does not tell, all that may have been theirs.

        A server that waits leaves its CPU to others; the reference never does.
        """
        walls, foreign = self.blocks(f"{name}.wall"), self.blocks(f"{name}.foreign")
        if foreign:
            rows = zip(walls, foreign, self.blocks(f"{name}.idle") or [0.0] * len(walls))
            return [other / wall if idle < _WAITS * wall else 0.0 for wall, other, idle in rows if wall > 0.0]
        known = [self.blocks(f"{name}.{term}") or [0.0] * len(walls) for term in ("probe", "server")]
        return [max(0.0, 1.0 - (probe + server) / wall) for wall, probe, server in zip(walls, *known) if wall > 0.0]

    def _mapping(self, name: str) -> Mapping[str, Any]:
        value = self._all.get(name)
        return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # a whole number beyond all floats
        return None


def _decoded(text: Any) -> Mapping[str, list[float]]:
    return _of_text(text) if isinstance(text, str) else {}


# Every gate and comparison asks for the same few: a look has two sides.
@lru_cache(maxsize=4)
def _of_text(text: str) -> Mapping[str, list[float]]:
    try:
        return series.decode(text)
    except BadInput:
        return {}
