# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Confidence intervals of quantiles of values that come in clusters, told by how much their blocks differ."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from statistics import NormalDist
from typing import Optional, Protocol

from .autocorrelation import inflation
from .statistics import interval_ranks, quantile_rank
from .student import student

Numbers = Sequence[tuple[int, int]]
Ends = tuple[Optional[int], Optional[int]]

# How much farther out each next value is tried, in ranks; and after how many in vain no other is.
_STEP = 1.15
_IN_VAIN = 3
# Fewer stand for no cluster: what a fourth moment says of a variance is not known better than that.
_FEWEST_DEGREES = 3.0


class Block(Protocol):
    """Neighbours in time."""

    size: int

    def above(self, value: int) -> int:
        """How many of its values are greater."""


class Clusters:
    """Blocks of whole numbers, of which ``counts`` has them all as sorted (value, number) pairs.

    A value is out of the interval of a quantile if the share of all that lies beyond it would be too unlikely for as
    many independent ones as these are worth: their number, divided by the variance of the blocks' shares beyond that
    very value in units of what independent ones would have, and by Student's t squared in units of the normal
    deviate's. The degrees of freedom are those that the shares' kurtosis leaves: where few blocks make up the
    variance it is not known better than from so few.

    Blocks of something else that was measured ``beside`` them, in the same rounds, may have met what these happened
    to miss: what they say of a share as large counts if it is more.
    """

    def __init__(self, counts: Numbers, blocks: Sequence[Block]) -> None:
        self._values = [value for value, _number in counts]
        self._up_to = list(accumulate(number for _value, number in counts))
        self._count = self._up_to[-1]
        self._blocks = [block for block in blocks if block.size]
        self._sizes = [block.size for block in self._blocks]
        self._size = sum(self._sizes)
        self._known: dict[int, tuple[float, float, float]] = {}

    def interval(self, fraction: float, confidence: float = 0.95, beside: Sequence[Clusters] = ()) -> Ends:
        """Never narrower than that of independent values; ``None`` on a side that nothing bounds."""
        if len(self._blocks) < 2:
            return None, None
        error = (1.0 - confidence) / 2.0
        lower, upper = interval_ranks(self._count, fraction, confidence)
        alike = self._alike(self._value(quantile_rank(self._count, fraction)))
        others = [other for other in beside if len(other._blocks) > 1]

        def out(rank: int, least: int) -> bool:
            """Whether too few lie above the value of this rank, or (``least`` 1: from it on) too many."""
            share, deff = self._apart(self._value(rank) - least, error)
            for other in (None, *others):
                if other is not None:
                    _share, deff = other._apart(other._value(other._rank(rank, self)) - least, error)
                worth = self._count / max(1.0, deff * alike)
                some, likely = (1.0 - share, fraction) if least else (share, 1.0 - fraction)
                if _at_most(some * worth, worth, likely) > error:
                    return False
            return True

        middle = self._count * fraction
        return (
            None if lower is None else self._farthest(_outwards(middle, lower, 1), partial(out, least=1)),
            None if upper is None else self._farthest(_outwards(middle, upper, self._count), partial(out, least=0)),
        )

    def _farthest(self, ranks: Iterator[int], out: Callable[[int], bool]) -> int | None:
        """The value of the first of these ranks that, like those beyond it, is out; None if the last one is not."""
        found, in_vain = None, 0
        for rank in ranks:
            if not out(rank):
                found, in_vain = None, 0
                continue
            found = self._value(rank) if found is None else found
            in_vain += 1
            if in_vain == _IN_VAIN:
                break
        return found

    def _rank(self, rank: int, of: Clusters) -> int:
        """That which has as large a share of these values above it."""
        return min(self._count, max(1, round(rank * self._count / of._count)))

    def _value(self, rank: int) -> int:
        return self._values[bisect_left(self._up_to, rank)]

    def _alike(self, value: int) -> float:
        """By how much less the blocks are worth because neighbours resemble each other."""
        return inflation([block.above(value) / block.size for block in self._blocks])

    def _apart(self, value: int, error: float) -> tuple[float, float]:
        """The share that is greater, and its variance, with what is not known of it, in units of that of as many
        independent values."""
        known = self._known.get(value)
        if known is None:
            known = self._known[value] = self._spread(value)
        share, deff, degrees = known
        return share, deff * (student(1.0 - error, degrees) / NormalDist().inv_cdf(1.0 - error)) ** 2

    def _spread(self, value: int) -> tuple[float, float, float]:
        """The share that is greater, its variance in units of that of independent values, and degrees of freedom."""
        above = [block.above(value) for block in self._blocks]
        number, share = len(above), sum(above) / self._size
        if not 0.0 < share < 1.0:
            return share, 1.0, number - 1.0
        # Of what each block has too much: blocks need not be of one size.
        squares = [(many - share * size) ** 2 for many, size in zip(above, self._sizes)]
        power = sum(squares)
        if not power:
            return share, 0.0, number - 1.0
        deff = power / (number - 1) / (share * (1.0 - share) * self._size / number)
        kurtosis = number * sum(square * square for square in squares) / power**2
        degrees = 2.0 * number / (kurtosis - 1.0) if kurtosis > 1.0 else math.inf
        return share, deff, min(number - 1.0, max(_FEWEST_DEGREES, degrees))


def _outwards(middle: float, first: int, last: int) -> Iterator[int]:
    """Ranks from the first to the last, away from the middle, each step longer than the one before."""
    away = max(abs(first - middle), 1.0)
    sign = 1 if last >= first else -1
    rank = first
    while (last - rank) * sign > 0:
        yield rank
        away *= _STEP
        rank = max(rank + 1, math.ceil(middle + away)) if sign > 0 else min(rank - 1, math.floor(middle - away))
    yield last


def _at_most(successes: float, count: float, probability: float) -> float:
    """P(X <= successes) for X ~ Binomial(count, probability), neither of them whole (Camp and Paulson)."""
    if successes >= count:
        return 1.0
    failures, more = 1.0 / (9.0 * (count - successes)), 1.0 / (9.0 * (successes + 1.0))
    ratio = (successes + 1.0) * (1.0 - probability) / ((count - successes) * probability)
    spread = math.sqrt(more * ratio ** (2.0 / 3.0) + failures)
    return NormalDist().cdf(((1.0 - more) * ratio ** (1.0 / 3.0) - (1.0 - failures)) / spread)
