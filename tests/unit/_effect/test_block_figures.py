# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.lowlat.redis.plugins.module_utils._effect.bench import block_figures


def test_the_p99_is_that_of_the_round_trips_that_nobody_else_ran_in() -> None:
    times = [7000] * 485 + [8000] * 9 + [207_000] * 6
    told = block_figures(times, 6 * 180_000.0)
    assert told == {"p50": 7.0, "p90": 7.0, "p99": 8.0, "p99_all": 207.0}
    assert block_figures(times, 0.0)["p99"] == 207.0
