# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows a breach: more runs, then larger samples, in fixed looks with a divided error, until it is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ._judge import verdict
from ._judge.outcome import Gate
from ._probe.plan import Plan


@dataclass(frozen=True)
class Look:
    """One measurement of the verification; ``factor`` is its size, in samples of the first measurement."""

    name: str
    factor: int
    alpha: float


#: As the reference record went: the same once more, pinned; then larger samples.
LOOKS = tuple(
    Look(name, factor, alpha)
    for name, factor, alpha in zip(("pinned_runs", "larger_sample", "largest_sample"), (1, 4, 16), verdict.ALPHAS)
)
#: A round trip of each command with its reference, and what goes with it. Seconds; only to keep within the budget.
_ROUND = 150e-6


def verify(
    measure: Callable[[Plan], Mapping[str, Any]],
    plan: Plan,
    gates: Sequence[Gate],
    baseline: Mapping[str, Any] | None,
    budget: float,
) -> list[dict[str, Any]]:
    """The looks that were taken, each ``{name, measurement, outcomes, comparisons}``; at least one.

    ``budget`` in seconds is not exceeded by more than one look's misjudged length. Measures; changes nothing.
    """
    taken: list[dict[str, Any]] = []
    left = budget
    for step in LOOKS:
        larger = replace(plan, samples=plan.samples * step.factor)
        if taken and _seconds(larger) > left:
            break
        measurement = measure(larger)
        left -= float(measurement["seconds"])
        seen = verdict.look(gates, measurement, baseline, step.alpha)
        taken.append({"name": step.name, "measurement": measurement, **seen})
        if verdict.settled(seen):
            break
    return taken


def sharpen(
    measure: Callable[[Plan], Mapping[str, Any]],
    plan: Plan,
    gates: Sequence[Gate],
    measurement: Mapping[str, Any],
    budget: float,
) -> Mapping[str, Any]:
    """A baseline that the gates can be held against: larger while its own interval takes up what a gate allows.

    On a quiet host that is the measurement itself.
    """
    left = budget
    for step in LOOKS[1:]:
        larger = replace(plan, samples=plan.samples * step.factor)
        if not verdict.too_coarse(gates, measurement) or _seconds(larger) > left:
            break
        measurement = measure(larger)
        left -= float(measurement["seconds"])
    return measurement


def _seconds(plan: Plan) -> float:
    trips = plan.samples * plan.runs
    return trips * len(plan.commands) / plan.rate if plan.rate else trips * _ROUND / plan.duty
