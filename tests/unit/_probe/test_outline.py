# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a block says how many of its round trips are slower than any other."""

from __future__ import annotations

import sys
from bisect import bisect_right
from random import Random

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._probe.histogram import bucket_of
from ansible_collections.lowlat.redis.plugins.module_utils._probe.outline import Outline


def block(size: int) -> list[int]:
    random = Random(size)
    return sorted(int(random.lognormvariate(9.9, 0.4)) for _time in range(size))


@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 9, 64, 73, 74, 149, 500, 501, 4096])
def test_exact_in_the_tail_and_nearly_so_below(size: int) -> None:
    ordered = block(size)
    outline = Outline(ordered)
    assert outline.size == size
    buckets = [bucket_of(time) for time in ordered]
    for bucket in (-1, *buckets, 1 << 16):
        above = size - bisect_right(buckets, bucket)
        # The tail is an eighth, and steps are up to a 64th of the rest.
        allowed = 0 if above <= size // 8 else max(0, size // 64)
        assert abs(outline.above(bucket) - above) <= allowed
    assert outline.above(-1) == size


def test_equal_times() -> None:
    outline = Outline([7000] * 500)
    assert (outline.above(bucket_of(7000) - 1), outline.above(bucket_of(7000))) == (500, 0)


def test_a_block_that_hung_for_hours_and_one_without_time() -> None:
    outline = Outline([0] * 450 + [1 << 62] * 50)
    assert outline.above(bucket_of(1_000_000_000)) == 50
    assert outline.above(0) == 50


def test_it_is_small() -> None:
    outline = Outline(block(500))
    assert sys.getsizeof(outline) + sys.getsizeof(outline._body) + sys.getsizeof(outline._tail) < 600
