# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator may do next, from what was seen. Plain sentences, each for a reason that is in the record."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

#: Shares of wall time past which it is worth somebody's while.
_FOREIGN = 0.05
_STEAL = 0.01


def recommend(
    measurement: Mapping[str, Any],
    first: Sequence[Mapping[str, Any]],
    cause: str,
    culprits: Sequence[str] = (),
    last: Sequence[Mapping[str, Any]] = (),
    failed_before: Sequence[str] = (),
) -> list[str]:
    """Recommendations for a measurement, the outcomes that it had at first, their cause, and culprits by name.

    ``last`` are the outcomes that decided, where there were looks after the first; ``failed_before`` the gates that the
    baseline was judged to fail.
    """
    found = [*_placement(measurement), *_company(measurement)]
    failed = {outcome["name"] for outcome in (*first, *last) if outcome["outcome"] == "fail" or outcome.get("aborted")}
    found.extend(
        _tolerance(outcome)
        for outcome in first
        # Of one that was harmed a wider tolerance would only hide that.
        if _too_fine(outcome) and outcome["name"] not in failed and (outcome["outcome"] == "pass" or cause != "genuine")
    )
    if culprits:
        found.append(f"Leave {', '.join(culprits)} out of the phase, or change them alone and look at what they do")
    found.extend(
        f"Gate {name} did not hold before the change either: see whether this host can hold it at all"
        for name in failed_before
    )
    if cause == "environment":
        found.append("Look for what slowed this host down; the server is not at fault, and no setting of it will help")
    if cause == "unexplained":
        found.append("Measure again at a quiet time: nothing that was read explains the breach")
    return found


def _placement(measurement: Mapping[str, Any]) -> list[str]:
    cpu = measurement.get("cpu") or {}
    if cpu.get("same"):
        return []
    if len(cpu.get("server") or []) != 1:
        return ["Pin the server to one CPU (role cpu_isolation): unpinned, no figure of it is the same twice"]
    return ["Measure on the server's own CPU (cpu: same): wake-ups across CPUs are part of every round trip here"]


def _company(measurement: Mapping[str, Any]) -> list[str]:
    evidence = measurement.get("evidence") or {}
    found = []
    if evidence.get("monitors"):
        found.append(
            f"End the {evidence['monitors']} MONITOR clients: each costs every command about as much as itself"
        )
    if evidence.get("background"):
        found.append(f"Measure when {', '.join(evidence['background'])} has ended")
    if _share(evidence.get("steal")) > _STEAL:
        found.append("Give this virtual machine CPUs of its own: the hypervisor takes them away while Redis works")
    if _share(evidence.get("throttled")) > 0:
        found.append("Raise the CPU quota of the server's or the probe's cgroup: it was throttled")
    ledger = (measurement.get("ledger") or {}).get("rtt") or {}
    wall = ledger.get("wall")
    if wall and _share(ledger.get("foreign")) / wall > _FOREIGN:
        found.append("Move other work off the server's CPU (role cpu_isolation): it took a share of every round trip")
    return found


def _share(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _too_fine(outcome: Mapping[str, Any]) -> bool:
    carried, tolerance = _carried(outcome), outcome.get("tolerance")
    return bool(carried and tolerance and carried > tolerance)


def _carried(outcome: Mapping[str, Any]) -> float | None:
    """How far the samples carry the figure, in what the gate's tolerance is in: a multiple of the baseline, or its own
    unit."""
    half_width, unit = outcome.get("half_width"), 1.0
    if outcome.get("against") == "baseline":
        unit = outcome.get("baseline") or 0.0
    return half_width / unit if half_width and unit > 0 else None


def _tolerance(outcome: Mapping[str, Any]) -> str:
    half_width, limit = outcome["half_width"], outcome.get("limit") or 0.0
    # With such a tolerance the gate would let anything pass.
    if half_width > limit > 0:
        few = f"these carry it to +-{half_width:.4g} only, and its limit is {limit:.4g}"
        return f"Measure gate {outcome['name']} with more samples, or at a quieter time: {few}"
    least = f"{_rounded_up(_carried(outcome) or 0.0):g}"
    if outcome.get("against") == "baseline":
        least += " times the baseline"
    return f"Give gate {outcome['name']} a tolerance of at least {least}, or more samples: so many carry it no finer"


def _rounded_up(value: float) -> float:
    """To two digits; less would be too little again."""
    digits = 1 - math.floor(math.log10(value)) if value > 0 else 0
    return math.ceil(round(value * 10.0**digits, 6)) / 10.0**digits
