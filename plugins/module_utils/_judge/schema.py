# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement looks like: the example that every gate query is tried on before anything is measured."""

from __future__ import annotations

from typing import Any

CLIENT_METRICS = ("rtt", "set_rtt", "xadd_rtt")
SERVER_METRICS = ("set", "xadd")
METRICS = CLIENT_METRICS + SERVER_METRICS

REFERENCE = "reference"
LEDGER_TERMS = ("wall", "probe", "server", "idle", "foreign")

_FIGURES: dict[str, Any] = {
    "p50": 8.6,
    "p90": 9.1,
    "p99": 9.8,
    "p999": 11.2,
    "max": 22.2,
    "mean": 8.7,
    "jitter": 1.2,
    "count": 6000,
    "p50_interval": [8.59, 8.61],
    "p90_interval": [9.0, 9.2],
    "p99_interval": [9.7, 9.9],
    "p999_interval": [10.8, 12.1],
    "jitter_interval": [1.1, 1.3],
}


def _metric(name: str) -> dict[str, Any]:
    figures = dict(_FIGURES)
    if name not in SERVER_METRICS:
        figures["histogram"] = ""
    if name == REFERENCE:
        figures["transport"] = "tcp"
    return figures


def _relative() -> dict[str, Any]:
    figures: dict[str, Any] = {"blocks": 12}
    for name in ("p50", "p90", "p99"):
        figures.update({name: 1.17, f"{name}_interval": [1.16, 1.18]})
    return figures


def _terms() -> dict[str, float]:
    return dict(zip(LEDGER_TERMS, (9.0, 4.0, 4.6, 0.1, 0.3)))


_EVIDENCE: dict[str, Any] = {
    "same_cpu": True,
    "pinned": True,
    "affinity": {"probe": "4"},
    "migrations": {"probe": 0, "server": 0},
    "involuntary": {"probe": 0},
    "steal": 0.0,
    "throttled": 0.0,
    "throttled_by": {"probe": 0.0, "server": 0.0},
    "pressure": 0.0,
    "interrupts": 250.0,
    "frequency": {"before": 3600.0, "after": 3600.0, "governor": "performance"},
    "threads": {"redis-server": "4"},
    "server_pid": 1,
    "monitors": 0,
    "background": [],
    "slowlog": 0,
    "latency_events": [],
    "lacking": {},
}

SCHEMA_EXAMPLE: dict[str, Any] = {
    "schema": 3,
    "started_at": "2025-09-28T10:47:00Z",
    "seconds": 1.5,
    "cpu": {"requested": "same", "probe": 4, "server": [4], "same": True},
    "transport": "tcp",
    "samples": 2000,
    "runs": 3,
    "duty": 0.5,
    **{name: _metric(name) for name in (REFERENCE, *METRICS)},
    "by_run": [{name: {"p50": 8.6, "p99": 9.8, "jitter": 1.2} for name in (REFERENCE, *METRICS)} for _run in range(3)],
    "relative": {name: _relative() for name in CLIENT_METRICS},
    "ledger": {**{name: _terms() for name in (REFERENCE, *CLIENT_METRICS)}, "lacking": {}},
    "series": "",
    "evidence": _EVIDENCE,
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
