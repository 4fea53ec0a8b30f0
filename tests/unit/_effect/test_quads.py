# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from tests.unit._effect.bundle import P50, Bundle

FOREVER = 1e6


def orders(bundle: Bundle) -> list[str]:
    letters = "".join("B" if side else "A" for side in bundle.sides)
    return [letters[at : at + 4] for at in range(0, len(letters), 4)]


def test_quads_are_abba_or_baab_and_every_fourth_is_a_a() -> None:
    bundle = Bundle(1)
    compared = bundle.alternation().compare((), (0,), P50, FOREVER)
    found = orders(bundle)
    assert set(found[3::4]) == {"AAAA"}
    assert {order for number, order in enumerate(found) if number % 4 != 3} == {"ABBA", "BAAB"}
    assert [quad.null for quad in compared.quads[:8]] == [False, False, False, True] * 2


def test_the_seed_decides_the_order() -> None:
    def drawn(seed: int) -> list[str]:
        bundle = Bundle(1)
        bundle.alternation(seed).compare((), (0,), P50, FOREVER)
        return orders(bundle)

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


def test_every_side_begins_with_the_same_number_of_writes() -> None:
    """The A/A sides too: otherwise the writing itself would be measured."""
    bundle = Bundle(4)
    bundle.alternation().compare((3,), (0, 3), P50, FOREVER)
    assert len(bundle.writes) == len(bundle.sides)
    first, *others = bundle.writes
    assert sorted(first[0] + first[1]) == [0, 1, 2, 3]
    assert {write[0] + write[1] for write in others} == {(0,)}
    assert {3 in side for side in bundle.sides} == {True}


def test_another_comparison_begins_from_its_own_state() -> None:
    bundle = Bundle(3)
    alternation = bundle.alternation()
    alternation.compare((), (0, 1), P50, FOREVER)
    before = len(bundle.sides)
    alternation.compare((1,), (1, 2), P50, FOREVER)
    assert set(bundle.sides[before:]) == {frozenset({1}), frozenset({1, 2})}


@pytest.mark.parametrize(("harm", "verdict"), [(0.0, "equivalent"), (0.1, "regression"), (-0.1, "improvement")])
def test_the_effect_has_the_sign_of_the_second_state(harm: float, verdict: str) -> None:
    bundle = Bundle(1, {((0,), "rtt.p50"): harm})
    compared = bundle.alternation().compare((), (0,), {"rtt.p50": 0.02}, FOREVER)
    assert compared.verdict == verdict
    effect = compared.decisions["rtt.p50"].comparison.effect
    assert effect is not None
    assert abs(effect - harm) < 0.02


def test_it_ends_at_the_first_look_where_one_figure_regresses() -> None:
    bundle = Bundle(1, {((0,), "set_rtt.p50"): 0.5}, noise=0.05)
    compared = bundle.alternation().compare((), (0,), P50, FOREVER)
    assert compared.regressed == ["set_rtt.p50"]
    assert len(compared.quads) < 20


def test_it_ends_when_the_time_is_over() -> None:
    bundle = Bundle(1, noise=0.5)
    compared = bundle.alternation().compare((), (0,), P50, 100.0)
    assert compared.verdict == "undecided"
    assert len(compared.quads) == 25
    assert compared.seconds == 100.0
    # The last look was taken all the same.
    assert compared.decisions["rtt.p50"].comparison.samples == 19


def test_no_time_at_all() -> None:
    compared = Bundle(1).alternation().compare((), (0,), P50, 0.0)
    assert (compared.verdict, compared.quads) == ("undecided", [])


def test_only_what_is_judged_is_measured() -> None:
    asked: list[Any] = []
    bundle = Bundle(1)
    real = bundle.side
    bundle.side = lambda metrics: asked.append(tuple(metrics)) or real(metrics)  # type: ignore[method-assign,assignment,func-returns-value]
    bundle.alternation().compare((), (0,), {"set_rtt.p50": 0.02, "set_rtt.p99": 0.05}, FOREVER)
    assert set(asked) == {("set_rtt",)}


def test_figures_are_handed_on_side_by_side() -> None:
    compared = Bundle(1).alternation().compare((), (0,), {"rtt.p50": 0.02, "rtt.p99": 0.05}, FOREVER)
    for quad in compared.quads:
        assert set(quad.sides) == {"rtt.p50", "rtt.p90", "rtt.p99"}
        for figure, (first, second) in quad.sides.items():
            assert sum(second) / 2 - sum(first) / 2 == pytest.approx(quad.differences[figure])


def test_the_median_is_compared_quad_by_quad_and_the_tail_by_batches() -> None:
    compared = Bundle(1, noise=0.02).alternation().compare((), (0,), {"rtt.p50": 0.02, "rtt.p99": 0.02}, FOREVER)
    assert compared.decisions["rtt.p50"].comparison.samples >= 48
    assert compared.decisions["rtt.p99"].comparison.samples == 24


@pytest.mark.parametrize(("harm", "verdict"), [(0.0, "equivalent"), (0.04, "regression")])
def test_a_median_beside_company_is_believed_where_the_undisturbed_blocks_agree(harm: float, verdict: str) -> None:
    bundle = Bundle(1, {((0,), "rtt.p50"): harm})
    real = bundle.side

    def beside(metrics: Sequence[str]) -> dict[str, float]:
        return {**real(metrics), "foreign": 0.3 * (0 in bundle.new and bundle.random.random() < 0.4)}

    bundle.side = beside  # type: ignore[method-assign]
    compared = bundle.alternation().compare((), (0,), {"rtt.p50": 0.02}, FOREVER, looks=[(48, 0.0015)])
    assert compared.verdict == verdict
    assert not compared.decisions["rtt.p50"].caps


def test_a_second_value_that_only_has_more_company_is_not_accused() -> None:
    """Others run more often beside the new value: what is slower then proves nothing."""
    bundle = Bundle(1, {((0,), "rtt.p50"): 0.1})
    real = bundle.side

    def disturbed(metrics: Sequence[str]) -> dict[str, float]:
        return {**real(metrics), "foreign": 0.2 * (0 in bundle.new) + 0.001 * bundle.random.random()}

    bundle.side = disturbed  # type: ignore[method-assign]
    compared = bundle.alternation().compare((), (0,), {"rtt.p50": 0.02}, FOREVER)
    assert compared.verdict == "undecided"
    assert "others took" in compared.decisions["rtt.p50"].caps[0]


@pytest.mark.parametrize(("harm", "share"), [(3.0, 0.2), (6.0, 0.93)])
def test_a_server_that_waits_leaves_its_cpu_to_others(harm: float, share: float) -> None:
    """Without their part of it, it would be slower all the same."""
    bundle = Bundle(1, {((0,), "rtt.p50"): harm})
    real = bundle.side

    def waiting(metrics: Sequence[str]) -> dict[str, float]:
        return {**real(metrics), "foreign": share * (0 in bundle.new) + 0.001 * bundle.random.random()}

    bundle.side = waiting  # type: ignore[method-assign]
    # The margin of a part of a bundle is a quarter of the harm of the whole.
    compared = bundle.alternation().compare((), (0,), {"rtt.p50": max(0.02, math.expm1(harm) / 4)}, FOREVER)
    assert compared.verdict == "regression"
    assert "others took" in compared.decisions["rtt.p50"].caps[0]


@pytest.mark.parametrize(("share", "verdict"), [(0.15, "undecided"), (0.0, "regression")])
def test_no_tail_outweighs_the_time_of_others(share: float, verdict: str) -> None:
    """A few percent of the time make a multiple of it: they fall into the slowest round trips."""
    bundle = Bundle(1, {((0,), "rtt.p99"): 1.0})
    real = bundle.side

    def beside(metrics: Sequence[str]) -> dict[str, float]:
        return {**real(metrics), "foreign": share * (0 in bundle.new) + 0.001 * bundle.random.random()}

    bundle.side = beside  # type: ignore[method-assign]
    assert bundle.alternation().compare((), (0,), {"rtt.p99": 0.05}, FOREVER).verdict == verdict


@pytest.mark.parametrize(("harm", "verdict"), [(0.025, "undecided"), (-0.025, "undecided"), (0.5, "regression")])
def test_company_of_the_first_value_is_no_proof_either(harm: float, verdict: str) -> None:
    """It disturbs the reference as well, so that the first value may look faster beside it."""
    bundle = Bundle(1, {((0,), "rtt.p50"): harm})
    real = bundle.side

    def beside(metrics: Sequence[str]) -> dict[str, float]:
        return {**real(metrics), "foreign": 0.15 * (0 not in bundle.new) + 0.02 + 0.001 * bundle.random.random()}

    bundle.side = beside  # type: ignore[method-assign]
    assert bundle.alternation().compare((), (0,), {"rtt.p50": 0.02}, FOREVER).verdict == verdict


def test_what_the_kernel_tells_of_some_sides_only_is_left_out() -> None:
    bundle = Bundle(1)
    real = bundle.side

    def patchy(metrics: Sequence[str]) -> dict[str, float]:
        told = {"foreign": 0.1} if len(bundle.sides) % 3 else {}
        return {**real(metrics), **told}

    bundle.side = patchy  # type: ignore[method-assign]
    compared = bundle.alternation().compare((), (0,), {"rtt.p50": 0.02}, FOREVER)
    assert compared.verdict == "equivalent"
    assert any("foreign" not in quad.sides for quad in compared.quads)
