# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How certain the ratio of a figure to its baseline is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import relative
from .between import between
from .facts import Facts
from .query import Query


def change_interval(
    query: Query, here: Mapping[str, Any], before: Mapping[str, Any], alpha: float
) -> list[float | None] | None:
    """Interval of value / baseline with this error; None where the measurements do not say how certain the figure is.

    For a figure relative to the reference from the blocks of both measurements; else from both intervals of 95 %,
    which is wider than need be for that.
    """
    pair = query.relative
    if pair:
        if not all(block_ratios(measurement, *pair) for measurement in (before, here)):
            return None
        apart = between(before, here, "p50" if pair[1] == "p50" else "p99")
        found = relative.compare(before, here, *pair, 1.0, alpha, apart)
        return [None if bound is None else 1 + bound for bound in found.interval]
    earlier, later = query.interval(dict(before)), query.interval(dict(here))
    if earlier is None or later is None:
        return None
    return [_ratio(later[0], earlier[1]), _ratio(later[1], earlier[0])]


def block_ratios(measurement: Mapping[str, Any], metric: str, figure: str) -> list[float]:
    """Redis over reference, block by block; empty where the measurement has no reference, not this metric, or blocks
    that cannot be read."""
    return Facts(measurement).ratios(metric, figure)


def _ratio(over: float | None, under: float | None) -> float | None:
    return None if over is None or not under else over / under
