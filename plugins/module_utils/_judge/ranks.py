# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranks in which equal values share the mean of theirs."""

from __future__ import annotations

from collections.abc import Sequence


def average_ranks(values: Sequence[float]) -> tuple[list[float], int]:
    """The 1-based rank of each value, and the sum of t^3 - t over the groups of t equal values (0 without ties)."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    ties = 0
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        shared = (start + 1 + end) / 2.0
        for place in order[start:end]:
            ranks[place] = shared
        ties += (end - start) ** 3 - (end - start)
        start = end
    return ranks, ties
