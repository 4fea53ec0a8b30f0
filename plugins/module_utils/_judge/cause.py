# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a gate did not hold: what the measurements themselves say about it. Pure; what is missing is never held against
anybody, it only makes the answer say less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import traces
from .comparison import REGRESSION
from .facts import Facts
from .placed import otherwise

ARTIFACT = "artifact"
ENVIRONMENT = "environment"
GENUINE = "genuine"
UNEXPLAINED = "unexplained"
CAUSES = (ARTIFACT, ENVIRONMENT, GENUINE, UNEXPLAINED)

Measurement = Mapping[str, Any]
# Whoever is preempted comes back to cold caches: others cost about as much again as the time that they take, so they
# explain a slowdown of probe and server that is not several times as large.
_DRAGS = 1.0 / 3.0


def attribute(
    baseline: Measurement | None,
    breached: Measurement,
    verification: Measurement | None = None,
    comparisons: Mapping[str, Mapping[str, Any]] | None = None,
    effects: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """``{"cause": artifact|environment|genuine|unexplained, "evidence": [sentences]}``.

    ``comparisons`` are baseline against verification by figure (``rtt.p50``), ``effects`` the toggled settings, each
    with its ``verdict``. Without a baseline the verification is what the breach is held against. A harm that the
    verification shows too is explained by the verification, any other by the measurement that breached.
    """
    before = Facts(baseline) or Facts(verification)
    first, last = Facts(breached), Facts(verification)
    lasting = _regressed(comparisons or {})
    guilty = toggled(effects)
    if lasting or guilty:
        return _lasting(Facts(baseline), last or first, lasting, guilty)
    return _passing(before, first, Facts(baseline), last)


def toggled(effects: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Settings that were seen to do harm by themselves."""
    return [effect for effect in effects if effect.get("verdict") == REGRESSION]


def _lasting(
    before: Facts, last: Facts, lasting: Mapping[str, Mapping[str, Any]], guilty: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The harm is there relative to the reference, on the larger sample too."""
    shown = [_told(figure, compared) for figure, compared in sorted(lasting.items())]
    if guilty:
        return _answer(GENUINE, [*(_toggled(effect) for effect in guilty), *shown])
    metrics = sorted({figure.split(".")[0] for figure in lasting})
    work, work_us = traces.of_server(before, last, metrics)
    disturbed, disturbed_us = traces.of_others(before, last, metrics)
    if work and work_us >= disturbed_us:
        return _answer(GENUINE, [*shown, *work, *traces.of_events(before, last)])
    if disturbed:
        return _answer(ARTIFACT, [*shown, *disturbed, *work])
    lack = "the ledger shows neither more work nor a wait of the server, nor anybody else's: it does not say why"
    return _answer(UNEXPLAINED, [*shown, lack])


def _passing(before: Facts, first: Facts, baseline: Facts, last: Facts) -> dict[str, Any]:
    """The verification does not prove the harm, or there was none: what was the matter in the first measurement?"""
    metrics = first.metrics
    disturbed, disturbed_us = traces.of_others(before, first, metrics)
    host = traces.of_host(before, first, metrics)
    slowed_us = traces.slowed(before, first, metrics) if host else 0.0
    if disturbed and disturbed_us >= _DRAGS * slowed_us:
        return _answer(ARTIFACT, [*disturbed, *host])
    if host:
        return _answer(ENVIRONMENT, [*host, *disturbed])
    work, _work_us = traces.of_server(before, first, metrics)
    events = traces.of_events(before, first)
    # Work that the larger sample shows too is the server's own, however small.
    again, _again_us = traces.of_server(baseline, last, metrics) if work else ([], 0.0)
    if work and (again or events or not last):
        return _answer(GENUINE, [*(again or work), *events])
    stalls = traces.of_stalls(before, first, metrics) if last else []
    if stalls:
        return _answer(ARTIFACT, stalls)
    told = "nothing in the first measurement says why" if first else "there is no measurement to look at"
    return _answer(UNEXPLAINED, [*work, *events, *otherwise(before, first), told])


def _regressed(comparisons: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {
        figure: compared
        for figure, compared in comparisons.items()
        if isinstance(compared, Mapping) and compared.get("verdict") == REGRESSION
    }


def _told(figure: str, compared: Mapping[str, Any]) -> str:
    effect, (low, high) = compared.get("effect"), compared.get("interval") or (None, None)
    if effect is None or low is None or high is None:
        return f"{figure} relative to the reference is worse"
    return f"{figure} relative to the reference changed by {effect:+.1%} ({low:+.1%} to {high:+.1%})"


def _toggled(effect: Mapping[str, Any]) -> str:
    name = " ".join(str(effect[part]) for part in ("kind", "key") if part in effect)
    size = effect.get("effect")
    by = f" by {size:+.1%}" if isinstance(size, float) else ""
    return f"toggling {name or 'the settings'} slows the server down{by}, and back"


def _answer(cause: str, evidence: Iterable[str]) -> dict[str, Any]:
    return {"cause": cause, "evidence": list(evidence)}
