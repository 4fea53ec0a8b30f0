# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._probe.blocks import (
    Series,
    append,
    figures_of,
    joined,
    relative,
)


def test_figures_are_nearest_ranks_in_microseconds() -> None:
    assert figures_of(range(100_000, 0, -1000)) == {"p50": 50, "p90": 90, "p99": 99}
    assert figures_of([7000]) == {"p50": 7, "p90": 7, "p99": 7}


def series(own: list[float], floor: list[float]) -> Series:
    found: Series = {}
    for metric, values in (("rtt", own), ("reference", floor)):
        for value in values:
            append(found, metric, {"p50": value, "p90": value, "p99": value})
    return found


def test_a_host_that_slows_both_down_changes_nothing() -> None:
    host = [1.0, 3.0, 1.5, 10.0, 1.0, 2.0]
    found = relative(series([24 * h for h in host], [20 * h for h in host]), "rtt", "reference")
    assert found["p50"] == found["p99"] == 1.2
    assert found["p50_interval"] == [1.2, 1.2]
    assert found["blocks"] == 6


def test_blocks_are_paired_by_round() -> None:
    assert relative(series([2, 4, 6], [1, 4, 3]), "rtt", "reference")["p50"] == 2


def test_the_interval_is_that_of_the_median_by_order_statistics() -> None:
    ten = [float(n) for n in range(1, 11)]
    # Ranks 2 and 9 of ten cover the median with 97.9 %, 3 and 8 with 89 %.
    assert relative(series(ten, [1.0] * 10), "rtt", "reference")["p50_interval"] == [2, 9]


@pytest.mark.parametrize(("blocks", "interval"), [(5, [None, None]), (6, [1.0, 6.0])])
def test_too_few_blocks_carry_no_interval(blocks: int, interval: list[float | None]) -> None:
    own = [float(n) for n in range(1, blocks + 1)]
    assert relative(series(own, [1.0] * blocks), "rtt", "reference")["p90_interval"] == interval


def test_runs_are_joined_in_their_order_and_only_what_is_wanted() -> None:
    parts = [{"rtt.p50": [1.0, 2.0], "rtt.wall": [5.0], "set_rtt.p50": [9.0]}, {"rtt.p50": [3.0]}]
    assert joined(parts, ["rtt"]) == {"rtt.p50": [1.0, 2.0, 3.0], "rtt.wall": [5.0]}
