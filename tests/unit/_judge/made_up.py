# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole measurements of a server and a host that never were."""

from __future__ import annotations

import copy
import math
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._judge import series
from ansible_collections.lowlat.redis.plugins.module_utils._judge.schema import SCHEMA_EXAMPLE


def taken(ratio: float = 1.3, floor: float = 7.0, spread: float = 0.005, blocks: int = 24) -> dict[str, Any]:
    """A measurement in which Redis takes ``ratio`` times as long as a reference of ``floor`` microseconds."""
    measurement = copy.deepcopy(SCHEMA_EXAMPLE)
    wobble = [1 + spread * math.sin(1.7 * number) for number in range(blocks)]
    lists: dict[str, list[float]] = {}
    measurement["relative"]["rtt"]["blocks"] = blocks
    for figure, factor in (("p50", 1.0), ("p90", 1.1), ("p99", 1.3)):
        lists[f"rtt.{figure}"] = [floor * factor * ratio * one for one in wobble]
        lists[f"reference.{figure}"] = [floor * factor] * blocks
        measurement["relative"]["rtt"][figure] = ratio
        measurement["reference"][figure] = floor * factor
    terms = {"wall": floor * ratio, "probe": floor / 2, "server": floor * (ratio - 0.5), "idle": 0.0, "foreign": 0.0}
    measurement["ledger"]["rtt"].update(terms)
    lists.update({f"rtt.{name}": [value * one for one in wobble] for name, value in terms.items()})
    measurement["series"] = series.encode(lists)
    p99 = floor * 1.3 * ratio
    measurement["rtt"].update(p50=floor * ratio, p99=p99, p99_interval=[p99 * 0.999, p99 * 1.001])
    return measurement
