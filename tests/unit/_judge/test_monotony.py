# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worse figure never gets a better outcome, whatever the interval, the tolerance and the error."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Optional

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lowlat.redis.plugins.module_utils._judge import gates, series, verdict
from ansible_collections.lowlat.redis.plugins.module_utils._judge.outcome import Gate
from ansible_collections.lowlat.redis.plugins.module_utils._judge.schema import SCHEMA_EXAMPLE

ORDER = ("pass", "soft_fail", "inconclusive", "fail")
ABSOLUTE = {"name": "x", "query": "rtt.p99", "max": 12.0, "abort": 14.5}
RELATIVE = {"name": "x", "query": "relative.rtt.p50", "max": 1.03, "tolerance": 0.02, "against": "baseline"}
#: Value, how far its interval reaches down and up; None: the samples are too few for that end.
END = st.sampled_from([None, 0.0, 0.05, 0.3, 2.0, 30.0])
#: Around the limit and the end of its tolerance, where outcomes change.
FIGURE = st.tuples(st.floats(11, 15), END, END)
Figure = tuple[float, Optional[float], Optional[float]]


def bounds(figure: Figure) -> tuple[float, float, float]:
    value, down, up = figure
    return value, -math.inf if down is None else value - down, math.inf if up is None else value + up


def measured(figure: Figure) -> dict[str, Any]:
    value, low, high = bounds(figure)
    ends = [end if math.isfinite(end) else None for end in (low, high)]
    return {**SCHEMA_EXAMPLE, "rtt": {**SCHEMA_EXAMPLE["rtt"], "p99": value, "p99_interval": ends}}


@lru_cache(maxsize=8)
def parsed(gate: tuple[tuple[str, Any], ...]) -> list[Gate]:
    return gates.parse([dict(gate)])


def rank(gate: dict[str, Any], measurement: dict[str, Any], baseline: Any, alpha: float) -> tuple[int, bool]:
    (outcome,) = gates.judge(parsed(tuple(gate.items())), measurement, baseline, alpha)
    return ORDER.index(outcome["outcome"]), outcome["aborted"]


@settings(deadline=None, max_examples=100)
@given(FIGURE, FIGURE, st.sampled_from([0.0, 0.3, 2.0]), st.sampled_from([0.05, 0.001]))
def test_absolute(one: Figure, other: Figure, tolerance: float, alpha: float) -> None:
    gate = {**ABSOLUTE, "tolerance": tolerance}
    # The worse of both in every respect.
    value, low, high = (max(pair) for pair in zip(bounds(one), bounds(other)))
    down, up = (None if math.isinf(end) else abs(end - value) for end in (low, high))
    worse = (value, down, up)
    for better in (one, other):
        first, then = rank(gate, measured(better), None, alpha), rank(gate, measured(worse), None, alpha)
        assert first <= then, (better, worse)


def blocks(ratio: float, spread: float) -> dict[str, Any]:
    wobble = [ratio * (1 + spread * math.sin(1.7 * number)) for number in range(24)]
    text = series.encode({"rtt.p50": wobble, "reference.p50": [1.0] * 24})
    return {**SCHEMA_EXAMPLE, "series": text, "relative": {"rtt": {"p50": ratio, "blocks": 24}}}


BASELINE = blocks(1.3, 0.01)


@settings(deadline=None, max_examples=40)
@given(
    st.floats(0.9, 1.5),
    st.floats(1.0, 1.3),
    st.sampled_from([0.001, 0.02, 0.2]),
    st.sampled_from([0.05, *verdict.ALPHAS]),
)
def test_against_a_baseline(ratio: float, more: float, spread: float, alpha: float) -> None:
    better, worse = blocks(1.3 * ratio, spread), blocks(1.3 * ratio * more, spread)
    assert rank(RELATIVE, better, BASELINE, alpha) <= rank(RELATIVE, worse, BASELINE, alpha)
