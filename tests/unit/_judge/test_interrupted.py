# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Round trips that others ran in are the slowest ones, as many as make up what others took."""

from __future__ import annotations

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge.interrupted import undisturbed

TYPICAL = [7.0] * 490 + [7.5, 7.6, 7.7, 7.8, 8.0, 8.2, 8.5, 9.0, 10.0, 12.0]
# Each takes the time of a few round trips besides.
HIT = [128.0, 228.0, 328.0]


@pytest.mark.parametrize(
    ("slowest", "taken", "removed"),
    [
        ([], 0.0, 0),
        (HIT, 600.0, 3),
        (HIT, 0.0, 0),
        # What is left of it is less than half of what the next one would make up.
        (HIT, 400.0, 2),
        # As slow as those, but nobody else ran: that is the server's own.
        ([128.0] * 6, 200.0, 2),
        # No slower than what being interrupted costs by itself.
        ([20.0] * 6, 600.0, 0),
        # Others took most of the block: no more than a twentieth is left out.
        ([1000.0] * 60, 60_000.0, 25),
    ],
)
def test_as_many_of_the_slowest_as_others_took(slowest: list[float], taken: float, removed: int) -> None:
    ordered = sorted([*TYPICAL, *slowest])[-500:]
    assert undisturbed(ordered, taken) == 500 - removed


@pytest.mark.parametrize("count", [1, 19, 25])
def test_of_a_few_round_trips_something_is_left(count: int) -> None:
    assert 0 < undisturbed([7.0] * (count - 1) + [5000.0], 1e9) <= count
