# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which settings of a change are toggled to find the culprit."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.filter.toggles import MASK, FilterModule, toggles

HZ = {"kind": "redis", "key": "hz", "changed": True, "before": "10", "after": "8", "restart": False, "skipped": ""}


def test_a_live_setting_has_both_its_values() -> None:
    assert toggles([HZ]) == [{"kind": "redis", "key": "hz", "values": ["10", "8"], "optional": True}]


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "systemd"},
        {"changed": False},
        {"restart": True},
        {"skipped": "not here"},
        {"before": None},
        {"before": "8"},
        {"before": MASK},
        # Threads that differ have a CPU list each, and that is no value to toggle to.
        {"kind": "affinity", "key": "server", "before": {"redis-server": "0", "bio_aof": "0-1"}, "after": "1"},
    ],
)
def test_what_has_no_two_live_values_is_left_out(other: dict[str, Any]) -> None:
    assert toggles([{**HZ, **other}]) == []


def test_the_filter_has_its_name() -> None:
    assert set(FilterModule().filters()) == {"toggles"}
