# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A block in a few hundred bytes: its tail whole, and of the rest every few values one."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence

from .histogram import bucket_of

# An eighth of a block is its tail; the rest is kept in about so many values.
_TAIL = 8
_KEPT = 64


class Outline:
    """How many of a block's round trips lie above a bucket of the histogram: exact in the tail, nearly so below."""

    __slots__ = ("_body", "_step", "_tail", "size")

    def __init__(self, ordered: Sequence[int]) -> None:
        """Of nanoseconds, sorted."""
        self.size = len(ordered)
        below = self.size - -(-self.size // _TAIL)
        self._step = max(1, below // _KEPT)
        # The tail takes what makes up no whole step.
        below -= below % self._step
        self._body = array("H", map(bucket_of, ordered[self._step // 2 : below : self._step]))
        self._tail = array("H", map(bucket_of, ordered[below:]))

    def above(self, value: int) -> int:
        """How many have a higher bucket."""
        tail = self._tail
        if not tail or tail[0] <= value:
            return len(tail) - bisect_right(tail, value)
        return len(tail) + (len(self._body) - bisect_right(self._body, value)) * self._step
