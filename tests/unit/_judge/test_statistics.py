# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Order statistics against numbers worked out independently."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lowlat.redis.plugins.module_utils._judge import statistics


def below(count: int, probability: float, rank: int) -> float:
    """P(X < rank) for X ~ Binomial(count, probability), term by term."""
    return sum(math.comb(count, k) * probability**k * (1 - probability) ** (count - k) for k in range(rank))


@pytest.mark.parametrize(
    ("count", "quantile", "rank"),
    [(1, 0.99, 1), (100, 0.99, 99), (2000, 0.99, 1980), (6000, 0.999, 5994), (3, 0.5, 2), (7, 1.0, 7), (5, 0.01, 1)],
)
def test_rank_of_a_quantile(count: int, quantile: float, rank: int) -> None:
    assert statistics.quantile_rank(count, quantile) == rank


@pytest.mark.parametrize(("count", "quantile"), [(0, 0.5), (5, 0.0), (5, 1.1)])
def test_no_rank_of_nothing(count: int, quantile: float) -> None:
    with pytest.raises(ValueError, match="no rank"):
        statistics.quantile_rank(count, quantile)


@given(st.integers(1, 400), st.sampled_from([0.5, 0.9, 0.99, 0.999]), st.sampled_from([0.9, 0.95, 0.99]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_interval_holds_its_confidence_and_is_the_narrowest(count: int, quantile: float, confidence: float) -> None:
    error = (1 - confidence) / 2
    lower, upper = statistics.interval_ranks(count, quantile, confidence)
    lowest = 0 if lower is None else lower
    assert below(count, quantile, lowest) <= error < below(count, quantile, lowest + 1)
    highest = count + 1 if upper is None else upper
    assert 1 - below(count, quantile, highest) <= error + 1e-12
    assert 1 - below(count, quantile, highest - 1) > error - 1e-12


def test_too_few_values_bound_nothing() -> None:
    assert statistics.interval_ranks(1, 0.5) == (None, None)
    lower, upper = statistics.interval_ranks(100, 0.99)
    assert lower is not None
    assert upper is None


def test_a_million_values_are_cheap_and_right() -> None:
    lower, upper = statistics.interval_ranks(1_000_000, 0.99)
    assert lower is not None
    assert upper is not None
    half_width = 1.96 * math.sqrt(1_000_000 * 0.99 * 0.01)
    assert lower == pytest.approx(990_000 - half_width, abs=2)
    assert upper == pytest.approx(990_000 + half_width, abs=2)


@pytest.mark.parametrize(("count", "quantile", "confidence"), [(0, 0.5, 0.95), (5, 1.0, 0.95), (5, 0.5, 1.0)])
def test_no_interval_of_nonsense(count: int, quantile: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="no interval"):
        statistics.interval_ranks(count, quantile, confidence)


def test_counts_stand_for_the_values_they_count() -> None:
    counts = [(1.0, 10), (2.0, 980), (50.0, 10)]
    assert statistics.total(counts) == 1000
    assert statistics.quantile(counts, 0.5) == 2.0
    assert statistics.quantile(counts, 0.99) == 2.0
    assert statistics.quantile(counts, 0.991) == 50.0
    with pytest.raises(ValueError, match="rank"):
        statistics.value_at(counts, 1001)
