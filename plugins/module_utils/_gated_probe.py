# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe and judge together: gates are checked first, then it is measured, judged, and a breach is looked into."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ._errors import LowlatError
from ._judge import verdict
from ._judge.blame import ROLL_BACK
from ._judge.decision import decide
from ._judge.gates import judge, parse
from ._judge.outcome import Gate
from ._probe.measurement import measure
from ._probe.plan import Plan
from ._server.connection import Address
from ._verification import sharpen, verify


def run(params: Mapping[str, Any]) -> dict[str, Any]:
    """``{changed, measurement, gates, decision, cause, evidence, comparisons, verification}`` for latency_probe.

    LowlatError where a hard gate failed for good, with all of that in its details. BadInput comes before the
    measurement.
    """
    address = Address.from_options(dict(params))
    return judged(params, partial(measure, address), str(address))


def judged(params: Mapping[str, Any], measuring: Callable[[Plan], Mapping[str, Any]], where: str) -> dict[str, Any]:
    """As ``run``, of whatever ``measuring`` measures; ``where`` that is, for errors."""
    gates = parse(params["gates"])
    plan = Plan(
        samples=params["samples"],
        runs=params["runs"],
        duty=params["duty"],
        rate=params["rate"],
        commands=tuple(params["commands"]),
        cpu=params["cpu"],
    )
    spent: list[float] = []

    def take(wanted: Plan) -> Mapping[str, Any]:
        taken = measuring(wanted)
        spent.append(taken["seconds"])
        return taken

    measurement = take(plan)
    if params["verify"] and params["baseline"] is None:
        measurement = sharpen(take, plan, gates, measurement, params["verify_seconds"])
    told = _decided(params, gates, plan, take, measurement)
    result: dict[str, Any] = {"changed": False, "measurement": measurement, **told}
    result["sampling_seconds"] = round(sum(spent), 3)
    failed = result["decision"]["failed"]
    if failed:
        raise LowlatError(
            f"{len(failed)} hard {'gate' if len(failed) == 1 else 'gates'} failed",
            where=where,
            why=result["decision"]["reason"],
            **result,
        )
    return result


def _decided(
    params: Mapping[str, Any],
    gates: Sequence[Gate],
    plan: Plan,
    take: Callable[[Plan], Mapping[str, Any]],
    measurement: Mapping[str, Any],
) -> dict[str, Any]:
    baseline, policy = params["baseline"], params["on_inconclusive"]
    first = judge(gates, measurement, baseline)
    past = verdict.aborted(first)
    if past:
        reason = f"past the abort level of {', '.join(past)}: taken back before anything else"
        decision = {**decide(first, policy), "decision": ROLL_BACK, "aborted": past}
        decision["reason"] = f"{reason}; {decision['reason']}"
        return {"gates": first, "decision": decision, "verification": {}, **verdict.explain(baseline, measurement)}
    # Without a baseline a gate against it is open, and no second look would close it.
    closed = [outcome for outcome in first if outcome["against"] == "absolute" or baseline is not None]
    if not (params["verify"] and verdict.in_doubt(closed)):
        explained = verdict.explain(baseline, measurement)
        if not verdict.in_doubt(closed):
            explained.update(cause="", evidence=[])
        return {"gates": first, "decision": {**decide(first, policy), "aborted": []}, "verification": {}, **explained}
    try:
        looks = verify(take, plan, gates, baseline, params["verify_seconds"])
    except LowlatError as error:
        told = f"the server failed while it was looked at again: {error.message}"
        decision = {**decide(first, policy), "decision": ROLL_BACK, "aborted": [], "reason": told}
        error.details.update(measurement=measurement, gates=first, decision=decision)
        raise
    concluded = verdict.conclude(baseline, measurement, first, looks, policy)
    decision = {name: concluded[name] for name in ("decision", "failed", "inconclusive", "reason")}
    return {
        "gates": concluded["outcomes"],
        "decision": {**decision, "aborted": []},
        "cause": concluded["cause"],
        "evidence": concluded["evidence"],
        "comparisons": concluded["comparisons"],
        "verification": {"first": first, "looks": looks},
    }
