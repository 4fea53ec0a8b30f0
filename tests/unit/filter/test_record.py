# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of a change that was kept, put back, or lost on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.filter.record import FilterModule, metrics, record

SETTING = {"kind": "redis", "key": "hz", "changed": True, "before": 10, "after": 8}
GATE = {"name": "rtt_p50", "query": "rtt.p50", "severity": "hard", "outcome": "pass"}
KEEP = {"decision": "keep", "failed": [], "inconclusive": [], "reason": "3 hard gates held"}
BACK = {"decision": "roll_back", "failed": ["rtt_p50"], "inconclusive": [], "reason": "gate rtt_p50 failed: far"}


def probe(p50: float, **more: Any) -> dict[str, Any]:
    measurement = {"started_at": "2026-01-02T03:04:05Z", "rtt": {"p50": p50, "p99": p50 * 2, "jitter": p50}}
    return {"measurement": {**measurement, **more}}


def results(**steps: Any) -> dict[str, Any]:
    """The results of a change that was kept, with some steps replaced."""
    kept = {
        "host": "redis-1",
        "name": "phase2",
        "error": "",
        "ansible": "2.19.0",
        "plan": {"settings": [SETTING]},
        "baseline": probe(20.0),
        "applied": {"change_id": "c1", "settings": [SETTING], "restarted": True},
        "measured": {**probe(22.0), "gates": [GATE], "decision": KEEP},
        "confirmed": {"state": "confirmed", "pending_restart": ["databases"]},
        "rolled_back": {},
        "restored": {},
    }
    return {**kept, **steps}


def failed(**steps: Any) -> dict[str, Any]:
    judged = {**probe(200.0), "gates": [{**GATE, "outcome": "fail"}], "decision": BACK}
    return results(
        **{
            "measured": judged,
            "confirmed": {},
            "error": "a gate failed",
            "rolled_back": {"state": "rolled_back"},
            **steps,
        }
    )


def test_a_change_that_was_kept() -> None:
    facts = record(results())
    assert (facts["state"], facts["decision"]["decision"]) == ("confirmed", "keep")
    assert facts["message"] == "phase2 on redis-1 was kept: 3 hard gates held. These wait for a restart: databases."
    assert facts["started_at"] == "2026-01-02T03:04:05Z"
    assert facts["restarted"] is True
    assert json.loads(json.dumps(facts)) == facts


def test_the_metrics_have_a_row_each_with_what_their_gate_says() -> None:
    rows = record(results())["metrics"]
    assert [(row["metric"], row["figure"]) for row in rows] == [("rtt", "p50"), ("rtt", "p99"), ("rtt", "jitter")]
    assert rows[0] == {
        "metric": "rtt",
        "figure": "p50",
        "before": 20.0,
        "after": 22.0,
        "restored": None,
        "ratio": 1.1,
        "status": "pass",
        "expected": None,
    }
    assert rows[1]["status"] == ""


def test_a_figure_that_was_zero_or_is_missing_has_no_ratio() -> None:
    zero = {"measurement": {"set": {"p50": 0.0}}}
    assert metrics(zero, {"measurement": {"set": {"p50": 1.0}}}, {})[0]["ratio"] is None
    assert metrics({"measurement": {"set": {"p50": 1.0}}}, {}, {})[0]["after"] is None
    assert metrics({}, {}, {}) == []


def test_a_change_that_was_put_back() -> None:
    facts = record(failed(restored=probe(21.0, warnings=["noisy"])))
    assert facts["state"] == "rolled_back"
    assert facts["decision"]["failed"] == ["rtt_p50"]
    assert "rolled back, and the host is as it was: gate rtt_p50 failed" in facts["message"]
    assert facts["metrics"][0]["restored"] == 21.0
    assert facts["warnings"] == ["noisy"]


def test_a_wider_tolerance_is_recommended_for_a_gate_that_stayed_open_and_not_for_one_that_failed_at_last() -> None:
    wide = {"against": "baseline", "tolerance": 0.25, "baseline": 20.0, "half_width": 8.0}
    first = {**GATE, **wide, "outcome": "inconclusive"}
    for last, advised in (("inconclusive", True), ("pass", True), ("fail", False)):
        measured = {**probe(30.0), "verification": {"first": [first]}, "gates": [{**first, "outcome": last}]}
        told = " ".join(record(failed(measured={**measured, "decision": BACK}))["recommendations"])
        assert ("a tolerance of at least 0.4 times the baseline" in told) == advised, (last, told)


ABSOLUTE = {**GATE, "against": "absolute", "reason": "rtt.p50 20.00 us is 8.00 us past 12.00 us"}


@pytest.mark.parametrize("end", ["rolled_back", "rollback_failed"])
def test_a_gate_that_this_host_failed_before_the_change_is_told(end: str) -> None:
    before = {**probe(20.0), "gates": [{**ABSOLUTE, "outcome": "fail"}], "failed": True}
    facts = record(failed(baseline=before, rolled_back={"state": end}))
    assert facts["failed_before"] == [{"name": "rtt_p50", "reason": ABSOLUTE["reason"]}]
    told = f"failed: far. This host failed gate rtt_p50 before the change as well: {ABSOLUTE['reason']}. "
    assert told in facts["message"], facts["message"]
    assert [one for one in facts["recommendations"] if "Gate rtt_p50 did not hold before" in one]


@pytest.mark.parametrize(
    "gate",
    [
        {**ABSOLUTE, "outcome": "pass"},
        {**ABSOLUTE, "outcome": "inconclusive"},
        {**ABSOLUTE, "outcome": "fail", "name": "another_one"},
        {**ABSOLUTE, "outcome": "fail", "against": "baseline"},
    ],
    ids=["held", "open", "another gate", "no absolute one"],
)
def test_what_says_nothing_of_the_host_before_is_not_told(gate: dict[str, Any]) -> None:
    """Not by the bare figure of before either, which is past the limit."""
    after = {**ABSOLUTE, "outcome": "fail", "limit": 12.0, "baseline": 20.0}
    measured = {**probe(200.0), "gates": [after], "decision": BACK}
    facts = record(failed(baseline={**probe(20.0), "gates": [gate]}, measured=measured))
    assert facts["failed_before"] == []
    assert "before the change" not in facts["message"] + " ".join(facts["recommendations"])


def test_what_was_not_taken_back_for_its_gates_says_nothing_of_the_host_before() -> None:
    before = {**probe(20.0), "gates": [{**ABSOLUTE, "outcome": "fail"}]}
    kept = record(results(baseline=before))
    lost = record(results(baseline=before, confirmed={}, error="drifted", rolled_back={"state": "rolled_back"}))
    assert (kept["failed_before"], lost["failed_before"]) == ([], [])


def looked_at_again(*p50: float, judged_by: str) -> dict[str, Any]:
    looks = [{"name": f"look_{number}", **probe(value)} for number, value in enumerate(p50)]
    gates = [{**GATE, "against": "absolute", "outcome": "fail", "look": judged_by}]
    return {"gates": gates, "verification": {"first": [], "looks": looks}}


def test_the_figures_after_are_those_that_the_gates_were_judged_by() -> None:
    again = {**probe(200.0), **looked_at_again(210.0, 220.0, judged_by="look_1"), "decision": BACK}
    facts = record(failed(measured=again, restored={**probe(21.0), **looked_at_again(20.5, judged_by="look_0")}))
    assert facts["judged_by"] == "look_1"
    assert facts["measurement"]["rtt"]["p50"] == 200.0
    assert (facts["metrics"][0]["after"], facts["metrics"][0]["restored"]) == (220.0, 20.5)


@pytest.mark.parametrize("more", [{}, looked_at_again(210.0, judged_by="first")], ids=["no look", "one broke off"])
def test_without_a_second_look_that_decided_they_are_those_of_the_first(more: dict[str, Any]) -> None:
    facts = record(failed(measured={**failed()["measured"], **more}))
    assert (facts["judged_by"], facts["metrics"][0]["after"]) == ("first", 200.0)


def test_a_server_that_somebody_has_stopped_is_told() -> None:
    facts = record(failed(rolled_back={"state": "rolled_back", "left_stopped": True}))
    assert facts["left_stopped"] is True
    assert "as it was, but for the server: it was stopped by somebody and left so: gate" in facts["message"]


RELATIVE = {"name": "rtt", "query": "relative.rtt.p50", "severity": "hard", "against": "baseline", "reason": "1.30"}


@pytest.mark.parametrize(
    ("restored", "latency", "says"),
    [
        ({**probe(20.0), "gates": [{**RELATIVE, "outcome": "pass"}]}, "at_baseline", "its latency is back at baseline"),
        (
            {**probe(26.0), "gates": [{**RELATIVE, "outcome": "fail"}]},
            "slower",
            "BUT THE RESTORED HOST IS SLOWER THAN ITS BASELINE: gate rtt: 1.30",
        ),
        ({**probe(22.0), "gates": [{**RELATIVE, "outcome": "inconclusive"}]}, "not_proven", "It is not proven that"),
        ({"msg": "nobody listens", "failed": True}, "not_measured", "was not measured again: nobody listens"),
    ],
)
def test_the_latency_of_the_restored_host_is_judged(restored: dict[str, Any], latency: str, says: str) -> None:
    facts = record(failed(restored=restored))
    assert (facts["state"], facts["restored"]["latency"]) == ("rolled_back", latency)
    assert says in facts["message"]


def test_values_of_others_are_in_the_record() -> None:
    found: list[dict[str, Any]] = [{"where": "live", "kind": "redis", "key": "hz", "unit": "", "done": "restored"}]
    found[0].update(found="77", before="10", set="8", copy="")
    assert record(failed(rolled_back={"state": "rolled_back", "foreign": found}))["foreign"] == found


def test_a_rollback_that_failed_says_what_is_left() -> None:
    facts = record(failed(rolled_back={"state": "rollback_failed", "left": ["start the server"]}))
    assert facts["state"] == "rollback_failed"
    assert facts["message"].endswith(
        "ROLLBACK FAILED after: gate rtt_p50 failed: far. Left to do by hand: start the server"
    )


def test_a_rollback_that_broke_off_is_no_success() -> None:
    facts = record(failed(rolled_back={"msg": "module crashed"}))
    assert facts["state"] == "rollback_failed"
    assert "lowlat.redis.status" in facts["message"]


def test_nothing_was_opened() -> None:
    facts = record(results(applied={}, measured={}, confirmed={}, error="nobody listens there"))
    assert (facts["state"], facts["change_id"]) == ("not_applied", "")
    assert facts["settings"] == [SETTING]
    assert facts["message"].endswith("was not applied, and nothing was changed: nobody listens there")


def test_an_apply_that_was_refused_and_one_that_was_killed() -> None:
    refused = {"msg": "another change is open", "error": {"what": "another change is open"}}
    assert record(results(applied=refused, measured={}, confirmed={}, error="open"))["state"] == "not_applied"
    facts = record(results(applied={"msg": "killed", "rc": 137}, measured={}, confirmed={}, error="killed"))
    assert facts["state"] == "unknown"
    assert "it is not known what was changed: killed. See the change" in facts["message"]


def test_a_change_that_could_not_be_confirmed_is_rolled_back_though_its_gates_held() -> None:
    facts = record(results(confirmed={"msg": "drifted"}, error="drifted", rolled_back={"state": "rolled_back"}))
    assert facts["decision"] == {"decision": "roll_back", "failed": [], "inconclusive": [], "reason": "drifted"}


def test_the_filter_has_its_name() -> None:
    assert set(FilterModule().filters()) == {"record"}
