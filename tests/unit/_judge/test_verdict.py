# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows a breach: which looks are taken, and what the judge makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils import _verification
from ansible_collections.lowlat.redis.plugins.module_utils._judge import gates, verdict
from ansible_collections.lowlat.redis.plugins.module_utils._judge.before_after import before_and_after
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan
from tests.unit._judge.made_up import taken

RELATIVE = {"name": "p50", "query": "relative.rtt.p50", "max": 1.03, "tolerance": 0.02, "against": "baseline"}
ABSOLUTE = {"name": "floor", "query": "rtt.p99", "max": 12.0}
PLAN = Plan(samples=2000, runs=3)


def verified(
    rules: list[dict[str, Any]], breached: dict[str, Any], later: list[dict[str, Any]], budget: float = 1000.0
) -> tuple[list[int], dict[str, Any]]:
    """How large each look was, and the conclusion, when the looks find these measurements one after the other."""
    parsed, before, sizes = gates.parse(rules), taken(), []

    def measure(plan: Plan) -> dict[str, Any]:
        sizes.append(plan.samples)
        return later[min(len(sizes), len(later)) - 1]

    first = gates.judge(parsed, breached, before)
    looks = _verification.verify(measure, PLAN, parsed, before, budget)
    return sizes, verdict.conclude(before, breached, first, looks)


def test_a_breach_that_is_gone_is_kept_after_one_look() -> None:
    sizes, concluded = verified([RELATIVE], taken(1.6), [taken()])
    assert (sizes, concluded["decision"]) == ([2000], "keep")
    assert "did not hold at first and holds when it is measured again" in concluded["reason"]


def test_a_breach_that_stays_and_is_proven_is_rolled_back_after_one_look() -> None:
    sizes, concluded = verified([RELATIVE], taken(1.6), [taken(1.6)])
    assert (sizes, concluded["decision"], concluded["cause"]) == ([2000], "roll_back", "genuine")


def test_what_stays_open_is_looked_at_with_larger_samples_and_then_decided_for_the_old() -> None:
    wide = taken(1.38, spread=0.3)
    sizes, concluded = verified([RELATIVE], wide, [wide])
    assert (sizes, concluded["decision"]) == ([2000, 8000, 32000], "roll_back")
    assert concluded["inconclusive"] == ["p50"]


def test_the_budget_ends_the_looks() -> None:
    wide = taken(1.38, spread=0.3)
    sizes, _concluded = verified([RELATIVE], wide, [wide], budget=1.0)
    assert sizes == [2000]


def test_a_host_that_slowed_down_is_no_reason_to_roll_back() -> None:
    slower = taken(floor=8.0)
    sizes, concluded = verified([RELATIVE, ABSOLUTE], slower, [slower])
    assert (concluded["decision"], concluded["cause"]) == ("keep", "environment")
    floor = next(outcome for outcome in concluded["outcomes"] if outcome["name"] == "floor")
    assert floor["outcome"] == "soft_fail"
    assert "relative to its host the server is no slower than it was" in floor["reason"]


def test_a_server_that_slowed_down_with_its_host_is_rolled_back() -> None:
    both = taken(1.6, floor=8.0)
    _sizes, concluded = verified([RELATIVE, ABSOLUTE], both, [both])
    assert concluded["decision"] == "roll_back"


@pytest.mark.parametrize(("severity", "doubted"), [("hard", ["p50"]), ("soft", [])])
def test_only_hard_gates_are_looked_at_twice(severity: str, doubted: list[str]) -> None:
    outcomes = gates.judge(gates.parse([{**RELATIVE, "severity": severity}]), taken(1.6), taken())
    assert verdict.in_doubt(outcomes) == doubted


@pytest.mark.parametrize(("more", "looks"), [(1.04, [2000, 8000]), (1.049, [2000])])
def test_a_tolerance_does_not_hold_what_is_proven_to_be_worse(more: float, looks: list[int]) -> None:
    worse = taken(1.3 * more)
    sizes, concluded = verified([RELATIVE], worse, [worse])
    assert (sizes, concluded["decision"], concluded["failed"]) == (looks, "roll_back", ["p50"])
    assert "and it is no noise" in concluded["reason"]


def test_what_disturbed_the_first_look_does_not_excuse_the_last() -> None:
    breached = taken(1.6)
    breached["evidence"]["steal"] = 0.3
    maximum = {"name": "max", "query": "rtt.max", "max": 12.0}
    clean = taken()
    clean["rtt"]["max"] = breached["rtt"]["max"] = 5000.0
    _sizes, concluded = verified([maximum], breached, [clean])
    assert concluded["decision"] == "roll_back"


def concluded_beside(ratio: float, throttled: float, policy: str) -> dict[str, Any]:
    """Of a server that is slower, beside a quota that took this share of the time."""
    worse, parsed, before = taken(ratio), gates.parse([RELATIVE]), taken()
    worse["evidence"]["throttled"] = throttled
    first = gates.judge(parsed, worse, before)
    looks = [{"measurement": worse, **verdict.look(parsed, worse, before, verdict.ALPHAS[0])}]
    return verdict.conclude(before, worse, first, looks, policy)


def test_no_policy_keeps_what_is_proven_to_be_worse() -> None:
    concluded = concluded_beside(1.6, 0.1, "keep")
    assert (concluded["decision"], concluded["cause"]) == ("roll_back", "genuine")


@pytest.mark.parametrize("ratio", [1.6, 1.3 * 1.04], ids=["past the tolerance", "within it"])
@pytest.mark.parametrize("policy", ["keep", "roll_back"])
def test_what_a_disturbance_may_be_all_of_is_for_the_policy(ratio: float, policy: str) -> None:
    concluded = concluded_beside(ratio, 0.5, policy)
    assert (concluded["cause"], concluded["decision"]) == ("artifact", policy)
    assert (concluded["failed"], concluded["inconclusive"]) == ([], ["p50"])


def test_a_server_that_was_started_anew_may_differ_by_more() -> None:
    before, after = taken(), taken(1.3 * 1.036)
    same, anew = (dict(after, evidence={**after["evidence"], "server_pid": pid}) for pid in (1, 2))
    assert before_and_after(before, same, 0.05)["rtt.p50"]["usual"] == "regression"
    assert before_and_after(before, anew, 0.05)["rtt.p50"]["usual"] == "undecided"
    widths = [judged["interval"][1] - judged["interval"][0] for judged in outcomes_of(before, (same, anew))]
    assert widths[1] > 1.3 * widths[0]


def outcomes_of(before: dict[str, Any], several: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    return [gates.judge(gates.parse([RELATIVE]), one, before)[0] for one in several]


def test_a_server_that_got_faster_on_a_host_that_got_slower_is_kept() -> None:
    both = taken(1.3 * 0.9, floor=9.0)
    _sizes, concluded = verified([ABSOLUTE], both, [both])
    assert concluded["decision"] == "keep"


def test_a_metric_that_is_not_there_is_not_looked_for_again() -> None:
    replica = taken()
    del replica["set"]
    replica["not_measured"] = {"set": "no statistics"}
    outcomes = gates.judge(gates.parse([{"name": "set", "query": "set.p99", "max": 5}]), replica)
    assert (outcomes[0]["outcome"], verdict.in_doubt(outcomes)) == ("inconclusive", [])


def test_a_probe_that_was_throttled_to_nothing_decides_nothing() -> None:
    """Also without a baseline, which would show whether the server is slower."""
    nothing = taken(9.0)
    nothing["evidence"]["throttled"] = 0.97
    rules = gates.parse([ABSOLUTE, {"name": "slowlog", "query": "evidence.slowlog", "max": 1}])
    first = gates.judge(rules, nothing)
    look = {"measurement": nothing, **verdict.look(rules, nothing, None, verdict.ALPHAS[0])}
    concluded = verdict.conclude(None, nothing, first, [look], "keep")
    assert (concluded["cause"], concluded["failed"]) == ("artifact", [])
    assert (concluded["decision"], concluded["inconclusive"]) == ("keep", ["floor"])
    assert any("a CPU quota took 97.0%" in sentence for sentence in concluded["evidence"])
    nothing["evidence"]["slowlog"] = 5
    look = {"measurement": nothing, **verdict.look(rules, nothing, None, verdict.ALPHAS[0])}
    assert verdict.conclude(None, nothing, first, [look], "keep")["failed"] == ["slowlog"]
