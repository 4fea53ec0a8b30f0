# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down is enough to decide anew: from the JSON alone the judge says the same, to the byte."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils import _gated_probe
from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError
from ansible_collections.lowlat.redis.plugins.module_utils._judge import gates, verdict
from ansible_collections.lowlat.redis.plugins.module_utils._judge.decision import decide
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan
from ansible_collections.lowlat.redis.plugins.modules.latency_probe import OPTIONS
from tests.unit._judge.made_up import taken

P50 = {"name": "p50", "query": "relative.rtt.p50", "max": 1.03, "tolerance": 0.02, "against": "baseline"}
RULE = ("name", "query", "max", "tolerance", "severity", "against", "abort")


def written(after: Mapping[str, Any], rule: Mapping[str, Any], policy: str) -> dict[str, Any]:
    """What the module returns, or fails with, as a record has it."""

    def measuring(_plan: Plan) -> Mapping[str, Any]:
        return after

    given = {"gates": [rule], "baseline": taken(), "on_inconclusive": policy}
    params = {**{name: option.get("default") for name, option in OPTIONS.items()}, **given}
    try:
        told = _gated_probe.judged(params, measuring, "here")
    except LowlatError as error:
        told = error.details
    found: dict[str, Any] = json.loads(json.dumps({**told, "baseline": taken()}))
    return found


def decided(told: Mapping[str, Any]) -> dict[str, Any]:
    """``{gates, decision, looks}`` by the judge, of what is written down and nothing else."""
    before, here, policy = told["baseline"], told["measurement"], told["decision"]["on_inconclusive"]
    rules = gates.parse([{name: outcome[name] for name in RULE} for outcome in told["gates"]])
    first = gates.judge(rules, here, before)
    if verdict.aborted(first) or not told["verification"]:
        return {"gates": first, "decision": decide(first, policy), "looks": []}
    looks = [
        {**look, **verdict.look(rules, look["measurement"], before, look["alpha"])}
        for look in told["verification"]["looks"]
    ]
    concluded = verdict.conclude(before, here, first, looks, policy)
    return {"gates": concluded["outcomes"], "decision": concluded, "looks": looks}


@pytest.mark.parametrize("policy", ["roll_back", "keep"])
@pytest.mark.parametrize(
    ("after", "rule", "looks", "end"),
    [
        (taken(1.305), P50, 0, "keep"),
        (taken(1.38), P50, 1, "roll_back"),
        (taken(1.38, spread=0.3), P50, 3, ""),
        (taken(2.0), {**P50, "abort": 1.4}, 0, "roll_back"),
    ],
    ids=["held at once", "proven", "open", "past abort"],
)
def test_a_decision_can_be_made_again(
    after: dict[str, Any], rule: dict[str, Any], looks: int, end: str, policy: str
) -> None:
    told = written(after, rule, policy)
    again = decided(told)
    assert told["decision"]["decision"] == (end or policy)
    assert len(again["looks"]) == looks
    assert json.dumps(again["looks"]) == json.dumps(told["verification"].get("looks", []))
    gone_by = [{name: value for name, value in gate.items() if name != "look"} for gate in told["gates"]]
    assert json.dumps(again["gates"]) == json.dumps(gone_by)
    for name in ("failed", "inconclusive"):
        assert again["decision"][name] == told["decision"][name]
    assert again["decision"]["reason"] in told["decision"]["reason"]
    assert verdict.aborted(again["gates"]) == told["decision"]["aborted"]
