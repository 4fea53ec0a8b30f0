# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from itertools import combinations
from math import ceil, log2
from typing import Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._effect.bisection import Subset, search


def harmful(*groups: Subset) -> Callable[[Subset, bool], str]:
    """A tester for which exactly these groups do harm, each only as a whole."""

    def tester(subset: Subset, _whole: bool = False) -> str:
        return "regression" if any(set(group) <= set(subset) for group in groups) else "equivalent"

    return tester


@pytest.mark.parametrize("count", range(1, 10))
def test_a_harmless_bundle_costs_one_test_and_accuses_nobody(count: int) -> None:
    found = search(count, harmful())
    assert (found.groups, found.suspects, found.rest) == ([], (), "equivalent")
    assert found.tests == [(tuple(range(count)), True, "equivalent")]


@pytest.mark.parametrize("count", range(1, 10))
def test_every_single_culprit_is_found_in_few_tests(count: int) -> None:
    for guilty in range(count):
        found = search(count, harmful((guilty,)))
        assert found.groups == [(guilty,)]
        assert found.rest == ("equivalent" if count > 1 else "")
        assert len(found.tests) <= 2 * ceil(log2(count)) + 2 if count > 1 else 1


@pytest.mark.parametrize("count", range(2, 9))
def test_every_set_of_culprits_is_found_and_nobody_else(count: int) -> None:
    for size in range(2, count + 1):
        for guilty in combinations(range(count), size):
            found = search(count, harmful(*((one,) for one in guilty)))
            assert found.culprits == guilty
            assert all(len(group) == 1 for group in found.groups)


@pytest.mark.parametrize("count", range(2, 9))
def test_settings_that_do_harm_only_together_are_accused_together(count: int) -> None:
    for size in range(2, min(count, 4) + 1):
        for together in combinations(range(count), size):
            found = search(count, harmful(together))
            assert found.groups == [together]
            assert found.rest in ("equivalent", "")


def test_a_pair_and_a_single_one() -> None:
    for pair in combinations(range(8), 2):
        for single in set(range(8)) - set(pair):
            found = search(8, harmful(pair, (single,)))
            assert found.culprits == tuple(sorted((*pair, single)))
            assert sorted(found.groups) == sorted([pair, (single,)])


def test_no_part_of_a_whole_is_tested_twice() -> None:
    for together in combinations(range(8), 4):
        asked = search(8, harmful(together)).tests
        assert len(asked) == len(set(asked))


def test_a_part_is_tested_again_when_the_whole_is_another() -> None:
    """Of little account as long as a large one is among the wholes, at fault afterwards."""
    wholes = []

    def tester(subset: Subset, whole: bool) -> str:
        if whole:
            wholes.append(subset)
        return "regression" if 3 in subset or (2 in subset and 3 not in wholes[-1]) else "equivalent"

    assert search(4, tester).groups == [(3,), (2,)]


@pytest.mark.parametrize("verdict", ["equivalent", "improvement", "undecided"])
def test_a_bundle_that_does_not_regress_is_not_taken_apart(verdict: str) -> None:
    found = search(8, lambda _subset, _whole: verdict)
    assert (found.groups, found.suspects, found.rest, len(found.tests)) == ([], (), verdict, 1)


def test_a_test_without_an_answer_leaves_suspects_and_accuses_nobody() -> None:
    def tester(subset: Subset, _whole: bool = False) -> str:
        if len(subset) > 4:
            return "regression"
        return "undecided"

    found = search(8, tester)
    assert (found.groups, found.suspects) == ([], tuple(range(8)))


def test_an_undecided_half_does_not_stop_the_search_in_the_other() -> None:
    def tester(subset: Subset, _whole: bool = False) -> str:
        if 5 in subset:
            return "regression"
        return "undecided" if subset == (0, 1, 2, 3) else "equivalent"

    assert search(8, tester).groups == [(5,)]


def test_what_is_not_accused_may_remain_undecided() -> None:
    def tester(subset: Subset, _whole: bool = False) -> str:
        return "regression" if 0 in subset else "undecided"

    found = search(2, tester)
    assert (found.groups, found.rest) == ([(0,)], "undecided")


def test_an_improving_half_is_no_culprit() -> None:
    def tester(subset: Subset, _whole: bool = False) -> str:
        if 7 in subset:
            return "regression"
        return "improvement" if 0 in subset else "equivalent"

    found = search(8, tester)
    assert (found.groups, found.rest) == ([(7,)], "improvement")


def test_what_remains_is_asked_about_as_a_whole() -> None:
    """A small harm beside a large one does not show where a share of the large one is looked for."""

    def tester(subset: Subset, whole: bool) -> str:
        return "regression" if 0 in subset or (whole and 1 in subset) else "equivalent"

    assert search(2, tester).groups == [(0,), (1,)]
