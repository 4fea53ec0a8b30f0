# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a gate cannot be judged: a figure that was not measured, or a measurement that is not whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .change_interval import block_ratios
from .query import Query

Measurement = Mapping[str, Any]
#: A measurement and what to call it.
Side = tuple[Measurement, str]
HERE, BASELINE = "the measurement", "the baseline"


def no_figure(query: Query, side: Side) -> str:
    """Why there is no number for the query on this side."""
    reasons = _reasons(query, side[0])
    if reasons:
        return "; ".join(f"{side[1]} has no {metric}: {reason}" for metric, reason in reasons.items())
    return f"{side[1]} has no number at {query.text}"


def truncated(query: Query, *sides: Side) -> str:
    """That a metric which the query reads does not say how many samples it stands on; empty where all do."""
    for measurement, name in sides:
        known = _reasons(query, measurement)
        for metric in query.metrics:
            if metric not in known and not _count(measurement.get(metric)):
                return f"{name} is not whole: it does not say how many samples {metric} stands on"
    return ""


def no_interval(query: Query, *sides: Side) -> str:
    """Which side lacks what tells how certain the figure is, and every whole measurement has.

    Where two are compared by a figure relative to the reference, that is its blocks.
    """
    for measurement, name in sides:
        if len(sides) > 1 and query.relative:
            if not block_ratios(measurement, *query.relative):
                return f"{name} is not whole: it has no blocks of {query.text} that can be read"
        elif query.interval(dict(measurement)) is None:
            return f"{name} is not whole: it has no interval for {query.text}"
    return f"nothing says how certain {query.text} is"


def same_reason(query: Query, here: Measurement, before: Measurement | None) -> bool:
    """Neither measurement could have the metric, and for the same reason: the change has no part in it."""
    reasons = _reasons(query, here)
    return bool(reasons) and before is not None and reasons == _reasons(query, before)


def _reasons(query: Query, measurement: Measurement) -> dict[str, str]:
    not_measured = measurement.get("not_measured")
    if not isinstance(not_measured, Mapping):
        return {}
    return {metric: str(not_measured[metric]) for metric in query.metrics if metric in not_measured}


def _count(metric: Any) -> bool:
    count = metric.get("count") if isinstance(metric, Mapping) else None
    return isinstance(count, int) and not isinstance(count, bool) and count > 0
