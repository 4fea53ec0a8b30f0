# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From outcomes to a decision. No proof, no keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import BadInput
from .blame import KEEP, ROLL_BACK
from .outcome import FAIL, INCONCLUSIVE, PASS, SOFT_FAIL

POLICIES = (ROLL_BACK, KEEP)


def decide(outcomes: Sequence[Mapping[str, Any]], on_inconclusive: str = ROLL_BACK) -> dict[str, Any]:
    """``{"decision": keep|roll_back, "failed": [names], "inconclusive": [names], "reason": text}``.

    A change is kept when no hard gate failed, none was inconclusive (a metric that this host could not give before
    the change either is excused), and at least one hard gate held. Where that proof is missing without a failure,
    ``on_inconclusive`` decides. Soft gates are reported and decide nothing.
    """
    if on_inconclusive not in POLICIES:
        raise BadInput(
            f"on_inconclusive is {on_inconclusive!r}",
            where="on_inconclusive",
            why=f"it is one of {', '.join(POLICIES)}",
            remedy="Choose one",
        )
    hard = [outcome for outcome in outcomes if outcome["severity"] == "hard"]
    failed = [outcome for outcome in hard if outcome["outcome"] == FAIL]
    held = [outcome for outcome in hard if outcome["outcome"] in (PASS, SOFT_FAIL)]
    open_ = [outcome for outcome in hard if outcome["outcome"] == INCONCLUSIVE and not outcome.get("excused")]
    if failed:
        return _decision(ROLL_BACK, failed, open_, _because(failed, "failed"))
    if open_:
        return _decision(on_inconclusive, failed, open_, _policy(_because(open_, "is inconclusive"), on_inconclusive))
    if not held:
        nothing = "no hard gate could be judged" if hard else "there is no hard gate"
        return _decision(on_inconclusive, failed, open_, _policy(f"{nothing}, so nothing is proven", on_inconclusive))
    return _decision(KEEP, failed, open_, _why_kept(outcomes, held))


def _decision(
    decision: str, failed: Sequence[Mapping[str, Any]], open_: Sequence[Mapping[str, Any]], reason: str
) -> dict[str, Any]:
    return {
        "decision": decision,
        "failed": [str(outcome["name"]) for outcome in failed],
        "inconclusive": [str(outcome["name"]) for outcome in open_],
        "reason": reason,
    }


def _because(outcomes: Sequence[Mapping[str, Any]], verb: str) -> str:
    return "; ".join(f"gate {outcome['name']} {verb}: {outcome['reason']}" for outcome in outcomes)


def _policy(reason: str, on_inconclusive: str) -> str:
    return f"{reason} (on_inconclusive is {on_inconclusive})"


def _why_kept(outcomes: Sequence[Mapping[str, Any]], held: Sequence[Mapping[str, Any]]) -> str:
    softly = [outcome for outcome in held if outcome["outcome"] == SOFT_FAIL]
    warned = [outcome for outcome in outcomes if outcome["severity"] == "soft" and outcome["outcome"] == FAIL]
    parts = [f"{len(held)} hard gate{'s' if len(held) != 1 else ''} held"]
    if softly:
        parts.append(_because(softly, "held softly"))
    if warned:
        parts.append(_because(warned, "(soft) failed"))
    return "; ".join(parts)
