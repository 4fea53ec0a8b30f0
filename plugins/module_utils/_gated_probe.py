# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe and judge together: gates are checked first, then it is measured, judged, and a breach is looked into."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ._errors import LowlatError
from ._judge import verdict
from ._judge.baseline import check
from ._judge.blame import KEEP, ROLL_BACK
from ._judge.decision import decide
from ._judge.gates import judge, parse
from ._judge.outcome import FAIL, Gate
from ._judge.recommend import recommend
from ._probe.measurement import measure
from ._probe.plan import Plan
from ._server.connection import Address
from ._verification import sharpen, verify

#: Where nobody looked twice, the measurement itself.
FIRST = "first"


def run(params: Mapping[str, Any]) -> dict[str, Any]:
    """``{changed, measurement, gates, decision, cause, evidence, comparisons, verification}`` for latency_probe.

    LowlatError unless the hard gates hold (or are open, and the caller keeps what is), with all of that in its details.
    BadInput comes before the measurement.
    """
    address = Address.from_options(dict(params))
    return judged(params, partial(measure, address), str(address))


def rehearse(params: Mapping[str, Any]) -> dict[str, Any]:
    """As ``run`` up to the measurement, which is empty: so is a baseline that was to be made by a rehearsal."""
    Address.from_options(dict(params))
    baseline = params["baseline"]
    _checked(params, baseline or None, to_be=params["on_inconclusive"] == KEEP or baseline == {})
    return {"changed": False, "measurement": {}, "gates": []}


def judged(params: Mapping[str, Any], measuring: Callable[[Plan], Mapping[str, Any]], where: str) -> dict[str, Any]:
    """As ``run``, of whatever ``measuring`` measures; ``where`` that is, for errors."""
    gates, plan = _checked(params, params["baseline"], to_be=params["on_inconclusive"] == KEEP)
    spent: list[float] = []

    def take(wanted: Plan) -> Mapping[str, Any]:
        taken = measuring(wanted)
        spent.append(taken["seconds"])
        return taken

    measurement = take(plan)
    if params["verify"] and params["baseline"] is None:
        measurement = sharpen(take, plan, gates, measurement, params["verify_seconds"])
    try:
        told = _decided(params, gates, plan, take, measurement)
    except LowlatError as error:
        error.details.update(changed=False, measurement=measurement, sampling_seconds=round(sum(spent), 3))
        raise
    told["decision"]["on_inconclusive"] = params["on_inconclusive"]
    result: dict[str, Any] = {"changed": False, "measurement": measurement, **told}
    result["sampling_seconds"] = round(sum(spent), 3)
    if any(gate.severity == "hard" for gate in gates) and result["decision"]["decision"] != KEEP:
        why, remedy = result["decision"]["reason"], _remedy(result, gates, params["baseline"])
        raise LowlatError(_ended(result["decision"]), where=where, why=why, remedy=remedy, **result)
    return result


def _checked(params: Mapping[str, Any], baseline: Any, to_be: bool) -> tuple[list[Gate], Plan]:
    """The gates and the plan of the measurement; BadInput for what makes no sense."""
    gates = parse(params["gates"])
    check(baseline, gates, to_be)
    return gates, Plan(
        samples=params["samples"],
        runs=params["runs"],
        duty=params["duty"],
        rate=params["rate"],
        commands=tuple(params["commands"]),
        cpu=params["cpu"],
    )


def _remedy(result: Mapping[str, Any], gates: Sequence[Gate], baseline: Mapping[str, Any] | None) -> str:
    """What was seen is worth doing something about; where nothing was, what is left."""
    failed = result["decision"]["failed"]
    absolute = [gate for gate in gates if baseline is not None and gate.against == "absolute" and gate.name in failed]
    before = [outcome["name"] for outcome in judge(absolute, baseline or {}) if outcome["outcome"] == FAIL]
    found = recommend(result["measurement"], result["gates"], result["cause"], failed_before=before)
    if found:
        return "; ".join(found)
    if failed:
        return "Take back what was changed, or give the gate a limit that this host can hold"
    return "Measure again at a quiet time or with more samples; on_inconclusive: keep lets pass what is open"


def _ended(decision: Mapping[str, Any]) -> str:
    """Which way the hard gates did not hold."""
    for names, verb in ((decision["failed"], "failed"), (decision["inconclusive"], "could not be judged")):
        if names:
            return f"{len(names)} hard {'gate' if len(names) == 1 else 'gates'} {verb}"
    return "No hard gate held"


def _decided(
    params: Mapping[str, Any],
    gates: Sequence[Gate],
    plan: Plan,
    take: Callable[[Plan], Mapping[str, Any]],
    measurement: Mapping[str, Any],
) -> dict[str, Any]:
    baseline, policy = params["baseline"], params["on_inconclusive"]
    first = _seen(judge(gates, measurement, baseline), FIRST)
    if verdict.aborted(first):
        return {"verification": {}, **_aborted(first, baseline, measurement)}
    # Without a baseline a gate against it is open, and no second look would close it.
    closed = [outcome for outcome in first if outcome["against"] == "absolute" or baseline is not None]
    if not (params["verify"] and verdict.in_doubt(closed)):
        explained = verdict.explain(baseline, measurement)
        if not verdict.in_doubt(closed):
            explained.update(cause="", evidence=[])
        alone = verdict.beside_events(first, baseline, measurement)
        return {"gates": alone, "decision": {**decide(alone, policy), "aborted": []}, "verification": {}, **explained}
    try:
        looks = verify(take, plan, gates, baseline, params["verify_seconds"])
    except LowlatError as error:
        told = f"the server failed while it was looked at again: {error.message}"
        decision = {**decide(first, policy), "decision": ROLL_BACK, "aborted": [], "reason": told}
        verification = {"first": first, "looks": error.details.pop("looks", [])}
        error.details.update(
            gates=first, decision=decision, verification=verification, **verdict.explain(baseline, measurement)
        )
        raise
    last = looks[-1]["name"]
    if verdict.aborted(looks[-1]["outcomes"]):
        past = _aborted(_seen(looks[-1]["outcomes"], last), baseline, looks[-1]["measurement"])
        return {"verification": {"first": first, "looks": looks}, **past}
    concluded = verdict.conclude(baseline, measurement, first, looks, policy)
    decision = {name: concluded[name] for name in ("decision", "failed", "inconclusive", "reason")}
    decision["reason"] += f"; its figures are those of look {last}"
    return {
        "gates": _seen(concluded["outcomes"], last),
        "decision": {**decision, "aborted": []},
        "cause": concluded["cause"],
        "evidence": concluded["evidence"],
        "comparisons": concluded["comparisons"],
        "verification": {"first": first, "looks": looks},
    }


def _aborted(
    outcomes: list[dict[str, Any]], baseline: Mapping[str, Any] | None, measurement: Mapping[str, Any]
) -> dict[str, Any]:
    """Nothing excuses what is past its abort level, and nobody looks twice before it is taken back."""
    past = verdict.aborted(outcomes)
    reason = f"past the abort level of {', '.join(past)}: taken back before anything else"
    decision = {**decide(outcomes), "decision": ROLL_BACK, "aborted": past}
    decision["reason"] = f"{reason}; {decision['reason']}"
    return {"gates": outcomes, "decision": decision, **verdict.explain(baseline, measurement)}


def _seen(outcomes: Sequence[Mapping[str, Any]], look: str) -> list[dict[str, Any]]:
    """The outcomes with the name of the measurement that they were judged by."""
    return [{**outcome, "look": look} for outcome in outcomes]
