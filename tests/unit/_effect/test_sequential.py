# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import random

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._effect.sequential import cut, divided, holm, overall
from ansible_collections.lowlat.redis.plugins.module_utils._judge import signed_rank
from ansible_collections.lowlat.redis.plugins.module_utils._judge.looks import LOOKS, Quad

MARGINS = {"a": 0.02, "b": 0.02, "c": 0.02}


def quads(count: int, **centres: float) -> list[Quad]:
    source = random.Random(3)
    return [Quad({name: source.gauss(centre, 0.004) for name, centre in centres.items()}) for _quad in range(count)]


@pytest.mark.parametrize("hypotheses", [1, 2, 6, 48, 1000])
def test_a_look_is_taken_as_soon_as_its_share_of_the_risk_can_be_had(hypotheses: int) -> None:
    for (size, alpha), (first, whole) in zip(divided(LOOKS, hypotheses), LOOKS):
        assert alpha == pytest.approx(whole / hypotheses)
        assert size >= first
        assert signed_rank.tail_rank(size, alpha / 2) >= 1
        assert size == first or signed_rank.tail_rank(size - 1, alpha / 2) == 0


def test_the_last_look_is_taken_at_what_there_is() -> None:
    assert cut(LOOKS, 5) == [(5, 0.0005)]
    assert cut(LOOKS, 12) == [LOOKS[0]]
    assert cut(LOOKS, 13) == [LOOKS[0], (13, 0.0015)]
    assert cut(LOOKS, 192) == list(LOOKS)
    assert cut(LOOKS, 500) == list(LOOKS)


def test_a_figure_that_differs_leaves_its_risk_to_the_others() -> None:
    """By Holm's rule the second figure is judged as one of two, the third as one of one."""
    found = holm(quads(16, a=0.5, b=0.0, c=0.0), MARGINS)
    assert found["a"].verdict == "regression"
    assert found["a"].comparison.alpha == pytest.approx(0.0005 / 3)
    assert {found[name].comparison.alpha for name in "bc"} == {0.0005 / 2}
    assert list(found) == ["a", "b", "c"]


def test_risk_that_is_spent_elsewhere() -> None:
    found = holm(quads(20, a=0.5), {"a": 0.02}, beside=4)
    assert found["a"].comparison.alpha == pytest.approx(0.0005 / 5)


def test_with_no_more_quads_to_come_everything_is_over() -> None:
    few = quads(8, a=0.0, b=0.0)
    margins = {"a": 0.02, "b": 0.02}
    assert not any(found.over for found in holm(few, margins).values())
    found = holm(few, margins, over=True)
    assert all(one.over for one in found.values())
    assert {one.verdict for one in found.values()} == {"undecided"}


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["equivalent", "equivalent"], "equivalent"),
        (["equivalent", "improvement"], "improvement"),
        (["undecided", "improvement"], "undecided"),
        (["undecided", "regression", "improvement"], "regression"),
        ([], "undecided"),
    ],
)
def test_one_verdict_of_several(verdicts: list[str], expected: str) -> None:
    assert overall(verdicts) == expected


def drifting(step: float, count: int = 60) -> list[Quad]:
    """Effects that grow by ``step`` from quad to quad, up to 3.0 (twenty times as slow)."""
    source = random.Random(4)
    return [Quad({"a": 3.0 - step * (count - at) + source.gauss(0, 0.001)}) for at in range(count)]


def test_a_drift_that_is_small_beside_the_effect_is_no_doubt() -> None:
    found = holm(drifting(0.01), {"a": 0.02}, looks=[(48, 0.0015)])["a"]
    assert found.verdict == "regression"
    assert "drifts" in found.caps[0]


def test_a_drift_that_is_half_the_effect_is_one() -> None:
    found = holm(drifting(0.045), {"a": 0.02}, looks=[(48, 0.0015)])["a"]
    assert (found.verdict, found.comparison.verdict) == ("undecided", "regression")


def test_a_a_quads_that_differ_cap_an_effect_of_their_own_size_only() -> None:
    def nulls(centre: float) -> list[Quad]:
        return [Quad(quad.differences, null=True) for quad in quads(30, a=centre)]

    small, large = quads(48, a=0.05), quads(48, a=3.0)
    assert holm([*nulls(0.04), *small], {"a": 0.02})["a"].verdict == "undecided"
    assert holm([*nulls(0.04), *large], {"a": 0.02})["a"].verdict == "regression"
    assert holm([*nulls(0.0), *small], {"a": 0.02})["a"].verdict == "regression"
