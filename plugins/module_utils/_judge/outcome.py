# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gate, and what it says of one measurement: pass, soft_fail, fail or inconclusive, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import lacking
from .change_interval import change_interval
from .facts import Facts
from .placed import otherwise
from .query import Query
from .relative import at_most, hidden

PASS = "pass"  # nosec: an outcome, no secret
SOFT_FAIL = "soft_fail"
FAIL = "fail"
INCONCLUSIVE = "inconclusive"

#: Measurements carry intervals of 95 %.
ALPHA = 0.05
# Limits are compared with this much slack, so that 12.1 against 12.0 + 0.1 is not decided by binary rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Gate:
    """A rule on one figure.

    ``max``, ``tolerance`` and ``abort`` are in the figure's own unit (microseconds), or ratios for
    ``against: baseline``. Past ``abort`` there is nothing left to find out before the change is taken back.
    """

    name: str
    query: Query
    max: float
    tolerance: float = 0.0
    severity: str = "hard"
    against: str = "absolute"
    abort: float | None = None


def judge_gate(
    gate: Gate, measurement: Mapping[str, Any], baseline: Mapping[str, Any] | None = None, alpha: float = ALPHA
) -> dict[str, Any]:
    """The outcome of one gate; its shape is described at ``gates.judge``.

    A worse figure never has a better outcome, in this order: pass, soft_fail, inconclusive, fail.
    """
    here = dict(measurement)
    before = dict(baseline) if baseline else None
    value = gate.query.number(here)
    earlier = gate.query.number(before) if before is not None else None
    interval = _interval(gate, here, before, earlier, ALPHA)
    unit = _unit(gate, earlier)
    missing = _missing(gate, value, earlier, here, before, interval)
    excused = aborted = False
    if missing or value is None or unit is None:
        outcome, reason = INCONCLUSIVE, missing
        excused = value is None and lacking.same_reason(gate.query, here, before)
    else:
        outcome, reason = _compare(gate, value, unit, earlier, interval)
        if outcome == FAIL and alpha < ALPHA:
            outcome, reason = _sure(gate, unit, _interval(gate, here, before, earlier, alpha), reason)
        reason += _elsewhere(gate, outcome, here, before) + _resolution(gate, outcome, here, unit, interval)
        aborted = _aborted(gate, value, unit, interval)
    return {
        "name": gate.name,
        "query": gate.query.text,
        "against": gate.against,
        "severity": gate.severity,
        "value": value,
        "max": gate.max,
        "limit": None if unit is None else gate.max * unit,
        "tolerance": gate.tolerance,
        "abort": gate.abort,
        "baseline": earlier,
        "interval": interval,
        "half_width": _half_width(interval),
        "outcome": outcome,
        "reason": reason,
        "judged": not missing,
        "excused": excused,
        "aborted": aborted,
    }


def _unit(gate: Gate, earlier: float | None) -> float | None:
    """What max, tolerance and abort are multiples of."""
    return 1.0 if gate.against == "absolute" else earlier


def _aborted(gate: Gate, value: float, unit: float, interval: list[float | None] | None) -> bool:
    """Past the abort level, by all of the interval where there is one."""
    if gate.abort is None or not unit:
        return False
    low = interval[0] if interval else value
    return low is not None and min(low, value) > _loosen(gate.abort * unit)


def _interval(
    gate: Gate, here: dict[str, Any], before: dict[str, Any] | None, earlier: float | None, alpha: float
) -> list[float | None] | None:
    """Of the value, in its own unit. Against a baseline it holds what is uncertain in the baseline as well."""
    if gate.against == "absolute" or before is None or earlier is None:
        own, pair = gate.query.interval(here), gate.query.relative
        return own if own is None or pair is None else [own[0], at_most(here, *pair, own[1])]
    bounds = change_interval(gate.query, here, before, alpha)
    return None if bounds is None else [None if bound is None else bound * earlier for bound in bounds]


def _half_width(interval: list[float | None] | None) -> float | None:
    if interval is None or interval[0] is None or interval[1] is None:
        return None
    return (interval[1] - interval[0]) / 2


def _missing(
    gate: Gate,
    value: float | None,
    earlier: float | None,
    here: dict[str, Any],
    before: dict[str, Any] | None,
    interval: list[float | None] | None,
) -> str:
    """Why this gate cannot be judged; empty if it can."""
    sides = [(here, lacking.HERE)]
    if value is None:
        return lacking.no_figure(gate.query, sides[0])
    if gate.against == "baseline":
        if before is None:
            return "there is no baseline to compare with"
        sides.append((before, lacking.BASELINE))
        if earlier is None:
            return lacking.no_figure(gate.query, sides[1])
        if earlier < 0 or (earlier == 0 and value > 0):
            return f"the baseline is {earlier:g}, and no ratio to that means anything"
        if lacking.unlike(here, before):
            return lacking.unlike(here, before)
    told = lacking.truncated(gate.query, *sides) or lacking.starved(gate.query, *sides)
    if not told and interval is None and gate.query.has_interval:
        told = lacking.no_interval(gate.query, *sides)
    return told or lacking.contradictory(gate.query, *sides)


def _compare(
    gate: Gate, value: float, unit: float, earlier: float | None, interval: list[float | None] | None
) -> tuple[str, str]:
    """By the interval where there is one: pass or fail only where all of it lies on one side."""
    limit, allowed = gate.max * unit, (gate.max + gate.tolerance) * unit
    figure = f"{gate.query.text} {amount(value, gate.query)}"
    border = amount(limit, gate.query)
    if gate.against == "baseline" and earlier is not None:
        border += f" ({gate.max:g} times the baseline of {amount(earlier, gate.query)})"
    low, high = interval if interval else (value, value)
    past = f"{figure} is {amount(value - limit, gate.query)} past {border}"
    told = f"{figure} is within {border}" if value <= _loosen(limit) else past
    if value <= _loosen(allowed):
        # Up to here noise may take a figure, and no further: that it went no further is what must be shown.
        if high is None:
            return INCONCLUSIVE, f"{told}, but too few samples bound it from above"
        if high > _loosen(allowed):
            return INCONCLUSIVE, f"{told}, but its interval reaches up to {amount(high, gate.query)}"
        return (
            (PASS, told)
            if value <= _loosen(limit)
            else (SOFT_FAIL, f"{past}, within the tolerance of {_tolerance(gate)}")
        )
    if low is None:
        return INCONCLUSIVE, f"{past}, but too few samples bound it from below"
    if low <= _loosen(allowed):
        return INCONCLUSIVE, f"{past}, but its interval reaches down to {amount(low, gate.query)}"
    return FAIL, past


def _sure(gate: Gate, unit: float, strict: list[float | None] | None, reason: str) -> tuple[str, str]:
    """A failure takes a change back: it must hold at the smaller error as well, where that can be told."""
    if strict is None:
        return FAIL, reason
    low = strict[0]
    if low is None:
        return INCONCLUSIVE, f"{reason}, but too few samples make sure of it"
    if low > _loosen((gate.max + gate.tolerance) * unit):
        return FAIL, reason
    return INCONCLUSIVE, f"{reason}, but not surely enough: it may be as low as {amount(low, gate.query)}"


def _elsewhere(gate: Gate, outcome: str, here: dict[str, Any], before: dict[str, Any] | None) -> str:
    """What keeps a ratio to the reference from being judged, or compared with that of the baseline."""
    if outcome != INCONCLUSIVE or not gate.query.relative:
        return ""
    earlier = None if gate.against == "absolute" else before
    told = [*otherwise(Facts(earlier), Facts(here)), hidden(earlier, here, *gate.query.relative)]
    return "".join(f"; {sentence}" for sentence in told if sentence)


def _resolution(
    gate: Gate, outcome: str, here: dict[str, Any], unit: float, interval: list[float | None] | None
) -> str:
    """That the figure has no interval; or how far its samples carry it, where that leaves the gate open or is too
    little for the tolerance. Else empty."""
    if interval is None:
        return " (judged by its value alone: this figure has no interval)"
    half_width, count = _half_width(interval), gate.query.count(here)
    if half_width is None or not count:
        return ""
    told = (
        f"{count} {'blocks' if gate.query.relative else 'samples'} carry it to +-{amount(half_width, gate.query)} only"
    )
    if 0.0 < gate.tolerance * unit < half_width:
        return f" ({told}, which is coarser than the tolerance of {_tolerance(gate)})"
    return f" ({told})" if outcome == INCONCLUSIVE else ""


def _loosen(limit: float) -> float:
    return limit * (1.0 + _ROUNDING)


def _tolerance(gate: Gate) -> str:
    return (
        f"{gate.tolerance:g} times the baseline" if gate.against == "baseline" else amount(gate.tolerance, gate.query)
    )


def amount(value: float, query: Query) -> str:
    """The figure with its unit: microseconds for every figure of a metric except its count and its ratios."""
    timed = bool(query.metrics) and not query.text.endswith(".count") and not query.text.startswith("relative.")
    return f"{value:.2f} us" if timed and abs(value) < 1e9 else f"{value:.4g}"
