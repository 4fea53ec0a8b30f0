# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals of quantiles of values that come in clusters, on made-up blocks of which the truth is known."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from random import Random

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge.clustered import Clusters
from ansible_collections.lowlat.redis.plugins.module_utils._judge.student import student
from tests.bench.scoreboard.rules import quantile_interval

SIZE = 100
# One block in eight has 15 of its values between 2000 and 3000, all others lie between 0 and 1000.
EVERY, LATE = 8, 15
TRUE_P99 = 3000 - 1000 * 0.01 * EVERY * SIZE / LATE


class Whole(list[int]):
    """A block with all of its values."""

    @property
    def size(self) -> int:
        return len(self)

    def above(self, value: int) -> int:
        return len(self) - bisect_right(self, value)


def counts(blocks: Sequence[Whole]) -> list[tuple[int, int]]:
    return sorted(Counter(value for block in blocks for value in block).items())


def clusters(blocks: Sequence[Whole]) -> Clusters:
    return Clusters(counts(blocks), blocks)


def independent(random: Random) -> Whole:
    return Whole(sorted(int(1000 * random.random()) for _value in range(SIZE)))


def burst(random: Random) -> Whole:
    late = [2000 + int(1000 * random.random()) for _value in range(LATE)]
    return Whole(sorted([int(1000 * random.random()) for _value in range(SIZE - LATE)] + late))


def clustered(random: Random) -> Whole:
    return burst(random) if random.randrange(EVERY) == 0 else independent(random)


def drifting(random: Random) -> list[Whole]:
    """48 blocks, each of which is much like the one before; over all time their median is 500."""
    found, level = [], random.gauss(0, 200)
    for _block in range(48):
        level = 0.8 * level + 0.6 * random.gauss(0, 200)
        found.append(Whole(sorted(int(level + 1000 * random.random()) for _value in range(SIZE))))
    return found


def made(block: Callable[[Random], Whole], number: int, seed: str) -> list[Whole]:
    random = Random(seed)
    return [block(random) for _block in range(number)]


def holds(ends: Sequence[float | None], truth: float) -> bool:
    low, high = ends
    return (low is None or low <= truth) and (high is None or truth <= high)


def width(ends: Sequence[float | None]) -> float:
    low, high = ends
    assert low is not None
    assert high is not None
    return high - low


def test_of_clusters_as_many_hold_the_truth_as_they_say() -> None:
    trials = [made(clustered, 48, f"clusters {number}") for number in range(30)]
    ours = [holds(clusters(trial).interval(0.99), TRUE_P99) for trial in trials]
    taken_for_independent = [holds(quantile_interval(counts(trial), 0.99), TRUE_P99) for trial in trials]
    assert sum(ours) >= 27
    assert sum(taken_for_independent) <= 22


def test_of_blocks_that_follow_their_neighbours_too() -> None:
    trials = [drifting(Random(f"drift {number}")) for number in range(20)]
    ours = [clusters(trial).interval(0.5) for trial in trials]
    shuffled = [clusters(Random(7).sample(trial, 48)).interval(0.5) for trial in trials]
    assert sum(holds(ends, 500) for ends in ours) >= 17
    assert sum(holds(ends, 500) for ends in shuffled) <= 14


@pytest.mark.parametrize("fraction", [0.5, 0.99])
def test_independent_values_pay_little_for_it(fraction: float) -> None:
    trials = [made(independent, 48, f"independent {number}") for number in range(15)]
    ours = [width(clusters(trial).interval(fraction)) for trial in trials]
    narrowest = [width(quantile_interval(counts(trial), fraction)) for trial in trials]
    assert all(one >= other for one, other in zip(ours, narrowest))
    assert sum(ours) <= 1.3 * sum(narrowest)


def test_fewer_blocks_know_less() -> None:
    widths = [width(clusters(made(independent, number, "fewer")).interval(0.5)) for number in (4, 12, 48)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 4 * widths[2]


@pytest.mark.parametrize("blocks", [[], [Whole()]])
def test_one_block_bounds_nothing(blocks: list[Whole]) -> None:
    """Nothing tells how far the next one would lie from it; and one without values is none."""
    one = clusters([independent(Random("one")), *blocks])
    assert one.interval(0.5) == (None, None)


def test_two_blocks_bound_next_to_nothing() -> None:
    """What they differ by is known from a single difference: Student's t is 12.7, and 2000 values are worth
    48, of which none above the greatest is no wonder."""
    two = [Whole(sorted(chain(*made(independent, 10, f"two {number}")))) for number in range(2)]
    assert quantile_interval(counts(two), 0.99)[1] is not None
    assert clusters(two).interval(0.99)[1] is None
    assert None not in clusters(made(independent, 4, "four")).interval(0.5)


def test_equal_values_are_their_own_interval() -> None:
    assert clusters([Whole([7] * SIZE) for _block in range(12)]).interval(0.5) == (7, 7)
    assert clusters([Whole([7] * SIZE) for _block in range(12)]).interval(0.99) == (7, 7)


def test_too_few_values_bound_nothing_however_alike() -> None:
    """99 % of 12 values: the greatest says nothing of what lies above."""
    assert clusters([Whole([7]) for _block in range(12)]).interval(0.99) == (7, None)
    assert clusters([Whole([7]) for _block in range(3)]).interval(0.5) == (None, None)


def test_blocks_of_all_sizes_count_by_their_values() -> None:
    """A few values on their own, far off: a whole block of its own, and yet next to nothing."""
    blocks = made(independent, 48, "sizes")
    few = [Whole([5000]), *blocks]
    assert width(clusters(few).interval(0.5)) <= 1.1 * width(clusters(blocks).interval(0.5))


def test_clusters_that_something_else_met_in_the_same_rounds_count() -> None:
    lucky = clusters(made(independent, 12, "lucky"))
    unlucky = clusters([burst(Random("unlucky")), *made(independent, 11, "the rest")])
    alone, warned = lucky.interval(0.9), lucky.interval(0.9, beside=[unlucky])
    assert width(warned) > 1.5 * width(alone)
    assert holds(warned, alone[0] or 0)


def test_more_beside_it_never_makes_it_narrower() -> None:
    own, calm = clusters(made(clustered, 24, "own")), clusters(made(independent, 24, "calm"))
    assert own.interval(0.9, beside=[calm]) == own.interval(0.9)
    # A single block tells of no difference.
    assert calm.interval(0.99, beside=[clusters(made(burst, 1, "one"))]) == calm.interval(0.99)


@pytest.mark.parametrize(
    ("degrees", "quantile"), [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (11, 2.2010), (1e9, 1.9600)]
)
def test_students_quantiles_are_those_of_the_tables(degrees: float, quantile: float) -> None:
    assert student(0.975, degrees) == pytest.approx(quantile, rel=2e-3)
