# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a measurement agrees with itself: figures that cannot be, or that its own intervals and blocks deny."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from .facts import Facts
from .query import Query
from .schema import CLIENT_METRICS, REFERENCE

_FIGURES = ("p50", "p90", "p99", "p999", "max", "mean")
# Figures are rounded to a thousandth, ratios to a ten thousandth, and blocks to five digits.
_ROUNDED = 0.002
# So far from the middle of the blocks a median may lie, as a share of them, however it is taken.
_MIDDLE = 0.15


def contradiction(query: Query, measurement: Mapping[str, Any], compared: bool) -> str:
    """What in it cannot be true, of what the query reads; empty where nothing is seen to be false.

    ``compared``: a figure relative to the reference is judged by its blocks then, and not by its own interval.
    """
    for metric in query.metrics:
        told = _impossible(metric, measurement)
        if told:
            return told
    here = dict(measurement)
    value = query.number(here)
    if value is None:
        return ""
    if value < 0.0:
        return f"{query.text} is {value:g}"
    if query.relative:
        told = _denied(query, value, measurement)
        if told or compared:
            return told
    # What the server counts by powers of two is known too coarsely for that.
    timed = set(query.metrics) <= {REFERENCE, *CLIENT_METRICS}
    return _beside_its_interval(query, value, here) if timed else ""


def _beside_its_interval(query: Query, value: float, here: dict[str, Any]) -> str:
    for end, sign in zip(query.interval(here) or (), (1.0, -1.0)):
        if end is not None and (end - value) * sign > _ROUNDED:
            return f"{query.text} is {value:g}, and its interval {'begins' if sign > 0 else 'ends'} at {end:g}"
    return ""


def _impossible(metric: str, measurement: Mapping[str, Any]) -> str:
    """Nothing takes less than no time; and what a client waits for takes some."""
    figures = measurement.get(metric)
    timed = metric in (REFERENCE, *CLIENT_METRICS)
    if not isinstance(figures, Mapping):
        return ""
    for name in _FIGURES:
        value = figures.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        if value < 0 or (timed and value == 0):
            return f"{metric}.{name} is {value:g}"
    return ""


def _denied(query: Query, value: float, measurement: Mapping[str, Any]) -> str:
    """A ratio is the median of those of its blocks."""
    ordered = sorted(Facts(measurement).ratios(*query.relative)) if query.relative else []
    if not ordered:
        return ""
    low, high = (ordered[round(share * (len(ordered) - 1))] for share in (0.5 - _MIDDLE, 0.5 + _MIDDLE))
    if low * (1.0 - _ROUNDED) <= value <= high * (1.0 + _ROUNDED):
        return ""
    return f"{query.text} is {value:g}, and that of its blocks {median(ordered):.4g}"
