# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge: from measurements and evidence to outcome, cause and decision. The same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import cause as causes
from . import lacking, passing
from .before_after import before_and_after
from .blame import ROLL_BACK
from .comparison import EQUIVALENT, IMPROVEMENT, REGRESSION, UNDECIDED
from .covered import excusable
from .decision import decide
from .gates import judge
from .outcome import FAIL, INCONCLUSIVE, PASS, SOFT_FAIL, Gate
from .schema import METRICS

Measurement = Mapping[str, Any]
Outcomes = Sequence[Mapping[str, Any]]

#: The error that each look at a verification may make, of all that may be made. Looks differ in their samples.
ALPHAS = (0.001, 0.0015, 0.0025)


#: There is no baseline, or it lacks the metric.
NOT_COMPARED = "not compared"


def in_doubt(outcomes: Outcomes) -> list[str]:
    """Hard gates that did not simply hold, so that a second look is due: not where there is no figure to look at."""
    return [
        str(outcome["name"])
        for outcome in outcomes
        if outcome["severity"] == "hard" and outcome["outcome"] != PASS and outcome["value"] is not None
    ]


def aborted(outcomes: Outcomes) -> list[str]:
    """Hard gates that are past their abort level, as surely as a look must make sure of a failure."""
    hard = [outcome for outcome in outcomes if outcome["severity"] == "hard" and outcome["outcome"] == FAIL]
    return [str(outcome["name"]) for outcome in hard if outcome["aborted"]]


def too_coarse(gates: Sequence[Gate], measurement: Measurement) -> list[str]:
    """Gates against a baseline that this one could hardly carry: its interval is wider than half of what they allow."""
    found = []
    for gate in gates:
        value, interval = gate.query.number(dict(measurement)), gate.query.interval(dict(measurement))
        if gate.against != "baseline" or gate.severity != "hard" or not value or interval is None:
            continue
        low, high = interval
        if low is None or high is None or high - low > (gate.max + gate.tolerance - 1) * value:
            found.append(gate.name)
    return found


def look(gates: Sequence[Gate], measurement: Measurement, baseline: Measurement | None, alpha: float) -> dict[str, Any]:
    """What one measurement of the verification says: ``{alpha, outcomes, comparisons}`` at this error."""
    outcomes = judge(gates, measurement, baseline, alpha)
    comparisons = before_and_after(_comparable(baseline, measurement), measurement, alpha)
    return {"alpha": alpha, "outcomes": outcomes, "comparisons": comparisons}


def settled(seen: Mapping[str, Any], baseline: Measurement | None, measurement: Measurement) -> bool:
    """Whether a further, larger look could not say more: no gate is open, and none that is closed is unexplained.

    Nor is anything left to say past an abort level.
    """
    if aborted(seen["outcomes"]):
        return True
    events = passing.events(_comparable(baseline, measurement), measurement)
    hard = [_no_noise(outcome, seen["comparisons"]) for outcome in seen["outcomes"] if outcome["severity"] == "hard"]
    hard = [passing.beside(outcome, events) for outcome in hard]
    if any(outcome["outcome"] == INCONCLUSIVE and not outcome["excused"] for outcome in hard):
        return False
    failing = [outcome for outcome in hard if outcome["outcome"] == FAIL]
    return all(_compared(outcome, seen["comparisons"]) != UNDECIDED for outcome in failing)


def conclude(
    baseline: Measurement | None,
    breached: Measurement,
    first: Outcomes,
    looks: Sequence[Mapping[str, Any]],
    on_inconclusive: str = ROLL_BACK,
    effects: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The decision after a verification: that of ``decision.decide`` with ``cause`` and ``evidence``.

    ``looks`` are ``{measurement, outcomes, comparisons}``, oldest first; the last one decides. A gate that fails still
    is excused where the host or the measurement was disturbed and the comparison proves that the server is what it
    was: then a rollback would mend nothing. Where that is not proven, nobody can tell; nor where the server had
    something else to do that it did not have before, unless toggling shows whose doing it is.
    """
    last = looks[-1]
    baseline, comparisons = _comparable(baseline, last["measurement"]), last["comparisons"]
    held = [_no_noise(outcome, comparisons) for outcome in last["outcomes"]]
    failing = any(outcome["severity"] == "hard" and outcome["outcome"] == FAIL for outcome in held)
    unseen = any(outcome["severity"] == "hard" and _not_judged(outcome) for outcome in held)
    if failing or unseen:
        # It is there still: only what is there still can be its cause.
        attributed = causes.attribute(baseline, last["measurement"], None, comparisons, effects)
    else:
        attributed = causes.attribute(baseline, breached, last["measurement"], comparisons, effects)
    disturbed = failing and attributed["cause"] in (causes.ARTIFACT, causes.ENVIRONMENT)
    sides = (baseline, last["measurement"])
    outcomes = [_beside(outcome, comparisons, attributed["cause"] if disturbed else "", sides) for outcome in held]
    events = [] if causes.toggled(effects) else passing.events(baseline, last["measurement"])
    outcomes = [passing.beside(outcome, events) for outcome in outcomes]
    judged = [outcome for outcome in outcomes if outcome["judged"]]
    worse = [outcome for outcome in judged if _compared(outcome, comparisons) == REGRESSION]
    # What is proven to be worse is not kept for want of knowing why; a disturbance that could be all of it is a why.
    proven = in_doubt(worse) and attributed["cause"] != causes.ARTIFACT and not events
    decision = decide(outcomes, ROLL_BACK if proven else on_inconclusive)
    told = _told(first, outcomes, attributed)
    return {
        **decision,
        "reason": f"{told}; {decision['reason']}" if told else decision["reason"],
        "cause": attributed["cause"],
        "evidence": attributed["evidence"],
        "outcomes": outcomes,
        "comparisons": comparisons,
    }


def beside_events(outcomes: Outcomes, baseline: Measurement | None, measurement: Measurement) -> list[dict[str, Any]]:
    """The outcomes of a single measurement, open where the server had something else to do that may be all of it."""
    found = passing.events(_comparable(baseline, measurement), measurement)
    return [dict(passing.beside(outcome, found)) for outcome in outcomes]


def explain(baseline: Measurement | None, measurement: Measurement) -> dict[str, Any]:
    """``{cause, evidence, comparisons}`` of a single measurement that nobody looked at twice."""
    baseline = _comparable(baseline, measurement)
    comparisons = before_and_after(baseline, measurement, ALPHAS[0])
    return {**causes.attribute(baseline, measurement, None, comparisons), "comparisons": comparisons}


def _comparable(baseline: Measurement | None, measurement: Measurement) -> Measurement | None:
    """None for one that was measured otherwise: over another transport a host looks slower, and its server no worse."""
    return None if baseline is not None and lacking.unlike(measurement, baseline) else baseline


def _not_judged(outcome: Mapping[str, Any]) -> bool:
    """There is a figure, and it says nothing."""
    return outcome["value"] is not None and not outcome["judged"]


def _no_noise(outcome: Mapping[str, Any], comparisons: Mapping[str, Any]) -> Mapping[str, Any]:
    """A tolerance, and an interval that reaches into it, are for noise: what is proven to be worse is neither."""
    value, limit = outcome["value"], outcome["limit"]
    open_ = outcome["outcome"] in (SOFT_FAIL, INCONCLUSIVE) and outcome["judged"]
    if open_ and value > limit and _compared(outcome, comparisons, "usual") == REGRESSION:
        return {**outcome, "outcome": FAIL, "reason": f"{outcome['reason']}, and it is no noise"}
    return outcome


def _beside(
    outcome: Mapping[str, Any],
    comparisons: Mapping[str, Any],
    cause: str,
    sides: tuple[Measurement | None, Measurement],
) -> Mapping[str, Any]:
    """A gate in the light of the comparison; ``cause`` is the disturbance beside it, or empty.

    A gate that failed beside a disturbance is excused where the server is proven to be no slower than it was, and that
    proof is about the gate's figure or the disturbance is large enough; else it is open. Where nothing could be
    compared, only a round trip that was kept from running is.
    """
    compared = _compared(outcome, comparisons)
    if outcome["outcome"] != FAIL or not cause:
        return outcome
    if compared == NOT_COMPARED and (comparisons or cause != causes.ARTIFACT or _metric(outcome) not in METRICS):
        return outcome
    told = f"{outcome['reason']}; what disturbed it ({cause}) may be all of that, or not"
    if compared in (EQUIVALENT, IMPROVEMENT):
        if excusable(outcome, _seen_by_client(outcome), *sides):
            told = f"{outcome['reason']}; relative to its host the server is no slower than it was ({cause})"
            return {**outcome, "outcome": SOFT_FAIL, "reason": told}
        told += ": that the typical block is no slower says too little of this figure"
    return {**outcome, "outcome": INCONCLUSIVE, "reason": told}


#: The client's side of what the server says of a command.
_SEEN_BY_CLIENT = {"set": "set_rtt", "xadd": "xadd_rtt"}


def _compared(outcome: Mapping[str, Any], comparisons: Mapping[str, Any], which: str = "verdict") -> str:
    """What before and after say of this gate's metric."""
    last = str(outcome["query"]).rpartition(".")[2]
    figure = "p50" if last in ("p50", "mean") else "p99"
    found = comparisons.get(f"{_seen_by_client(outcome)}.{figure}")
    return str(found[which]) if found else NOT_COMPARED


def _seen_by_client(outcome: Mapping[str, Any]) -> str:
    metric = _metric(outcome)
    return _SEEN_BY_CLIENT.get(metric, metric)


def _metric(outcome: Mapping[str, Any]) -> str:
    """What the gate is about, where its query is a mere path."""
    return str(outcome["query"]).replace("relative.", "").partition(".")[0]


def _told(first: Outcomes, last: Outcomes, attributed: Mapping[str, Any]) -> str:
    """What became of the breaches, in a sentence."""
    doubted = set(in_doubt(first))
    gone = sorted(str(outcome["name"]) for outcome in last if outcome["name"] in doubted and outcome["outcome"] == PASS)
    told = [f"{', '.join(gone)} did not hold at first and holds when it is measured again"] if gone else []
    if any(outcome["outcome"] == FAIL for outcome in last):
        told.append("the breach is there when it is measured again")
    return f"{', '.join(told)} (cause: {attributed['cause']})" if told else ""
