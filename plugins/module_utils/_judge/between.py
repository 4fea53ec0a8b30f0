# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""By how much two measurements of the same thing differ for no reason: a standard deviation, as a share.

A server that was started anew has its memory elsewhere: the same configuration is then up to two percent faster or
slower for as long as it runs, which no number of samples tells from a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

BETWEEN = {"p50": 0.006, "p99": 0.012}
_RESTARTED = {"p50": 0.009, "p99": 0.02}

Measurement = Optional[Mapping[str, Any]]


def between(before: Measurement, here: Measurement, figure: str) -> float:
    """Of p50 or p99; what is not said to be another process is taken for the same."""
    then, now = _process(before), _process(here)
    restarted = then is not None and now is not None and then != now
    return (_RESTARTED if restarted else BETWEEN)[figure]


def _process(measurement: Measurement) -> Any:
    evidence = measurement.get("evidence") if isinstance(measurement, Mapping) else None
    return evidence.get("server_pid") if isinstance(evidence, Mapping) else None
