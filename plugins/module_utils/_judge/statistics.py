# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantiles and their distribution-free confidence intervals, from order statistics."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Optional

Counts = Sequence[tuple[float, int]]
Bounds = tuple[Optional[float], Optional[float]]


def quantile_rank(count: int, quantile: float) -> int:
    """1-based rank of the nearest-rank quantile among ``count`` sorted values."""
    if count < 1 or not 0.0 < quantile <= 1.0:
        raise ValueError(f"no rank for quantile {quantile!r} of {count!r} values")
    # The subtraction keeps 0.99 * 2000 = 1980.0000000000002 from becoming rank 1981.
    return max(1, math.ceil(count * quantile - 1e-9))


def interval_ranks(count: int, quantile: float, confidence: float = 0.95) -> tuple[int | None, int | None]:
    """1-based ranks of the two order statistics that enclose the quantile with at least this confidence.

    With X ~ Binomial(count, quantile) the value of rank l lies above the quantile with probability P(X < l), and
    the value of rank u below it with P(X >= u). Each side may err by half of what the confidence leaves. ``None``
    on a side says that even the extreme value does not bound the quantile: there are too few values.
    """
    if count < 1 or not 0.0 < quantile < 1.0 or not 0.0 < confidence < 1.0:
        raise ValueError(f"no interval for quantile {quantile!r} of {count!r} values at confidence {confidence!r}")
    error = (1.0 - confidence) / 2.0
    lower = _last_rank_below(count, quantile, error)
    mirrored = _last_rank_below(count, 1.0 - quantile, error)
    upper = None if mirrored is None else count + 1 - mirrored
    return lower, upper


def _last_rank_below(count: int, probability: float, error: float) -> int | None:
    """The largest l with P(X < l) <= error for X ~ Binomial(count, probability); None if there is none above 0."""
    log_odds = math.log(probability) - math.log1p(-probability)
    # Below the mean by this many deviations the mass is nothing against ``error``; starting there keeps a million
    # values as cheap as a thousand.
    spread = math.sqrt(count * probability * (1.0 - probability))
    first = max(0, math.floor(count * probability - 12.0 * spread - 12.0))
    log_mass = (
        math.lgamma(count + 1)
        - math.lgamma(first + 1)
        - math.lgamma(count - first + 1)
        + first * math.log(probability)
        + (count - first) * math.log1p(-probability)
    )
    below = 0.0
    successes = first
    while successes < count:
        below += math.exp(log_mass)
        if below > error:
            break
        log_mass += log_odds + math.log((count - successes) / (successes + 1))
        successes += 1
    return successes if successes > 0 else None


def value_at(counts: Counts, rank: int) -> float:
    """The value of this 1-based rank in (value, count) pairs that are sorted by value."""
    seen = 0
    for value, number in counts:
        seen += number
        if seen >= rank:
            return value
    raise ValueError(f"rank {rank} of {seen} values")


def total(counts: Iterable[tuple[float, int]]) -> int:
    """How many values the pairs stand for."""
    return sum(number for _value, number in counts)


def quantile(counts: Counts, fraction: float) -> float:
    """The nearest-rank quantile of sorted (value, count) pairs."""
    return value_at(counts, quantile_rank(total(counts), fraction))


def figure_intervals(
    interval: Callable[[float, float], Bounds], fractions: Mapping[str, float]
) -> dict[str, list[float | None]]:
    """``{p50_interval, ..., jitter_interval}`` of the quantiles in ``fractions`` and of p99 - p50, with at least 95 %.

    ``interval`` gives that of a fraction at a confidence. The jitter's is as wide as both ends allow, since each
    quantile has half of the error.
    """
    found = {name: interval(fraction, 0.95) for name, fraction in fractions.items()}
    (low50, high50), (low99, high99) = (interval(fraction, 0.975) for fraction in (0.5, 0.99))
    found["jitter"] = (
        None if low99 is None or high50 is None else max(0.0, low99 - high50),
        None if high99 is None or low50 is None else high99 - low50,
    )
    return {
        f"{name}_interval": [None if end is None else round(end, 3) for end in bounds] for name, bounds in found.items()
    }
