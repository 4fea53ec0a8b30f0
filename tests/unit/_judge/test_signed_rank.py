# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signed-rank test against every assignment of signs, and against published tables."""

from __future__ import annotations

import itertools
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lowlat.redis.plugins.module_utils._judge import signed_rank

values = st.lists(st.integers(-1000, 1000).map(lambda number: number / 7), min_size=1, max_size=30)


def all_signs(count: int) -> list[int]:
    ranks = range(1, count + 1)
    return [sum(itertools.compress(ranks, signs)) for signs in itertools.product((0, 1), repeat=count)]


def exact_tail(count: int, rank: int) -> float:
    """P(T <= rank - 1), from the recurrence over the largest rank."""
    ways = {0: 1}
    for largest in range(1, count + 1):
        longer = dict(ways)
        for total, number in ways.items():
            if total + largest < rank:
                longer[total + largest] = longer.get(total + largest, 0) + number
        ways = longer
    return sum(ways.values()) / 2**count


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_the_distribution_is_that_of_all_signs(count: int) -> None:
    sums = all_signs(count)
    table = signed_rank.cumulative(count)
    assert len(table) == count * (count + 1) // 2 + 1
    for limit, share in enumerate(table):
        assert share == sum(one <= limit for one in sums) / len(sums)


# Critical values of T for a two-sided 5 % and 1 %, as in the usual tables (Wilcoxon 1945; McCornack 1965).
@pytest.mark.parametrize(
    ("count", "alpha", "critical"), [(6, 0.05, 0), (10, 0.05, 8), (20, 0.05, 52), (20, 0.01, 37), (50, 0.05, 434)]
)
def test_critical_values_of_the_tables(count: int, alpha: float, critical: int) -> None:
    assert signed_rank.tail_rank(count, alpha / 2) == critical + 1


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.05, 0.003, 0.0005])
def test_beyond_the_exact_table_it_errs_by_little_and_on_the_safe_side(alpha: float) -> None:
    for count in (signed_rank.EXACT + 1, 100, 192):
        rank = signed_rank.tail_rank(count, alpha / 2)
        tail = exact_tail(count, rank)
        assert 0.6 * alpha / 2 < tail <= 1.02 * alpha / 2


@given(values, st.sampled_from([0.5, 0.2, 0.05]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_estimate_and_interval_are_those_of_all_walsh_averages(differences: list[float], alpha: float) -> None:
    averages = sorted((one + other) / 2 for one, other in itertools.combinations_with_replacement(differences, 2))
    assert signed_rank.centre(differences) == pytest.approx(statistics.median(averages), abs=1e-8)
    rank = signed_rank.tail_rank(len(differences), alpha / 2)
    expected = (averages[rank - 1], averages[-rank]) if rank else (None, None)
    assert signed_rank.interval(differences, alpha) == pytest.approx(expected, abs=1e-8)


def test_an_interval_without_zero_and_a_small_p_are_the_same_thing() -> None:
    differences = [0.011, 0.024, 0.003, 0.017, 0.031, -0.002, 0.013, 0.022, 0.019, 0.008, 0.015, 0.027]
    p = signed_rank.p_value(differences)
    assert p == 2 * 2 / 2**12
    low, _high = signed_rank.interval(differences, p + 1e-9)
    assert low is not None and low > 0
    low, _high = signed_rank.interval(differences, p - 1e-9)
    assert low is not None and low < 0


def test_too_few_differences_bound_nothing() -> None:
    assert signed_rank.interval([0.1] * 11, 0.0005) == (None, None)
    assert signed_rank.interval([0.1] * 12, 0.0005) == (0.1, 0.1)
    assert signed_rank.interval([], 0.05) == (None, None)
    with pytest.raises(ValueError, match="no differences"):
        signed_rank.centre([])


def test_ties_and_zeros() -> None:
    assert signed_rank.p_value([0.0, 0.0]) == 1.0
    assert signed_rank.p_value([]) == 1.0
    assert signed_rank.p_value([1.0, -1.0] * 40) == pytest.approx(1.0)
    # Against every assignment of signs to the shared ranks 1.5 .. 10.
    differences = [1, 1.5, 2, 2, 3, 3, 4, 4, -1, 5, -2.5, 6]
    ranks = [1.5, 3, 4.5, 4.5, 7.5, 7.5, 9.5, 9.5, 1.5, 11, 6, 12]
    sums = [sum(itertools.compress(ranks, signs)) for signs in itertools.product((0, 1), repeat=len(ranks))]
    exact = 2 * sum(one <= 1.5 + 6 for one in sums) / len(sums)
    assert signed_rank.p_value(differences) == pytest.approx(exact, rel=0.4)


def test_signs_alone() -> None:
    assert signed_rank.sign_p_value([1.0] * 5) == 2 / 32
    assert signed_rank.sign_p_value([1.0, -2.0, 0.0]) == 1.0
    assert signed_rank.sign_p_value([]) == 1.0
