# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Wilcoxon rank-sum (Mann-Whitney) test of two samples, and the interval of their shift by inversion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Optional

from .order_selection import median_rank_pair, pairwise_difference
from .ranks import average_ranks

Interval = tuple[Optional[float], Optional[float]]
# Up to so many pairs the distribution is exact.
EXACT_PAIRS = 2500


@lru_cache(maxsize=64)
def cumulative(first: int, second: int) -> tuple[float, ...]:
    """P(U <= u) for u = 0 .. m n, U the number of pairs in which the one of the second sample is the larger.

    The number of ways is the coefficient of q^u in the Gaussian binomial, the product of (1 - q^(n+i)) / (1 - q^i).
    """
    size = first * second + 1
    ways = [0] * size
    ways[0] = 1
    for i in range(1, first + 1):
        for u in range(size - 1, second + i - 1, -1):
            ways[u] -= ways[u - second - i]
        for u in range(i, size):
            ways[u] += ways[u - i]
    below, out, total = 0, [], math.comb(first + second, first)
    for number in ways:
        below += number
        out.append(below / total)
    return tuple(out)


def tail_rank(first: int, second: int, tail: float, inflation: float = 1.0) -> int:
    """The largest c with P(U <= c - 1) <= tail; 0: there is none.

    ``inflation`` multiplies the variance of U, for values that follow their neighbours; above 1 the normal
    distribution is used throughout.
    """
    if first * second <= EXACT_PAIRS and inflation <= 1.0:
        table = cumulative(min(first, second), max(first, second))
        found = 0
        while found < len(table) and table[found] <= tail:
            found += 1
        return found
    deviation = math.sqrt(inflation * first * second * (first + second + 1) / 12.0)
    return max(0, math.floor(first * second / 2.0 + NormalDist().inv_cdf(tail) * deviation - 0.5) + 1)


def shift(before: Sequence[float], after: Sequence[float]) -> float:
    """The Hodges-Lehmann estimate of after - before: the median of all differences. ValueError for an empty sample."""
    if not before or not after:
        raise ValueError("no shift against an empty sample")
    one, other = sorted(before), sorted(after)
    low, high = median_rank_pair(len(one) * len(other))
    first = pairwise_difference(one, other, low)
    return first if low == high else (first + pairwise_difference(one, other, high)) / 2.0


def interval(before: Sequence[float], after: Sequence[float], alpha: float, inflation: float = 1.0) -> Interval:
    """The interval that covers the shift with at least 1 - alpha; (None, None) where the samples are too small."""
    rank = tail_rank(len(before), len(after), alpha / 2.0, inflation) if before and after else 0
    if rank < 1:
        return None, None
    one, other = sorted(before), sorted(after)
    return (
        pairwise_difference(one, other, rank),
        pairwise_difference(one, other, len(one) * len(other) + 1 - rank),
    )


def p_value(before: Sequence[float], after: Sequence[float]) -> float:
    """Two-sided, of no shift; ties share their ranks. 1.0 for an empty sample."""
    first, second = len(before), len(after)
    if not first or not second:
        return 1.0
    ranks, ties = average_ranks([*before, *after])
    larger = sum(ranks[first:]) - second * (second + 1) / 2.0
    smaller = min(larger, first * second - larger)
    if first * second <= EXACT_PAIRS and not ties:
        return min(1.0, 2.0 * cumulative(min(first, second), max(first, second))[round(smaller)])
    number = first + second
    variance = first * second / 12.0 * (number + 1 - ties / (number * (number - 1.0)))
    if variance <= 0.0:
        return 1.0
    return min(1.0, 2.0 * NormalDist().cdf((smaller + 0.5 - first * second / 2.0) / math.sqrt(variance)))
