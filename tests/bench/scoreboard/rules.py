# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The usual rules: each sees the blocks of Redis before and after a change, and says whether to roll back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from statistics import NormalDist, fmean, variance

from ansible_collections.lowlat.redis.plugins.module_utils._judge import rank_sum
from ansible_collections.lowlat.redis.plugins.module_utils._judge.statistics import (
    Bounds,
    Counts,
    interval_ranks,
    quantile,
    total,
    value_at,
)

from .stream import BLOCK, FRACTIONS, P99, Block

# Blocks on each side: 12,000 round trips.
BLOCKS = 24
COUNTS = [round((high - low) * BLOCK) for low, high in zip((0.0, *FRACTIONS), FRACTIONS)]
_ALPHA = 0.01
# Where among the quantiles a hundred samples of a block lie, and how far beyond.
_PLACES = [
    max(0, min(len(FRACTIONS) - 2, sum(low <= (number + 0.5) / 100 for low in FRACTIONS) - 1)) for number in range(100)
]
_PARTS = [
    min(1.0, max(0.0, ((number + 0.5) / 100 - FRACTIONS[place]) / (FRACTIONS[place + 1] - FRACTIONS[place])))
    for number, place in enumerate(_PLACES)
]

Rule = Callable[[Sequence[Block], Sequence[Block]], bool]


def samples(blocks: Sequence[Block]) -> list[float]:
    """A hundred of each block's round trips."""
    return [
        block[place] + (block[place + 1] - block[place]) * part
        for block in blocks
        for place, part in zip(_PLACES, _PARTS)
    ]


def expanded(block: Block) -> list[int]:
    """A block's round trips in nanoseconds, each as long as the quantile that stands for it."""
    found: list[int] = []
    for value, number in zip(block, COUNTS):
        found += [round(value * 1000)] * number
    return found


def pooled(blocks: Sequence[Block]) -> Counts:
    return sorted(pair for block in blocks for pair in zip(block, COUNTS))


def quantile_interval(counts: Counts, fraction: float, confidence: float = 0.95) -> Bounds:
    """Of a quantile, if the values were independent."""
    lower, upper = interval_ranks(total(counts), fraction, confidence)
    return (
        None if lower is None else value_at(counts, lower),
        None if upper is None else value_at(counts, upper),
    )


def threshold(before: Sequence[Block], after: Sequence[Block]) -> bool:
    """The p99 grew by more than 5 %."""
    return quantile(pooled(after), 0.99) > 1.05 * quantile(pooled(before), 0.99)


def mann_whitney(before: Sequence[Block], after: Sequence[Block]) -> bool:
    """Mann-Whitney on the samples, at 1 %."""
    one, other = samples(before), samples(after)
    return rank_sum.p_value(one, other) < _ALPHA and sum(other) > sum(one)


def kayenta(before: Sequence[Block], after: Sequence[Block]) -> bool:
    """As Kayenta's judge ships: Mann-Whitney at 98 % on a figure per interval (here: the p99 of a block), the interval
    beyond a quarter of the estimate, and the means' ratio above 1.
    """
    one, other = [block[P99] for block in before], [block[P99] for block in after]
    low, _high = rank_sum.interval(one, other, 0.02)
    return low is not None and low > 0.25 * abs(rank_sum.shift(one, other)) and fmean(other) > fmean(one)


def pooled_t(before: Sequence[Block], after: Sequence[Block]) -> bool:
    """Student's t on the samples, at 1 %."""
    one, other = samples(before), samples(after)
    spread = (variance(one) + variance(other)) / 2.0
    error = math.sqrt(spread * (1.0 / len(one) + 1.0 / len(other)))
    return (fmean(other) - fmean(one)) / error > NormalDist().inv_cdf(1.0 - _ALPHA)


def interval_overlap(before: Sequence[Block], after: Sequence[Block]) -> bool:
    """The 95 % intervals of the two p99s do not overlap."""
    (_low, high), (low, _high) = (quantile_interval(pooled(side), 0.99) for side in (before, after))
    return high is not None and low is not None and low > high


RULES: dict[str, Rule] = {
    "p99 + 5 %": threshold,
    "Mann-Whitney": mann_whitney,
    "Kayenta": kayenta,
    "pooled t": pooled_t,
    "interval overlap": interval_overlap,
}


def binomial_interval(hits: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share."""
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if hits == 0 else _solve(lambda share: 1.0 - _below(hits - 1, trials, share), tail)
    high = 1.0 if hits == trials else _solve(lambda share: -_below(hits, trials, share), -tail)
    return low, high


def _below(hits: int, trials: int, share: float) -> float:
    """P(X <= hits)."""
    if share <= 0.0 or share >= 1.0:
        return 1.0 if share <= 0.0 else 0.0
    odds = math.log(share) - math.log1p(-share)
    first = trials * math.log1p(-share)
    steps = (math.log((trials - k) / (k + 1)) + odds for k in range(hits))
    return min(1.0, sum(math.exp(mass) for mass in accumulate(steps, initial=first)))


def _solve(rising: Callable[[float], float], wanted: float) -> float:
    low, high = 0.0, 1.0
    for _step in range(50):
        middle = (low + high) / 2.0
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return high
