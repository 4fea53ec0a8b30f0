# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The k-th smallest of all pairs' means or differences, without ever making the pairs.

There are n (n + 1) / 2 means of two out of n values and m x n differences between two samples; 20,000 values would
have 200 million. How many of them lie below a line is counted in one pass over the sorted values, so the k-th is found
by halving the range in which it lies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

# Halvings: from any range down to what a float can tell apart.
_MOST_STEPS = 80
# The figures are logarithms of ratios: this is a millionth of a percent.
_RESOLUTION = 1e-10


def walsh_average(ordered: Sequence[float], rank: int) -> float:
    """The ``rank``-th smallest (1-based) of the means (x[i] + x[j]) / 2 with i <= j, to within 1e-10."""

    def at_most(line: float) -> int:
        limit = 2.0 * line
        number = 0
        end = len(ordered)
        for start, value in enumerate(ordered):
            while end > start and value + ordered[end - 1] > limit:
                end -= 1
            if end <= start:
                break
            number += end - start
        return number

    return _halve(at_most, ordered[0], ordered[-1], rank)


def pairwise_difference(before: Sequence[float], after: Sequence[float], rank: int) -> float:
    """The ``rank``-th smallest (1-based) of the differences after[j] - before[i] of two sorted samples, to 1e-10."""

    def at_most(line: float) -> int:
        number = 0
        end = 0
        size = len(after)
        for value in before:
            limit = value + line
            while end < size and after[end] <= limit:
                end += 1
            number += end
        return number

    return _halve(at_most, after[0] - before[-1], after[-1] - before[0], rank)


def median_rank_pair(pairs: int) -> tuple[int, int]:
    """The 1-based ranks whose mean is the median of so many values."""
    return (pairs + 1) // 2, pairs // 2 + 1


def _halve(at_most: Callable[[float], int], low: float, high: float, rank: int) -> float:
    """The smallest line with at least ``rank`` values at or below it; all values lie in [low, high]."""
    if at_most(low) >= rank:
        return low
    for _step in range(_MOST_STEPS):
        if high - low <= _RESOLUTION:
            break
        middle = low + (high - low) / 2.0
        if not math.isfinite(middle) or middle in (low, high):
            break
        if at_most(middle) >= rank:
            high = middle
        else:
            low = middle
    return high
