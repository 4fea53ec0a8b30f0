# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Wilcoxon signed-rank test of paired differences, and the interval that it yields by inversion.

It asks of the differences only that they are symmetric about their centre, which drawing the order within each quad
at random makes true; no distribution is assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Optional

from .order_selection import median_rank_pair, walsh_average
from .ranks import average_ranks

Interval = tuple[Optional[float], Optional[float]]
# Up to here the distribution is exact; the normal one is then good to a percent of the tail, on the safe side.
EXACT = 60


@lru_cache(maxsize=EXACT + 1)
def cumulative(count: int) -> tuple[float, ...]:
    """P(T <= t) for t = 0 .. n (n + 1) / 2, T the sum of the ranks of the positive ones among n differences."""
    ways = [1]
    for rank in range(1, count + 1):
        longer = ways + [0] * rank
        for total, number in enumerate(ways):
            longer[total + rank] += number
        ways = longer
    below, out = 0, []
    for number in ways:
        below += number
        # Whole numbers until here: no rounding is added up.
        out.append(below / (1 << count))
    return tuple(out)


def tail_rank(count: int, tail: float) -> int:
    """The largest c with P(T <= c - 1) <= tail: the interval begins at the c-th Walsh average. 0: there is none."""
    if count <= EXACT:
        table = cumulative(count)
        found = 0
        while found < len(table) and table[found] <= tail:
            found += 1
        return found
    mean = count * (count + 1) / 4.0
    deviation = math.sqrt(count * (count + 1) * (2 * count + 1) / 24.0)
    return max(0, math.floor(mean + NormalDist().inv_cdf(tail) * deviation - 0.5) + 1)


def centre(differences: Sequence[float]) -> float:
    """The Hodges-Lehmann estimate: the median of all means of two. ValueError for no differences."""
    if not differences:
        raise ValueError("no centre of no differences")
    ordered = sorted(differences)
    low, high = median_rank_pair(_pairs(len(ordered)))
    first = walsh_average(ordered, low)
    return first if low == high else (first + walsh_average(ordered, high)) / 2.0


def interval(differences: Sequence[float], alpha: float) -> Interval:
    """The interval that covers the centre with at least 1 - alpha; (None, None) where there are too few differences."""
    rank = tail_rank(len(differences), alpha / 2.0)
    if rank < 1:
        return None, None
    ordered = sorted(differences)
    return walsh_average(ordered, rank), walsh_average(ordered, _pairs(len(ordered)) + 1 - rank)


def p_value(differences: Sequence[float]) -> float:
    """Two-sided, of no difference. Zeros are left out; ties share their ranks. 1.0 where nothing is left."""
    rest = [value for value in differences if value]
    count = len(rest)
    if not count:
        return 1.0
    ranks, ties = average_ranks([abs(value) for value in rest])
    positive = sum(rank for rank, value in zip(ranks, rest) if value > 0.0)
    smaller = min(positive, count * (count + 1) / 2.0 - positive)
    if count <= EXACT and not ties:
        return min(1.0, 2.0 * cumulative(count)[round(smaller)])
    mean = count * (count + 1) / 4.0
    variance = count * (count + 1) * (2 * count + 1) / 24.0 - ties / 48.0
    if variance <= 0.0:
        return 1.0
    return min(1.0, 2.0 * NormalDist().cdf((smaller + 0.5 - mean) / math.sqrt(variance)))


def sign_p_value(differences: Sequence[float]) -> float:
    """Two-sided sign test of no difference: how many are positive, whatever their size."""
    positive = sum(value > 0.0 for value in differences)
    count = positive + sum(value < 0.0 for value in differences)
    if not count:
        return 1.0
    fewer = min(positive, count - positive)
    return min(1.0, 2.0 * sum(math.comb(count, k) for k in range(fewer + 1)) / (1 << count))


def _pairs(count: int) -> int:
    return count * (count + 1) // 2
