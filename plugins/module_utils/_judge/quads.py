# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quads, and the differences that a test sees of them.

A tail is seldom smooth: where about one in a hundred round trips meets a burst of the server's own housekeeping, the
p99 jumps between two levels, from block to block and from quad to quad. So a figure of the tail is taken over batches,
few in number and growing with the sample, by medians of blocks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median

# Enough for any risk that is spent at a look: two in 2^24 is the smallest.
BATCHES = 24
FOREIGN = "foreign"
# A block of which others took less than this share is clean.
_CLEAN = 0.01
# What a figure of the tail is called at its end.
TAIL = "p99"


@dataclass(frozen=True)
class Quad:
    """``differences``: figure -> ln(B/A). ``null``: both arms had the same value.

    ``sides``: figure -> the logarithms of the blocks of A and of B. A figure of the tail that is there is compared by
    medians of batches; and of every figure that is there it is seen what the blocks say that nobody disturbed. The
    figure ``foreign`` is the share of wall time that others took, and no logarithm: of each block in ``sides``, or
    B - A in ``differences``.
    """

    differences: Mapping[str, float]
    null: bool = False
    sides: Mapping[str, tuple[Sequence[float], Sequence[float]]] = field(default_factory=dict)

    def has(self, figure: str) -> bool:
        """Whether it says anything of this figure."""
        if figure in self.sides:
            return all(side and all(map(math.isfinite, side)) for side in self.sides[figure])
        return math.isfinite(self.differences.get(figure, math.nan))


def values(quads: Sequence[Quad], figure: str) -> list[float]:
    """The differences ln(B/A) to test: one for each quad, or for each batch where the figure is one of the tail."""
    tail = figure.endswith(TAIL) and all(figure in quad.sides for quad in quads)
    if not tail and all(figure in quad.differences for quad in quads):
        return [quad.differences[figure] for quad in quads]
    return [_typical(batch, figure) for batch in _batches(quads)]


def clean_values(quads: Sequence[Quad], figure: str) -> list[float]:
    """By batches, from the blocks of a figure in ``sides`` that nobody disturbed; empty where that is not known."""
    if not all(figure in quad.sides and FOREIGN in quad.sides for quad in quads):
        return []
    kept = [replace(quad, sides={figure: (_clean(quad, figure, 0), _clean(quad, figure, 1))}) for quad in quads]
    batches = [
        batch for batch in _batches(kept) if all(any(quad.sides[figure][arm] for quad in batch) for arm in (0, 1))
    ]
    return [_typical(batch, figure) for batch in batches]


def foreign_difference(quad: Quad) -> float | None:
    """B - A of the share of wall time that others took; None where that is not known."""
    if FOREIGN in quad.sides:
        first, second = (fmean(side) for side in quad.sides[FOREIGN])
        return second - first
    return quad.differences.get(FOREIGN)


def _clean(quad: Quad, figure: str, arm: int) -> list[float]:
    return [value for value, share in zip(quad.sides[figure][arm], quad.sides[FOREIGN][arm]) if share < _CLEAN]


def _batches(quads: Sequence[Quad]) -> list[Sequence[Quad]]:
    """Neighbours together; at most BATCHES of them, as even as can be."""
    number = min(BATCHES, len(quads))
    ends = [place * len(quads) // number for place in range(number + 1)] if number else []
    return [quads[start:end] for start, end in zip(ends, ends[1:])]


def _typical(batch: Sequence[Quad], figure: str) -> float:
    first, second = (median(value for quad in batch for value in quad.sides[figure][arm]) for arm in (0, 1))
    return second - first
