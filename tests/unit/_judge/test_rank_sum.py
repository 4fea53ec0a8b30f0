# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rank-sum test against every way of drawing the sample, and against published tables."""

from __future__ import annotations

import itertools
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lowlat.redis.plugins.module_utils._judge import rank_sum
from ansible_collections.lowlat.redis.plugins.module_utils._judge.ranks import average_ranks

values = st.lists(st.integers(-1000, 1000).map(lambda number: number / 7), min_size=1, max_size=12)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 3), (4, 5), (3, 7)])
def test_the_distribution_is_that_of_all_draws(first: int, second: int) -> None:
    places = range(first + second)
    larger = [
        sum(b > a for b in drawn for a in places if a not in drawn) for drawn in itertools.combinations(places, second)
    ]
    for limit, share in enumerate(rank_sum.cumulative(first, second)):
        assert share == pytest.approx(sum(u <= limit for u in larger) / len(larger))


# Two-sided critical values of U (Mann and Whitney's tables).
@pytest.mark.parametrize(
    ("first", "second", "alpha", "critical"),
    [(5, 5, 0.05, 2), (8, 8, 0.05, 13), (20, 20, 0.05, 127), (20, 20, 0.01, 105), (4, 4, 0.05, 0)],
)
def test_critical_values_of_the_tables(first: int, second: int, alpha: float, critical: int) -> None:
    assert rank_sum.tail_rank(first, second, alpha / 2) == critical + 1


def test_beyond_the_exact_table_the_rank_goes_on_smoothly() -> None:
    steps = [rank_sum.tail_rank(50, n, 0.0025) for n in range(47, 54)]
    growth = [after - before for before, after in zip(steps, steps[1:])]
    assert max(growth) - min(growth) <= 3


@given(values, values, st.sampled_from([0.5, 0.2, 0.05]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_estimate_and_interval_are_those_of_all_differences(
    before: list[float], after: list[float], alpha: float
) -> None:
    differences = sorted(b - a for b in after for a in before)
    assert rank_sum.shift(before, after) == pytest.approx(statistics.median(differences), abs=1e-8)
    rank = rank_sum.tail_rank(len(before), len(after), alpha / 2)
    expected = (differences[rank - 1], differences[-rank]) if rank else (None, None)
    assert rank_sum.interval(before, after, alpha) == pytest.approx(expected, abs=1e-8)


def test_values_that_follow_their_neighbours_widen_the_interval() -> None:
    before = [float(number * 7919 % 101) for number in range(40)]
    after = [float(number * 7907 % 103) for number in range(40)]
    low, high = rank_sum.interval(before, after, 0.05)
    wider_low, wider_high = rank_sum.interval(before, after, 0.05, inflation=4.0)
    assert low is not None and high is not None and wider_low is not None and wider_high is not None
    assert wider_high - wider_low == pytest.approx(2 * (high - low), rel=0.2)


def test_p_values() -> None:
    assert rank_sum.p_value([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]) == pytest.approx(0.1)
    assert rank_sum.p_value([1.0], []) == 1.0
    assert rank_sum.p_value([3.0] * 5, [3.0] * 5) == 1.0
    # With ties, against every way of drawing the second sample from both.
    before, after = [1, 2, 2, 3, 4, 4, 5], [3, 4, 5, 5, 6, 6, 7, 8]
    ranks, ties = average_ranks([*before, *after])
    assert ties == 3 * (2**3 - 2) + 2 * (3**3 - 3)
    mean = len(after) * (len(ranks) + 1) / 2
    off = abs(sum(ranks[len(before) :]) - mean)
    drawn = [abs(sum(some) - mean) for some in itertools.combinations(ranks, len(after))]
    exact = sum(one >= off - 1e-9 for one in drawn) / len(drawn)
    assert rank_sum.p_value(before, after) == pytest.approx(exact, rel=0.4)


def test_empty_samples() -> None:
    assert rank_sum.interval([], [1.0], 0.05) == (None, None)
    with pytest.raises(ValueError, match="empty"):
        rank_sum.shift([], [1.0])
