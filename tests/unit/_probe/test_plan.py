# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("samples", 0),
        ("samples", 10**9),
        ("runs", 0),
        ("duty", 0),
        ("duty", 1.5),
        ("duty", float("nan")),
        ("rate", -1),
        ("rate", 0.001),
        ("commands", ()),
        ("commands", ("ping", "get")),
        ("block", 0),
    ],
)
def test_a_plan_without_sense_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(BadInput, match=name) as caught:
        Plan(**{name: value})
    assert caught.value.where == name and caught.value.why and caught.value.remedy


def test_blocks_add_up_to_the_samples() -> None:
    assert list(Plan(samples=1000).blocks()) == [500, 500]
    assert list(Plan(samples=20).blocks()) == [20]


def test_blocks_are_alike_so_that_they_can_be_compared() -> None:
    assert list(Plan(samples=1001).blocks()) == [333, 334, 334]
    assert list(Plan(samples=1200).blocks()) == [400, 400, 400]


def test_a_slow_pace_makes_short_blocks() -> None:
    assert list(Plan(samples=12, rate=1).blocks()) == [4, 4, 4]
    assert list(Plan(samples=2, rate=0.01).blocks()) == [1, 1]


def test_the_probe_is_busy_for_its_share_alone() -> None:
    assert Plan(duty=0.25).pause_after(0.01) == pytest.approx(0.03)
    assert Plan(duty=1).pause_after(0.01) == 0
    assert Plan(duty=0.25, rate=100).pause_after(0.01) == 0
