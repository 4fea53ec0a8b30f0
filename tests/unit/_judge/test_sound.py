# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A measurement that contradicts itself decides nothing, on whichever side it is."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge import gates, series, verdict

from .made_up import taken

P99 = {"name": "x", "query": "rtt.p99", "max": 12.0, "abort": 20}
CHANGED = {"name": "x", "query": "relative.rtt.p50", "max": 1.03, "tolerance": 0.02, "against": "baseline", "abort": 2}


def outcome_of(gate: dict[str, Any], here: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    (outcome,) = gates.judge(gates.parse([gate]), here, before)
    return outcome


def decides_nothing(gate: dict[str, Any], here: dict[str, Any], before: dict[str, Any] | None, says: str) -> None:
    outcome = outcome_of(gate, here, before)
    assert (outcome["outcome"], outcome["judged"], outcome["aborted"]) == ("inconclusive", False, False)
    assert says in outcome["reason"]
    for policy in ("keep", "roll_back"):
        look = {"measurement": here, **verdict.look(gates.parse([gate]), here, before, verdict.ALPHAS[0])}
        told = verdict.conclude(before, here, [outcome], [look], policy)
        assert (told["decision"], told["failed"]) == (policy, [])


@pytest.mark.parametrize(
    ("query", "figures", "says"),
    [
        ("rtt.p99", {"p99": -5, "p99_interval": [-6, -4]}, "rtt.p99 is -5"),
        ("rtt.p99", {"p99": 0, "p99_interval": [0, 0]}, "rtt.p99 is 0"),
        ("rtt.jitter", {"jitter": -5, "jitter_interval": [-6, -4]}, "rtt.jitter is -5"),
        ("rtt.max", {"max": -1.0}, "rtt.max is -1"),
        ("rtt.p99", {"mean": -1.0}, "rtt.mean is -1"),
        ("rtt.p99", {"p99": 9.0, "p99_interval": [1.0, 2.0]}, "rtt.p99 is 9, and its interval ends at 2"),
        ("rtt.p99", {"p99": 1.0, "p99_interval": [9.0, 10.0]}, "rtt.p99 is 1, and its interval begins at 9"),
        ("rtt.p99", {"p99": 30.0, "p99_interval": [9.0, 10.0]}, "rtt.p99 is 30, and its interval ends at 10"),
    ],
)
def test_figures_that_cannot_be(query: str, figures: dict[str, Any], says: str) -> None:
    here = taken()
    here["rtt"].update(figures)
    decides_nothing({**P99, "query": query}, here, None, f"the measurement contradicts itself: {says}")


@pytest.mark.parametrize("told", [0.1, 1.0, 2.9, 100.0])
@pytest.mark.parametrize("ratio", [1.3, 2.0])
def test_a_ratio_that_is_not_that_of_its_blocks(told: float, ratio: float) -> None:
    broken = taken(ratio)
    broken["relative"]["rtt"]["p50"] = told
    says = f"contradicts itself: relative.rtt.p50 is {told:g}, and that of its blocks "
    decides_nothing(CHANGED, taken(), broken, f"the baseline {says}")
    decides_nothing(CHANGED, broken, taken(), f"the measurement {says}")


@pytest.mark.parametrize(("what", "then"), [("transport", "unix"), ("rate", 1000.0)])
def test_a_baseline_that_was_measured_otherwise(what: str, then: Any) -> None:
    """Its figures may agree, and say nothing of these."""
    here = {**taken(), "transport": "tcp", "rate": 0}
    assert outcome_of(CHANGED, here, {**here, "rate": 0.0})["outcome"] == "pass"
    decides_nothing(CHANGED, here, {**here, what: then}, f"the baseline was measured with {what} {then}")


@pytest.mark.parametrize(("what", "then"), [("transport", "unix"), ("rate", 1000.0)])
def test_nothing_is_excused_by_a_baseline_that_was_measured_otherwise(what: str, then: Any) -> None:
    """Its reference took less time, and not because this host was disturbed."""
    rules = gates.parse([P99])
    here = {**taken(floor=9.0), "transport": "tcp", "rate": 0.0}
    alike = {**taken(floor=7.0), "transport": "tcp", "rate": 0.0}

    def concluded(before: dict[str, Any] | None) -> dict[str, Any]:
        look = {"measurement": here, **verdict.look(rules, here, before, verdict.ALPHAS[0])}
        told = verdict.conclude(before, here, gates.judge(rules, here, before), [look])
        return {name: told[name] for name in ("decision", "reason", "cause", "evidence", "comparisons")}

    assert (concluded(alike)["decision"], concluded(alike)["cause"]) == ("keep", "environment")
    assert concluded({**alike, what: then}) == concluded(None)
    assert concluded(None)["decision"] == "roll_back"
    assert verdict.explain({**alike, what: then}, here) == verdict.explain(None, here)


def test_blocks_of_less_than_no_time() -> None:
    blocks = {"rtt.p50": [-9.1] * 24, "reference.p50": [7.0] * 24}
    decides_nothing(CHANGED, {**taken(), "series": series.encode(blocks)}, taken(), "contradicts itself")


@pytest.mark.parametrize("runs", [[{}, {}, {}], [{"rtt": {"p50": 8.6, "p99": 9.8, "jitter": 1.2}}, {"rtt": {}}, {}]])
def test_a_query_over_runs_wants_them_all(runs: list[Any]) -> None:
    here = {**taken(), "by_run": runs}
    assert outcome_of({**P99, "query": "max(by_run[].rtt.p99)"}, here)["outcome"] == "inconclusive"


def test_what_agrees_with_itself_is_judged() -> None:
    assert outcome_of(P99, taken())["outcome"] == "pass"
    assert outcome_of(CHANGED, taken(), taken())["outcome"] == "pass"
    assert outcome_of({**P99, "query": "max(by_run[].rtt.p99)"}, taken())["outcome"] == "pass"
