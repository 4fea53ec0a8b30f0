# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three-valued comparisons: what is proven, and what is not."""

from __future__ import annotations

import json
import math
from random import Random

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge.autocorrelation import inflation
from ansible_collections.lowlat.redis.plugins.module_utils._judge.comparison import (
    EQUIVALENT,
    IMPROVEMENT,
    REGRESSION,
    UNDECIDED,
    paired,
    unpaired,
    verdict_of,
)


def noisy(effect: float, count: int, spread: float = 0.01, seed: int = 1) -> list[float]:
    random = Random(seed)
    return [math.log1p(effect) + random.gauss(0.0, spread) for _number in range(count)]


@pytest.mark.parametrize(
    ("effect", "verdict"),
    [(0.0, EQUIVALENT), (0.005, EQUIVALENT), (0.05, REGRESSION), (-0.05, IMPROVEMENT), (0.02, UNDECIDED)],
)
def test_a_pair_of_settings(effect: float, verdict: str) -> None:
    found = paired(noisy(effect, 48), margin=0.02, alpha=0.0015)
    low, high = found.interval
    assert found.verdict == verdict
    assert low is not None and high is not None
    assert low < effect < high
    assert found.effect == pytest.approx(effect, abs=0.005)
    assert found.harmless == (high < 0.02)


@pytest.mark.parametrize(("effect", "verdict"), [(0.0, EQUIVALENT), (0.05, REGRESSION), (-0.05, IMPROVEMENT)])
def test_before_and_after(effect: float, verdict: str) -> None:
    before = [1.2 * math.exp(value) for value in noisy(0.0, 60, seed=2)]
    after = [1.2 * math.exp(value) for value in noisy(effect, 50, seed=3)]
    found = unpaired(before, after, margin=0.02, alpha=0.01)
    assert found.verdict == verdict
    assert found.samples == 50
    assert found.effect == pytest.approx(effect, abs=0.006)


@pytest.mark.parametrize(
    ("low", "high", "effect", "harm", "verdict"),
    [
        (0.021, 0.03, 0.025, None, REGRESSION),
        (0.019, 0.03, 0.025, None, UNDECIDED),
        (0.019, 0.03, 0.025, 0.0, REGRESSION),
        # Proven slower, but nearer to nothing than to the margin.
        (0.001, 0.03, 0.009, 0.0, UNDECIDED),
        # Proven slower, and proven to be slower by less than the margin.
        (0.001, 0.019, 0.012, 0.0, EQUIVALENT),
        (-0.001, 0.03, 0.015, 0.0, UNDECIDED),
        (-0.03, -0.001, -0.015, 0.0, IMPROVEMENT),
        (-0.03, 0.019, -0.01, 0.0, UNDECIDED),
        (None, None, 0.5, 0.0, UNDECIDED),
    ],
)
def test_where_the_lines_are(
    low: float | None, high: float | None, effect: float, harm: float | None, verdict: str
) -> None:
    found, reason = verdict_of(effect, (low, high), 0.02, harm)
    assert found == verdict
    assert bool(reason) == (verdict == UNDECIDED)


def test_too_few_samples_decide_nothing() -> None:
    assert paired([0.5] * 11, 0.02, 0.0005).verdict == UNDECIDED
    assert paired([0.5] * 12, 0.02, 0.0005).verdict == REGRESSION
    for found in (paired([], 0.02, 0.05), unpaired([], [1.0], 0.02, 0.05), unpaired([1.0], [2.0], 0.02, 0.05)):
        assert found.verdict == UNDECIDED
        assert found.interval == (None, None)
        assert found.reason


def test_values_that_are_no_numbers_are_left_out() -> None:
    assert paired([0.5] * 12 + [math.nan, math.inf], 0.02, 0.0005).samples == 12
    assert unpaired([1.0, math.nan, 0.0, -1.0], [1.0, 1.0], 0.02, 0.05).samples == 1


def test_the_sign_test_has_a_say() -> None:
    # A few enormous differences and many small ones the other way: the ranks see harm, most quads do not.
    differences = [0.5 + number / 1000 for number in range(45)] + [-0.0001 - number / 1e6 for number in range(32)]
    found = paired(differences, 0.02, 0.05)
    assert found.check is not None and found.check > 0.05
    assert found.interval[0] is not None and found.interval[0] > 0.02
    assert found.verdict == UNDECIDED
    assert "sign test" in found.reason


def test_what_is_known_between_measurements_widens_the_interval() -> None:
    before = [math.exp(value) for value in noisy(0.0, 60, seed=2)]
    after = [math.exp(value) for value in noisy(0.03, 60, seed=3)]
    assert unpaired(before, after, 0.02, 0.05).verdict == REGRESSION
    assert unpaired(before, after, 0.02, 0.05, between=0.01).verdict == UNDECIDED


def test_a_wandering_series_is_worth_less() -> None:
    random = Random(5)
    level, wandering = 0.0, []
    for _number in range(120):
        level = 0.8 * level + random.gauss(0.0, 0.01)
        wandering.append(math.exp(level))
    shuffled = random.sample(wandering, len(wandering))
    assert inflation(wandering) > 3.0
    assert inflation(shuffled) < 1.5
    assert inflation([1.0] * 50) == 1.0

    def width(series: list[float]) -> float:
        low, high = unpaired(series, series, 0.02, 0.05).interval
        assert low is not None and high is not None
        return high - low

    assert width(wandering) > 1.5 * width(shuffled)


def test_the_same_input_gives_the_same_bytes() -> None:
    differences = noisy(0.01, 30)
    texts = {json.dumps(paired(differences, 0.02, 0.01).to_dict(), sort_keys=True) for _time in range(3)}
    assert len(texts) == 1
    assert json.loads(texts.pop())["samples"] == 30
