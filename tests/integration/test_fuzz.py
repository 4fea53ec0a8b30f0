# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fixed set of inputs that nobody meant; ``./dev bench fuzz`` tries other ones, and more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.areas import NAMES, Fuzz

CASES = {
    "parsed": 300,
    "judged": 300,
    "measured": 100,
    "decoded": 200,
    "planned": 200,
    "toggled": 100,
    "applied": 15,
    "journal_read": 100,
    "journal_rolled_back": 60,
    "config": 30,
    "start": 5,
}


@pytest.fixture(scope="module")
def fuzz() -> Iterator[Fuzz]:
    with Fuzz() as made:
        yield made


@pytest.mark.slow
# Of jmespath, for a gate whose query has an old way of writing a text in it.
@pytest.mark.filterwarnings("ignore:deprecated string literal syntax")
@pytest.mark.parametrize("area", NAMES)
def test_bad_input_is_answered_and_changes_nothing(fuzz: Fuzz, area: str) -> None:
    assert fuzz.run(area, range(CASES[area])) == []
