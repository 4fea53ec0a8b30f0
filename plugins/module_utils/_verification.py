# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows a breach: more runs, then larger samples, in fixed looks with a divided error, until it is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ._errors import BadInput, LowlatError
from ._judge import verdict
from ._judge.outcome import Gate
from ._probe.plan import Plan


@dataclass(frozen=True)
class Look:
    """One measurement of the verification; ``factor`` is its size, in samples of the first measurement."""

    name: str
    factor: int
    alpha: float


#: On the server's own CPU.
_PINNED = "same"

#: As the reference record went: the same once more, pinned; then larger samples.
LOOKS = tuple(
    Look(name, factor, alpha)
    for name, factor, alpha in zip(("pinned_runs", "larger_sample", "largest_sample"), (1, 4, 16), verdict.ALPHAS)
)


def verify(
    measure: Callable[[Plan], Mapping[str, Any]],
    plan: Plan,
    gates: Sequence[Gate],
    baseline: Mapping[str, Any] | None,
    budget: float,
) -> list[dict[str, Any]]:
    """The looks that were taken, each ``{name, measurement, alpha, outcomes, comparisons}``; at least one.

    ``budget`` in seconds is not exceeded by more than one look's misjudged length. Measures; changes nothing. A
    LowlatError has the looks that came before it in its details.
    """
    taken: list[dict[str, Any]] = []
    left, of_one = budget, 0.0
    # With a baseline it stays where that was measured, or it could not be compared.
    plans = [plan] if baseline is not None or plan.cpu == _PINNED else [replace(plan, cpu=_PINNED), plan]
    for step in LOOKS:
        if taken and of_one * step.factor > left:
            break
        try:
            measurement = _measured(measure, plans, step.factor)
        except LowlatError as error:
            error.details["looks"] = taken
            raise
        left -= float(measurement["seconds"])
        of_one = float(measurement["seconds"]) / step.factor
        seen = verdict.look(gates, measurement, baseline, step.alpha)
        taken.append({"name": step.name, "measurement": measurement, **seen})
        if verdict.settled(seen, baseline, measurement):
            break
    return taken


def _measured(measure: Callable[[Plan], Mapping[str, Any]], plans: list[Plan], factor: int) -> Mapping[str, Any]:
    """By the first of the plans that this host lets the probe follow; those before it are dropped."""
    while True:
        try:
            return measure(replace(plans[0], samples=plans[0].samples * factor))
        except BadInput:
            if len(plans) == 1:
                raise
            del plans[0]


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
    left, of_one = budget, float(measurement["seconds"])
    for step in LOOKS[1:]:
        if not verdict.too_coarse(gates, measurement) or of_one * step.factor > left:
            break
        measurement = measure(replace(plan, samples=plan.samples * step.factor))
        left -= float(measurement["seconds"])
    return measurement
