# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator is told to do next, each for a reason that was seen."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge.recommend import recommend

GOOD = {"cpu": {"same": True, "server": [4], "probe": 4}}
GATE = {
    "name": "p99",
    "against": "absolute",
    "outcome": "pass",
    "limit": 12.0,
    "tolerance": 0.1,
    "half_width": 0.05,
    "baseline": 11.0,
}


@pytest.mark.parametrize(
    ("measurement", "gate", "cause", "says"),
    [
        ({"cpu": {"same": False, "server": [0, 1]}}, {}, "", "Pin the server"),
        ({"cpu": {"same": False, "server": [4]}}, {}, "", "on the server's own CPU"),
        ({**GOOD, "evidence": {"monitors": 2}}, {}, "", "End the 2 MONITOR clients"),
        ({**GOOD, "evidence": {"background": ["rdb save"]}}, {}, "", "when rdb save has ended"),
        ({**GOOD, "evidence": {"steal": 0.02}}, {}, "", "CPUs of its own"),
        ({**GOOD, "evidence": {"throttled": 0.02}}, {}, "", "Raise the CPU quota"),
        ({**GOOD, "ledger": {"rtt": {"wall": 10.0, "foreign": 2.0}}}, {}, "", "Move other work off"),
        (GOOD, {"half_width": 0.401}, "", "gate p99 a tolerance of at least 0.41, or more samples"),
        (GOOD, {"half_width": 11.9, "outcome": "inconclusive"}, "", "a tolerance of at least 12, or"),
        (GOOD, {}, "environment", "slowed this host down"),
        (GOOD, {}, "unexplained", "Measure again"),
    ],
)
def test_each_reason_has_its_advice(measurement: dict[str, Any], gate: dict[str, Any], cause: str, says: str) -> None:
    (told,) = recommend(measurement, [{**GATE, **gate}], cause)
    assert says in told


AGAINST_BASELINE = {**GATE, "against": "baseline", "tolerance": 0.25, "baseline": 20.0, "half_width": 8.0}


@pytest.mark.parametrize("outcome", ["pass", "soft_fail", "inconclusive"])
def test_a_tolerance_is_told_in_what_the_gate_has_it_in(outcome: str) -> None:
    (told,) = recommend(GOOD, [{**AGAINST_BASELINE, "outcome": outcome}], "")
    assert "gate p99 a tolerance of at least 0.4 times the baseline, or more samples" in told
    assert recommend(GOOD, [{**AGAINST_BASELINE, "half_width": 4.9, "outcome": outcome}], "") == []
    assert recommend(GOOD, [{**AGAINST_BASELINE, "baseline": 0.0, "outcome": outcome}], "") == []


def test_no_tolerance_as_wide_as_the_limit_itself() -> None:
    (told,) = recommend(GOOD, [{**GATE, "half_width": 140.0, "outcome": "inconclusive"}], "")
    assert told == (
        "Measure gate p99 with more samples, or at a quieter time: these carry it to +-140 only, and its limit is 12"
    )
    (told,) = recommend(GOOD, [{**AGAINST_BASELINE, "limit": 40.0, "half_width": 41.0}], "")
    assert "a tolerance" not in told


def test_no_wider_tolerance_for_what_was_harmed() -> None:
    still_open = {**AGAINST_BASELINE, "outcome": "inconclusive"}
    failed = {**AGAINST_BASELINE, "outcome": "fail"}
    assert recommend(GOOD, [failed], "") == []
    assert recommend(GOOD, [still_open], "", last=[failed]) == []
    assert recommend(GOOD, [{**still_open, "aborted": True}], "") == []
    assert recommend(GOOD, [still_open], "genuine") == []
    (told,) = recommend(GOOD, [AGAINST_BASELINE], "genuine")
    assert "0.4 times the baseline" in told


def test_culprits_are_named() -> None:
    assert recommend(GOOD, [GATE], "genuine", ["redis hz"]) == [
        "Leave redis hz out of the phase, or change them alone and look at what they do"
    ]


def test_a_gate_that_failed_before_is_looked_at_as_such() -> None:
    (told,) = recommend(GOOD, [{**GATE, "outcome": "fail"}], "", failed_before=["p99"])
    assert told == "Gate p99 did not hold before the change either: see whether this host can hold it at all"
    # Past the limit by the figure alone is no proof: who judged it says so.
    assert recommend(GOOD, [{**GATE, "outcome": "fail", "baseline": 13.0}], "") == []


def test_where_all_is_well_there_is_nothing_to_say() -> None:
    assert recommend(GOOD, [GATE], "") == []
    assert recommend({**GOOD, "evidence": {"steal": None, "monitors": 0}, "ledger": {"rtt": {}}}, [GATE], "") == []
