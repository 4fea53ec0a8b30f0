# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gate, and what it says of one measurement: pass, soft_fail, fail or inconclusive, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .query import Query

PASS = "pass"  # nosec: an outcome, no secret
SOFT_FAIL = "soft_fail"
FAIL = "fail"
INCONCLUSIVE = "inconclusive"

# Limits are compared with this much slack, so that 12.1 against 12.0 + 0.1 is not decided by binary rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Gate:
    """A rule on one figure.

    ``max`` and ``tolerance`` are in the figure's own unit (microseconds), or ratios for ``against: baseline``.
    """

    name: str
    query: Query
    max: float
    tolerance: float = 0.0
    severity: str = "hard"
    against: str = "absolute"


def judge_gate(gate: Gate, measurement: Mapping[str, Any], baseline: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The outcome of one gate; its shape is described at ``gates.judge``."""
    here = dict(measurement)
    before = dict(baseline) if baseline else None
    value = gate.query.number(here)
    earlier = gate.query.number(before) if before is not None else None
    interval = gate.query.interval(here)
    limit, allowed = _limits(gate, earlier)
    missing = _missing(gate, value, earlier, here, before)
    excused = False
    if missing or value is None or limit is None or allowed is None:
        outcome, reason = INCONCLUSIVE, missing
        excused = value is None and before is not None and _same_reason(gate, here, before)
    else:
        outcome, reason = _compare(gate, value, limit, allowed, earlier, interval)
    return {
        "name": gate.name,
        "query": gate.query.text,
        "against": gate.against,
        "severity": gate.severity,
        "value": value,
        "max": gate.max,
        "limit": limit,
        "tolerance": gate.tolerance,
        "baseline": earlier,
        "interval": interval,
        "outcome": outcome,
        "reason": reason,
        "excused": excused,
    }


def _limits(gate: Gate, earlier: float | None) -> tuple[float | None, float | None]:
    """The limit, and the limit with its tolerance, in the figure's own unit."""
    if gate.against == "absolute":
        return gate.max, gate.max + gate.tolerance
    if earlier is None:
        return None, None
    return gate.max * earlier, (gate.max + gate.tolerance) * earlier


def _missing(
    gate: Gate,
    value: float | None,
    earlier: float | None,
    here: dict[str, Any],
    before: dict[str, Any] | None,
) -> str:
    """Why this gate cannot be judged; empty if it can."""
    if value is None:
        return _why_absent(gate.query, here, "the measurement")
    if gate.against == "absolute":
        return ""
    if before is None:
        return "there is no baseline to compare with"
    if earlier is None:
        return _why_absent(gate.query, before, "the baseline")
    if earlier < 0 or (earlier == 0 and value > 0):
        return f"the baseline is {earlier:g}, and no ratio to that means anything"
    return ""


def _why_absent(query: Query, measurement: dict[str, Any], which: str) -> str:
    reasons = _reasons(query, measurement)
    if reasons:
        return "; ".join(f"{which} has no {metric}: {reason}" for metric, reason in reasons.items())
    return f"{which} has no number at {query.text}"


def _reasons(query: Query, measurement: dict[str, Any]) -> dict[str, str]:
    not_measured = measurement.get("not_measured") or {}
    return {metric: str(not_measured[metric]) for metric in query.metrics if metric in not_measured}


def _same_reason(gate: Gate, here: dict[str, Any], before: dict[str, Any]) -> bool:
    """Neither measurement could have the metric, and for the same reason: the change has no part in it."""
    reasons = _reasons(gate.query, here)
    return bool(reasons) and reasons == _reasons(gate.query, before)


def _compare(
    gate: Gate,
    value: float,
    limit: float,
    allowed: float,
    earlier: float | None,
    interval: list[float | None] | None,
) -> tuple[str, str]:
    figure = f"{gate.query.text} {amount(value, gate.query)}"
    border = amount(limit, gate.query)
    if gate.against == "baseline" and earlier is not None:
        border += f" ({gate.max:g} times the baseline of {amount(earlier, gate.query)})"
    if value <= _loosen(limit):
        return PASS, f"{figure} is within {border}"
    past = f"{figure} is {amount(value - limit, gate.query)} past {border}"
    if value <= _loosen(allowed):
        return SOFT_FAIL, f"{past}, within the tolerance of {_tolerance(gate)}"
    low = interval[0] if interval else None
    if low is not None and low <= _loosen(limit):
        return SOFT_FAIL, f"{past}, but its confidence interval reaches down to {amount(low, gate.query)}"
    return FAIL, past


def _loosen(limit: float) -> float:
    return limit * (1.0 + _ROUNDING)


def _tolerance(gate: Gate) -> str:
    return (
        f"{gate.tolerance:g} times the baseline" if gate.against == "baseline" else amount(gate.tolerance, gate.query)
    )


def amount(value: float, query: Query) -> str:
    """The figure with its unit: microseconds for every figure of a metric except its count."""
    timed = bool(query.metrics) and not query.text.rstrip().endswith(".count")
    return f"{value:.2f} us" if timed else f"{value:g}"
