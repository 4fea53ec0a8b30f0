# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server itself says of a command's execution time: two readings and what happened between them.

Nothing is reset: that would destroy the operator's statistics. The mean comes from the counters of ``INFO
commandstats`` and is exact. Percentiles need Redis 7: ``LATENCY HISTOGRAM`` counts per power of two and can be
subtracted, but is coarse; ``INFO latencystats`` has a grid of 1 us, but covers all calls since the server started. So
the subtracted histogram says in which power of two a percentile lies and how far into it, and the shape inside that
power of two is taken from latencystats. When nearly all calls were ours, that is what latencystats says itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .._judge.statistics import Bounds, figure_intervals, interval_ranks

# From this share of all calls on, a percentile of all is a percentile of ours.
_NEARLY_ALL = 0.9
_LINE = re.compile(r"^(cmdstat|latency_percentiles_usec)_([^:]+):(.*)$", re.MULTILINE)
FRACTIONS = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}


@dataclass(frozen=True)
class Reading:
    """One command's counters since the server started.

    ``calls`` and ``total_us`` from commandstats; ``percentiles`` as (fraction, us) from latencystats; ``cumulative``
    as (upper bound in us, calls up to it) from LATENCY HISTOGRAM. These two are empty before Redis 7. ``lacking`` is
    why there is no histogram where there could be one.
    """

    calls: int = 0
    total_us: int = 0
    percentiles: tuple[tuple[float, float], ...] = ()
    cumulative: tuple[tuple[float, int], ...] = field(default=())
    lacking: str = ""


def parse_info(text: str) -> dict[str, Reading]:
    """Readings by command from the text of INFO commandstats and latencystats."""
    calls: dict[str, tuple[int, int]] = {}
    percentiles: dict[str, tuple[tuple[float, float], ...]] = {}
    for kind, command, rest in _LINE.findall(text):
        pairs = dict(part.split("=", 1) for part in rest.strip().split(",") if "=" in part)
        if kind == "cmdstat":
            calls[command] = (int(pairs.get("calls", 0)), int(pairs.get("usec", 0)))
        else:
            points = ((round(float(name[1:]) / 100, 9), float(value)) for name, value in pairs.items())
            percentiles[command] = tuple(sorted(points))
    return {name: Reading(*counted, percentiles.get(name, ())) for name, counted in calls.items()}


def parse_histogram(reply: Sequence[Any]) -> dict[str, tuple[tuple[float, int], ...]]:
    """Cumulative counts by command from the reply to LATENCY HISTOGRAM (flat lists of name and content)."""
    found = {}
    for name, content in zip(reply[::2], reply[1::2]):
        fields = {bytes(key): value for key, value in zip(content[::2], content[1::2])}
        flat = fields.get(b"histogram_usec", [])
        found[bytes(name).decode()] = tuple((float(us), int(count)) for us, count in zip(flat[::2], flat[1::2]))
    return found


def metric(before: Reading, after: Reading, own_calls: int) -> tuple[dict[str, Any], str]:
    """The metric of what happened between two readings, and why it is not whole (empty if it is).

    Shape: the figures of every metric in microseconds, ``source`` (latencystats, latency_histogram or commandstats)
    and ``foreign_calls``, those that other clients made meanwhile. ``max`` is the upper bound of the power of two
    that the slowest call fell into.
    """
    calls = after.calls - before.calls
    if calls < max(own_calls, 1):
        return {}, "the server's statistics were reset, or do not count this command"
    figures: dict[str, Any] = {
        "count": calls,
        "mean": round((after.total_us - before.total_us) / calls, 4),
        "foreign_calls": calls - own_calls,
        "source": "commandstats",
    }
    added = _subtract(after.cumulative, before.cumulative)
    total = sum(number for _low, _high, number in added)
    if not total and after.lacking:
        return figures, f"its percentiles cannot be read: {after.lacking}; the mean is there"
    if not total:
        return figures, "percentiles need Redis 7 or newer with latency-tracking on; the mean is there"
    shape = _Shape(after)
    for name, fraction in FRACTIONS.items():
        figures[name] = round(_quantile(added, total, fraction, shape), 3)
    figures["max"] = next(high for _low, high, number in reversed(added) if number)
    figures["jitter"] = round(figures["p99"] - figures["p50"], 3)

    def interval(fraction: float, confidence: float) -> Bounds:
        lower, upper = interval_ranks(total, fraction, confidence)
        return (
            None if lower is None else _quantile(added, total, lower / total, shape),
            None if upper is None else _quantile(added, total, upper / total, shape),
        )

    figures.update(figure_intervals(interval, FRACTIONS))
    near = after.percentiles and own_calls >= _NEARLY_ALL * after.calls
    figures["source"] = "latencystats" if near else "latency_histogram"
    return figures, ""


Buckets = list[tuple[float, float, int]]


def _subtract(after: Sequence[tuple[float, int]], before: Sequence[tuple[float, int]]) -> Buckets:
    """(lower bound, upper bound, calls) of what came between two cumulative histograms.

    The server leaves out the empty ones, in either reading.
    """
    earlier = dict(before)
    found: Buckets = []
    seen_after = seen_before = up_to_before = 0
    low = 0.0
    for high, count in sorted(after):
        up_to_before = earlier.get(high, up_to_before)
        low = max(low, high // 2)
        found.append((low, high, (count - seen_after) - (up_to_before - seen_before)))
        seen_after, seen_before, low = count, up_to_before, high
    return found if all(number >= 0 for _low, _high, number in found) else []


class _Shape:
    """How all calls since the server's start are spread: points (fraction, us) with straight lines between them.

    The server times in whole microseconds, so the answers are whole too.
    """

    def __init__(self, reading: Reading) -> None:
        self.all = reading.cumulative
        self.calls = self.all[-1][1] if self.all else 0
        # 2.007 is the upper end of what the server's own histogram cannot tell from 2.
        self.percentiles = [(fraction, float(math.floor(us))) for fraction, us in reading.percentiles]

    def value(self, low: float, high: float, position: float) -> float:
        """The value at ``position`` (0 to 1) of the calls that took more than ``low`` and at most ``high``."""
        below = max((count for bound, count in self.all if bound <= low), default=0)
        start, end = below / self.calls, dict(self.all)[high] / self.calls
        inside = [(f, us) for f, us in self.percentiles if start < f < end and (low < us or not low) and us <= high]
        points = [(start, low), *inside, (end, high)]
        wanted = start + (end - start) * position
        for (left, from_us), (right, to_us) in zip(points, points[1:]):
            if wanted <= right:
                return float(math.ceil(from_us + (to_us - from_us) * (wanted - left) / (right - left) - 1e-6))
        return high


def _quantile(added: Buckets, total: int, fraction: float, shape: _Shape) -> float:
    rank = fraction * total
    seen = 0
    for low, high, number in added:
        if number and rank <= seen + number:
            return shape.value(low, high, (rank - seen) / number)
        seen += number
    return added[-1][1]
