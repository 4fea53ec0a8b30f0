# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before against after: every client metric, each side relative to its own reference."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from . import relative
from .between import between
from .change_interval import block_ratios
from .comparison import REGRESSION, Comparison
from .outcome import ALPHA
from .schema import CLIENT_METRICS
from .traces import MARGINS

#: Fewer blocks on a side say nothing.
_LEAST = 6


def before_and_after(
    baseline: Mapping[str, Any] | None, measurement: Mapping[str, Any], alpha: float
) -> dict[str, dict[str, Any]]:
    """Comparisons (``Comparison.to_dict``) by figure, such as ``rtt.p50``; empty without a baseline.

    ``alpha`` is the error that a regression may be found with, since that takes a change back; anything else is told
    with the usual one. ``usual`` is the verdict with that.
    """
    found: dict[str, dict[str, Any]] = {}
    if baseline is None:
        return found
    for metric in CLIENT_METRICS:
        for figure, margin in MARGINS.items():
            before, after = (block_ratios(side, metric, figure) for side in (baseline, measurement))
            if min(len(before), len(after)) >= _LEAST:
                apart = between(baseline, measurement, figure)
                compared = partial(relative.compare, baseline, measurement, metric, figure, margin)
                found[f"{metric}.{figure}"] = _told(compared(max(alpha, ALPHA), apart), compared(alpha, apart))
    return found


def _told(usual: Comparison, strict: Comparison) -> dict[str, Any]:
    told = strict if REGRESSION in (usual.verdict, strict.verdict) else usual
    return {**told.to_dict(), "usual": usual.verdict}
