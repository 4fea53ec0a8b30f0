# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement looks like: the example that every gate query is tried on before anything is measured."""

from __future__ import annotations

from typing import Any

CLIENT_METRICS = ("rtt", "set_rtt", "xadd_rtt")
SERVER_METRICS = ("set", "xadd")
METRICS = CLIENT_METRICS + SERVER_METRICS

_FIGURES: dict[str, Any] = {
    "p50": 8.6,
    "p90": 9.1,
    "p99": 9.8,
    "p999": 11.2,
    "max": 22.2,
    "mean": 8.7,
    "jitter": 1.2,
    "count": 6000,
    "p99_interval": [9.7, 9.9],
}


def _metric(name: str) -> dict[str, Any]:
    figures = dict(_FIGURES)
    if name in CLIENT_METRICS:
        figures["histogram"] = ""
    return figures


SCHEMA_EXAMPLE: dict[str, Any] = {
    "schema": 1,
    "started_at": "2025-09-28T10:47:00Z",
    "seconds": 1.5,
    "cpu": {"requested": "same", "probe": 4, "server": [4], "same": True},
    "transport": "tcp",
    "samples": 2000,
    "runs": 3,
    "duty": 0.5,
    **{name: _metric(name) for name in METRICS},
    "by_run": [{name: {"p50": 8.6, "p99": 9.8, "jitter": 1.2} for name in METRICS} for _run in range(3)],
    "not_measured": {},
    "warnings": [],
}


def fields_of(shape: Any) -> set[str]:
    """Every key at any depth of a mapping or list."""
    if isinstance(shape, dict):
        return set(shape).union(*(fields_of(value) for value in shape.values()))
    if isinstance(shape, list):
        return set().union(*(fields_of(value) for value in shape))
    return set()
