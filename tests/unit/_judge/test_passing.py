# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A MONITOR client, a save or a rewrite in the second window alone: whose doing the harm is, nobody can tell."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils import _gated_probe
from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError
from ansible_collections.lowlat.redis.plugins.module_utils._judge import gates, verdict
from ansible_collections.lowlat.redis.plugins.modules.latency_probe import OPTIONS
from tests.unit._judge.made_up import taken

P50 = {"name": "p50", "query": "relative.rtt.p50", "max": 1.03, "tolerance": 0.02, "against": "baseline"}
SEEN = [({"monitors": 1}, "1 MONITOR client"), ({"background": ["bgsave"]}, "BGSAVE")]
SEEN.append(({"background": ["aof_rewrite"]}, "rewrite of the AOF"))
POLICIES = pytest.mark.parametrize("policy", ["keep", "roll_back"])
EVENTS = pytest.mark.parametrize(("evidence", "words"), SEEN)


def slower(**evidence: Any) -> dict[str, Any]:
    measurement = taken(1.3 * 1.87)
    measurement["evidence"].update(evidence)
    return measurement


def told(here: dict[str, Any], before: dict[str, Any], effects: Any = (), **gate: Any) -> dict[str, Any]:
    rules = gates.parse([{**P50, **gate}])
    looks = [{"measurement": here, **verdict.look(rules, here, before, verdict.ALPHAS[0])}]
    return verdict.conclude(before, here, gates.judge(rules, here, before), looks, "keep", effects)


def probed(here: dict[str, Any], policy: str, **given: Any) -> tuple[list[int], dict[str, Any]]:
    """How large each measurement was, and the result."""
    defaults = {name: option.get("default") for name, option in OPTIONS.items()}
    params = {**defaults, "baseline": taken(), "gates": [P50], "on_inconclusive": policy, **given}
    sizes: list[int] = []

    def measure(plan: Any) -> dict[str, Any]:
        sizes.append(plan.samples)
        return here

    try:
        return sizes, _gated_probe.judged(params, measure, "here")
    except LowlatError as error:
        return sizes, error.details


@POLICIES
@EVENTS
@pytest.mark.parametrize("verify", [True, False])
def test_it_is_for_the_policy(evidence: dict[str, Any], words: str, policy: str, verify: bool) -> None:
    sizes, found = probed(slower(**evidence), policy, verify=verify)
    decision = found["decision"]
    assert (decision["decision"], decision["failed"], decision["inconclusive"]) == (policy, [], ["p50"])
    assert words in decision["reason"]
    assert found["cause"] == "genuine"
    # It may be over in a larger look.
    assert len(sizes) == (4 if verify else 1)


@POLICIES
def test_past_the_abort_level_it_is_taken_back(policy: str) -> None:
    _sizes, found = probed(slower(monitors=1), policy, gates=[{**P50, "abort": 1.5}])
    assert (found["decision"]["decision"], found["decision"]["aborted"]) == ("roll_back", ["p50"])


def test_what_the_baseline_had_too_explains_nothing() -> None:
    before = taken()
    before["evidence"].update(monitors=1, background=["bgsave"])
    assert told(slower(monitors=1, background=["bgsave"]), before)["failed"] == ["p50"]
    del before["evidence"]["monitors"]
    assert told(slower(monitors=1), before)["failed"] == ["p50"]


def test_what_toggling_shows_is_known() -> None:
    effects = [{"kind": "redis", "key": "hz", "verdict": "regression"}]
    assert told(slower(monitors=1), taken(), effects)["failed"] == ["p50"]


def test_a_gate_on_the_monitors_themselves_fails() -> None:
    gate = {"query": "evidence.monitors", "max": 0, "against": "absolute", "tolerance": 0}
    assert told(slower(monitors=1), taken(), **gate)["failed"] == ["p50"]


@EVENTS
def test_but_not_where_it_is_far_more_than_they_cost(evidence: dict[str, Any], words: str) -> None:
    here = taken(13.0)
    here["evidence"].update(evidence)
    _sizes, found = probed(here, "keep")
    decision = found["decision"]
    assert (decision["decision"], decision["failed"]) == ("roll_back", ["p50"])
    assert words not in decision["reason"]
