# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An empty or truncated measurement, here or as the baseline, never decides: it is inconclusive, with the reason."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge import gates, series, verdict
from ansible_collections.lowlat.redis.plugins.module_utils._judge.decision import decide
from ansible_collections.lowlat.redis.plugins.module_utils._judge.schema import SCHEMA_EXAMPLE

P99 = {"name": "x", "query": "rtt.p99", "max": 12.0, "abort": 20.0}
RELATIVE = {"name": "x", "query": "relative.rtt.p50", "max": 1.03, "tolerance": 0.02, "against": "baseline", "abort": 2}


def whole(ratio: float = 1.3) -> dict[str, Any]:
    measurement = copy.deepcopy(SCHEMA_EXAMPLE)
    measurement["series"] = series.encode({"rtt.p50": [ratio] * 24, "reference.p50": [1.0] * 24})
    measurement["relative"]["rtt"].update(p50=ratio, blocks=24)
    return measurement


def cut(measurement: dict[str, Any], *path: str) -> dict[str, Any]:
    """Without what lies at the end of the path."""
    inner = measurement
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return measurement


def damaged() -> dict[str, Any]:
    measurement = whole()
    measurement["series"] = measurement["series"][:-3]
    return measurement


@pytest.mark.parametrize("p99", [9, 13, 1000])
@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ({}, "does not say how many samples rtt stands on"),
        ({"count": 0, "p99_interval": [1, 1]}, "does not say how many samples"),
        ({"count": 6000, "p99_interval": [1, 1]}, "does not say how many samples and runs were asked for"),
    ],
)
def test_of_a_figure_alone(p99: float, rest: dict[str, Any], says: str) -> None:
    (outcome,) = gates.judge(gates.parse([P99]), {"rtt": {"p99": p99, **rest}})
    assert (outcome["outcome"], outcome["aborted"]) == ("inconclusive", False)
    assert says in outcome["reason"]


@pytest.mark.parametrize("p99", [9, 13, 1000])
@pytest.mark.parametrize(
    ("top", "rtt", "says"),
    [
        ({}, {"p99_interval": None}, "has no interval for rtt.p99"),
        ({}, {"p99_interval": [1]}, "has no interval for rtt.p99"),
        ({}, {"count": 7}, "rtt stands on 7 samples of 6000"),
        ({"by_run": [{}]}, {}, "it has 1 runs of 3"),
        ({"by_run": [{}], "runs": None}, {}, "does not say how many samples and runs"),
        ({"by_run": None}, {}, "it has no runs of 3"),
        ({"samples": True}, {}, "does not say how many samples and runs"),
    ],
)
def test_of_a_measurement_that_broke_off(p99: float, top: dict[str, Any], rtt: dict[str, Any], says: str) -> None:
    broken = {**whole(), **top}
    broken["rtt"].update({"p99": p99, "p99_interval": [p99, p99], **rtt})
    (outcome,) = gates.judge(gates.parse([P99]), broken)
    assert (outcome["outcome"], outcome["aborted"], outcome["judged"]) == ("inconclusive", False, False)
    assert says in outcome["reason"]


def blocks(redis: int, reference: int, told: int | None) -> dict[str, Any]:
    measurement = whole()
    lists = {"rtt.p50": [1.3] * redis, "reference.p50": [1.0] * reference}
    measurement["series"] = series.encode(lists)
    measurement["relative"]["rtt"]["blocks"] = told
    return measurement


@pytest.mark.parametrize("against", ["absolute", "baseline"])
@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (blocks(10, 24, 24), "10 blocks of rtt where relative.rtt stands on 24"),
        (blocks(24, 10, 24), "10 blocks of reference where relative.rtt stands on 24"),
        (blocks(3, 3, 24), "3 blocks of rtt"),
        (blocks(24, 24, None), "how many blocks relative.rtt stands on"),
    ],
)
def test_blocks_that_do_not_belong_together(broken: dict[str, Any], says: str, against: str) -> None:
    rules = gates.parse([{**RELATIVE, "against": against, "max": 1.5, "abort": 2}])
    here, before = verdict.look(rules, broken, whole(), 0.05), verdict.look(rules, whole(), broken, 0.05)
    for seen in (here, before) if against == "baseline" else (here,):
        assert seen["outcomes"][0]["outcome"] == "inconclusive"
        assert says in seen["outcomes"][0]["reason"]


def test_nothing_that_is_cut_is_compared() -> None:
    assert verdict.look([], blocks(10, 24, 24), whole(), 0.05)["comparisons"] == {}


@pytest.mark.parametrize("policy", ["keep", "roll_back"])
def test_a_harm_of_which_a_part_is_missing_is_for_the_policy(policy: str) -> None:
    broken = whole(1.9)
    broken["rtt"]["count"] = 7
    rules = gates.parse([RELATIVE])
    look = {"measurement": broken, **verdict.look(rules, broken, whole(), verdict.ALPHAS[0])}
    assert look["comparisons"]["rtt.p50"]["verdict"] == "regression"
    told = verdict.conclude(whole(), broken, look["outcomes"], [look], policy)
    assert (told["decision"], told["failed"], told["inconclusive"]) == (policy, [], ["x"])


def test_a_metric_that_was_given_up_is_not_cut() -> None:
    given_up = {**whole(), "not_measured": {"rtt": "it was not asked for"}}
    del given_up["rtt"], given_up["relative"]["rtt"]
    for run in given_up["by_run"]:
        del run["rtt"]
    gate = {**P99, "query": "set_rtt.p99"}
    assert gates.judge(gates.parse([gate]), given_up)[0]["outcome"] == "pass"


@pytest.mark.parametrize("query", ["rtt.max", "rtt.mean", "abs(rtt.p99)", "rtt.p50"])
def test_of_any_other_figure(query: str) -> None:
    (outcome,) = gates.judge(gates.parse([{**P99, "query": query}]), {"rtt": {"p99": 9, "max": 9, "mean": 9, "p50": 9}})
    assert outcome["outcome"] == "inconclusive"
    assert "the measurement is not whole" in outcome["reason"]


@pytest.mark.parametrize("ratio", [1.3, 1.6, 9.0])
@pytest.mark.parametrize(
    ("here", "before", "says"),
    [
        (cut(whole(), "series"), whole(), "the measurement is not whole: it has no blocks of relative.rtt.p50"),
        (whole(), cut(whole(), "series"), "the baseline is not whole: it has no blocks of relative.rtt.p50"),
        (whole(), damaged(), "the baseline is not whole: it has no blocks of relative.rtt.p50"),
        (cut(whole(), "reference", "count"), whole(), "how many samples reference stands on"),
        (whole(), cut(whole(), "rtt"), "the baseline is not whole: it does not say how many samples rtt stands on"),
        (whole(), {}, "there is no baseline"),
    ],
)
def test_against_a_baseline(here: dict[str, Any], before: dict[str, Any], ratio: float, says: str) -> None:
    here = copy.deepcopy(here)
    here["relative"]["rtt"]["p50"] = ratio
    (outcome,) = gates.judge(gates.parse([RELATIVE]), here, before)
    assert (outcome["outcome"], outcome["aborted"]) == ("inconclusive", False)
    assert says in outcome["reason"]


@pytest.mark.parametrize("query", ["set_rtt.p50", "set_rtt.p99", "set.jitter"])
def test_a_figure_against_a_baseline_wants_both_intervals(query: str) -> None:
    metric, figure = query.split(".")
    gate = {**RELATIVE, "query": query}
    (outcome,) = gates.judge(gates.parse([gate]), whole(), cut(whole(), metric, f"{figure}_interval"))
    assert outcome["outcome"] == "inconclusive"
    assert f"the baseline is not whole: it has no interval for {query}" in outcome["reason"]


@pytest.mark.parametrize("measurement", [{}, {"rtt": None}, {"rtt": {"p99": 9}}, {"rtt": {"p99": 1000}}])
@pytest.mark.parametrize("policy", ["keep", "roll_back"])
def test_nothing_is_decided_but_by_policy(measurement: dict[str, Any], policy: str) -> None:
    rules = gates.parse([P99, {**RELATIVE, "name": "y"}])
    first = gates.judge(rules, measurement, whole())
    assert {outcome["outcome"] for outcome in first} == {"inconclusive"}
    decision = decide(first, policy)
    assert (decision["decision"], decision["failed"], decision["inconclusive"]) == (policy, [], ["x", "y"])
    look = {"measurement": measurement, **verdict.look(rules, measurement, whole(), verdict.ALPHAS[0])}
    concluded = verdict.conclude(whole(), measurement, first, [look], policy)
    assert (concluded["decision"], concluded["failed"]) == (policy, [])
    assert not verdict.settled(look, whole(), measurement)
    assert "on_inconclusive" in concluded["reason"]
