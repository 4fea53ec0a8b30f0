# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks: when the quads suffice, what caps the verdict, and what a regression needs beside."""

from __future__ import annotations

import math
from random import Random

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge.comparison import (
    EQUIVALENT,
    IMPROVEMENT,
    REGRESSION,
    UNDECIDED,
    paired,
)
from ansible_collections.lowlat.redis.plugins.module_utils._judge.looks import (
    CONFIRMATION,
    LONG_LOOKS,
    LOOKS,
    Quad,
    confirm,
    decide,
    is_null,
)


def quads(
    count: int, effect: float, spread: float = 0.008, null: float = 0.0, seed: int = 1, **more: float
) -> list[Quad]:
    """So many quads that toggle, with the A/A quads among them."""
    random = Random(seed)
    found: list[Quad] = []
    while sum(not quad.null for quad in found) < count:
        same = is_null(len(found))
        difference = (null if same else math.log1p(effect)) + random.gauss(0.0, spread)
        found.append(Quad({"p50": difference, **({} if same else more)}, same))
    return found


def test_every_fourth_is_a_null() -> None:
    assert [is_null(number) for number in range(8)] == [False, False, False, True] * 2


@pytest.mark.parametrize(
    ("effect", "verdict"), [(0.0, EQUIVALENT), (0.02, REGRESSION), (0.04, REGRESSION), (-0.06, IMPROVEMENT)]
)
def test_a_clear_case_ends_early(effect: float, verdict: str) -> None:
    found = decide(quads(192, effect), "p50")
    assert found.verdict == verdict
    assert found.over
    assert found.look < 3


def test_more_is_asked_for_until_the_last_look() -> None:
    wild = quads(192, 0.0, spread=0.5)
    assert [decide(wild[:count], "p50").needs for count in (0, 4, 15)] == [12, 9, 0 + 48 - 12]
    last = decide(wild, "p50")
    assert (last.verdict, last.needs, last.look) == (UNDECIDED, 0, 3)
    assert last.comparison.samples == 192
    assert last.comparison.reason


def test_what_came_after_the_deciding_look_does_not_count() -> None:
    early = quads(12, 0.0, spread=0.004)
    late = quads(180, 0.3, seed=2)
    assert decide(early + late, "p50") == decide(early, "p50")


def test_looks_spend_half_a_percent() -> None:
    assert sum(alpha for _size, alpha in LOOKS) == pytest.approx(0.005)
    assert LONG_LOOKS[: len(LOOKS)] == LOOKS
    assert sum(alpha for _size, alpha in LONG_LOOKS) == pytest.approx(0.01)


def test_an_a_a_that_rejects_caps_the_verdict() -> None:
    found = decide(quads(60, 0.035, spread=0.03, null=0.06), "p50")
    assert found.comparison.verdict == REGRESSION
    assert found.verdict == UNDECIDED
    assert "A/A" in found.caps[0]
    assert found.to_dict()["caps"] == list(found.caps)


def test_a_difference_that_drifts_caps_the_verdict() -> None:
    steady = quads(48, 0.0, spread=0.03)
    drifting = [
        Quad({"p50": quad.differences["p50"] + (0.1 if number > 32 else 0.0)}, quad.null)
        for number, quad in enumerate(steady)
    ]
    found = decide(drifting, "p50")
    assert found.comparison.verdict == REGRESSION
    assert found.verdict == UNDECIDED
    assert "drifts" in found.caps[0]


def test_noise_beside_one_arm_only_caps_the_verdict() -> None:
    assert decide(quads(48, 0.05, foreign=0.001), "p50").verdict == REGRESSION
    found = decide(quads(48, 0.05, foreign=0.2), "p50")
    assert found.verdict == UNDECIDED
    assert "+20.0%" in found.caps[0]
    # It might as well hide a harm.
    assert decide(quads(48, 0.0, foreign=0.2), "p50").verdict == UNDECIDED


def blocks(effect: float, dirty: float, swayed: float, seed: int = 1) -> list[Quad]:
    """48 quads of blocks; of those of B this share is disturbed, and then shows so much more."""
    random = Random(seed)
    found = []
    for number in range(64):
        same = is_null(number)
        first = [random.gauss(0.0, 0.006) for _block in range(4)]
        hit = [not same and random.random() < dirty for _block in range(4)]
        harm = 0.0 if same else math.log1p(effect)
        second = [harm + random.gauss(0.0, 0.006) + swayed * one for one in hit]
        shares = [0.3 * one for one in hit]
        found.append(Quad({}, same, {"p50": (first, second), "foreign": ([0.0] * 4, shares)}))
    return found


@pytest.mark.parametrize(
    ("effect", "swayed", "verdict"),
    [
        (0.0, 0.0, EQUIVALENT),
        # The medians stand above a disturbed tenth, and the clean blocks agree.
        (0.0, 0.5, EQUIVALENT),
        (0.04, 0.5, REGRESSION),
        (0.04, -0.5, REGRESSION),
    ],
)
def test_noise_beside_one_arm_is_no_matter_where_clean_blocks_agree(effect: float, swayed: float, verdict: str) -> None:
    assert decide(blocks(effect, 0.1, swayed), "p50").verdict == verdict


@pytest.mark.parametrize(("effect", "swayed"), [(0.0, 0.05), (0.04, -0.04)])
def test_noise_that_makes_or_hides_a_harm_caps_the_verdict(effect: float, swayed: float) -> None:
    found = decide(blocks(effect, 0.75, swayed), "p50")
    assert found.comparison.verdict in (REGRESSION, EQUIVALENT)
    assert found.verdict == UNDECIDED
    assert any("others took" in cap for cap in found.caps)


def test_a_regression_shows_twice() -> None:
    slower = paired([0.05] * 12, 0.02, 0.0005)
    same = paired([0.0] * 12, 0.02, 0.0005)
    assert confirm(slower, slower) == REGRESSION
    assert confirm(slower, same) == UNDECIDED
    assert confirm(same, slower) == EQUIVALENT


def test_the_second_window_looks_as_often_and_asks_for_less() -> None:
    assert [size for size, _alpha in CONFIRMATION] == [size for size, _alpha in LOOKS]
    assert sum(alpha for _size, alpha in CONFIRMATION) == pytest.approx(0.01)


def test_quads_without_the_figure_do_not_count() -> None:
    holes = [Quad({"p50": math.nan}), Quad({"typical_p99": 0.1})] * 20
    assert decide(holes, "p50").needs == 12
    assert decide(holes + quads(12, 0.04), "p50").verdict == REGRESSION


def wild_tail(effect: float, seed: int) -> list[Quad]:
    """A p99 that jumps between two levels, as it does where one in a hundred meets the server's housekeeping."""
    random = Random(seed)
    found = []
    for number in range(256):
        same = is_null(number)
        first, second = (
            [math.log(random.choice((7.3, 7.3, 7.3, 15.0)) * random.gauss(1.0, 0.03)) for _block in range(2)]
            for _arm in range(2)
        )
        harm = 0.0 if same else math.log1p(effect)
        found.append(Quad({}, same, {"typical_p99": (first, [value + harm for value in second])}))
    return found


@pytest.mark.parametrize(("effect", "verdict"), [(0.0, EQUIVALENT), (0.05, REGRESSION)])
def test_medians_of_batches_see_through_a_tail_of_two_levels(effect: float, verdict: str) -> None:
    whole = [wild_tail(effect, seed) for seed in range(12)]
    assert [decide(some, "typical_p99").verdict for some in whole] == [verdict] * 12
    by_quad = [
        [Quad({"typical_p99": (sum(b) - sum(a)) / 2}, quad.null) for quad in some for a, b in quad.sides.values()]
        for some in whole
    ]
    assert [decide(some, "typical_p99").verdict for some in by_quad].count(verdict) < 12
