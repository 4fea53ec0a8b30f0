# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures block by block: of each metric, and relative to the reference block of the same round."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._judge.statistics import interval_ranks, quantile_rank

FIGURES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
Series = dict[str, list[float]]


def figures_of(nanoseconds: Iterable[int]) -> dict[str, float]:
    """p50, p90 and p99 of one block in microseconds, by nearest rank."""
    ordered = sorted(nanoseconds)
    return {name: ordered[quantile_rank(len(ordered), share) - 1] / 1000 for name, share in FIGURES.items()}


def append(series: Series, metric: str, figures: Mapping[str, float]) -> None:
    """Add one block's figures, each to its list ``<metric>.<figure>``."""
    for name, value in figures.items():
        series.setdefault(f"{metric}.{name}", []).append(value)


def joined(parts: Iterable[Series], metrics: Iterable[str]) -> Series:
    """The blocks of these metrics over several runs, one after the other."""
    found: Series = {}
    wanted = set(metrics)
    for part in parts:
        for name, values in part.items():
            if name.partition(".")[0] in wanted:
                found.setdefault(name, []).extend(values)
    return found


def relative(series: Series, metric: str, reference: str) -> dict[str, Any]:
    """``{p50, p50_interval, p90, ..., blocks}``: medians over the blocks of block figure / reference block figure.

    Intervals are distribution-free with 95 % confidence, [None, None] where there are too few blocks.
    """
    found: dict[str, Any] = {}
    for name in FIGURES:
        pairs = zip(series[f"{metric}.{name}"], series[f"{reference}.{name}"])
        ratios = sorted(own / floor for own, floor in pairs)
        found[name] = round(statistics.median(ratios), 4)
        found[f"{name}_interval"] = _interval(ratios)
        found["blocks"] = len(ratios)
    return found


def _interval(ordered: Sequence[float]) -> list[float | None]:
    lower, upper = interval_ranks(len(ordered), 0.5)
    if lower is None or upper is None:
        return [None, None]
    return [round(ordered[lower - 1], 4), round(ordered[upper - 1], 4)]
