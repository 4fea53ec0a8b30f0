# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record that the project grew from, replayed: its numbers go in, and what its author decided must come out."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge import gates, verdict
from ansible_collections.lowlat.redis.plugins.module_utils._judge.recommend import recommend
from ansible_collections.lowlat.redis.plugins.module_utils._judge.schema import SCHEMA_EXAMPLE

#: The gates of the record, with the tolerance that it recommends.
GATES = [
    {"name": "rtt_p99", "query": "rtt.p99", "max": 12.0, "tolerance": 0.1},
    {"name": "rtt_jitter", "query": "rtt.jitter", "max": 3},
    {"name": "set_p99", "query": "set.p99", "max": 5},
    {"name": "xadd_p99", "query": "xadd.p99", "max": 7},
    {"name": "set_jitter", "query": "set.jitter", "max": 4},
    {"name": "xadd_jitter", "query": "xadd.jitter", "max": 6},
]
#: SET p99 4 to 5 us, XADD 5 to 7; SET jitter 3 to 4, XADD 4 to 6.
CORE = {"set": {"p99": 4.5, "jitter": 3.5}, "xadd": {"p99": 6.0, "jitter": 5.0}}
UNPINNED = {"requested": "0", "probe": 0, "server": [4], "same": False}
PINNED = {"requested": "same", "probe": 4, "server": [4], "same": True}
#: Test 1: RTT p99 and jitter of its three runs. Test 2: 2,000 round trips. Test 3: hz 10 and hz 8.
RUNS = [(9.89, 1.37), (9.79, 1.18), (9.93, 1.30)]
LARGER = (9.76, 1.16)
HZ = {"kind": "redis", "key": "hz", "values": [10, 8], "metric": "rtt p99", "effect": 9.76 / 9.77 - 1}
#: The record knows no intervals. So far do its own pinned runs lie apart, and so far its ranges of SET and XADD reach.
SPREAD = 0.08
CORE_SPREAD = 0.49


def taken(rtt: tuple[float, float], cpu: dict[str, Any], samples: int, spread: float | None = SPREAD) -> dict[str, Any]:
    """A measurement with these RTT p99 and jitter; all that the record does not tell is as in the example.

    Without a ``spread`` too few samples bound the RTT from above.
    """
    measurement = copy.deepcopy(SCHEMA_EXAMPLE)
    for name in ("relative", "reference", "ledger", "series"):
        measurement.pop(name, None)  # the record knows of none
    p99, jitter = rtt
    measurement["rtt"].update(p99=p99, jitter=jitter, p50=round(p99 - jitter, 2), count=samples)
    measurement.update(samples=samples, runs=1, by_run=measurement["by_run"][:1])
    for figure, value in (("p99", p99), ("jitter", jitter)):
        upper = None if spread is None else value + spread
        measurement["rtt"][f"{figure}_interval"] = [value - (spread or 1.0), upper]
    for name, figures in CORE.items():
        measurement[name].update(figures)
        for figure, value in figures.items():
            measurement[name][f"{figure}_interval"] = [value - CORE_SPREAD, value + CORE_SPREAD]
    measurement["cpu"] = cpu
    same = cpu["same"]
    measurement["evidence"] = {"same_cpu": same, "pinned": same, "lacking": {}}
    return measurement


def judged(
    breached: dict[str, Any], runs: list[tuple[float, float]], larger: tuple[float, float], policy: str = "roll_back"
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The outcomes of the first, unpinned measurement, and what the judge makes of all four tests."""
    rules = gates.parse(GATES)
    first = gates.judge(rules, breached)
    pinned = taken(max(runs), PINNED, 600)
    pinned.update(samples=200, runs=3)
    pinned["by_run"] = [{"rtt": {"p50": p99 - jitter, "p99": p99, "jitter": jitter}} for p99, jitter in runs]
    looks = [
        {"name": name, "measurement": measurement, **verdict.look(rules, measurement, None, alpha)}
        for (name, measurement), alpha in zip(
            [("pinned_runs", pinned), ("larger_sample", taken(larger, PINNED, 2000))], verdict.ALPHAS
        )
    ]
    effects = [{**HZ, "verdict": "equivalent", "interval": [-0.01, 0.01]}]
    return first, verdict.conclude(None, breached, first, looks, policy, effects=effects)


def soft() -> dict[str, Any]:
    """The breach that the record is about: 0.03 us past the limit, well within the tolerance."""
    return taken((12.03, 2.9), UNPINNED, 200, spread=0.05)


@pytest.mark.parametrize(
    ("breached", "at_first"),
    [
        (soft(), "soft_fail"),
        (taken((12.03, 2.9), UNPINNED, 200, spread=None), "inconclusive"),
        (taken((22.23, 2.9), UNPINNED, 200, spread=None), "fail"),
    ],
    ids=["within the tolerance", "and as far as 200 samples carry it", "the spike"],
)
def test_do_not_roll_back(breached: dict[str, Any], at_first: str) -> None:
    first, concluded = judged(breached, RUNS, LARGER)
    assert {gate["name"]: gate["outcome"] for gate in first}["rtt_p99"] == at_first
    assert "rtt_p99" in verdict.in_doubt(first)
    assert concluded["decision"] == "keep"
    assert concluded["cause"] == "artifact"
    assert {gate["outcome"] for gate in concluded["outcomes"]} == {"pass"}
    assert "rtt_p99" in concluded["reason"] and "did not hold at first" in concluded["reason"]
    assert any("CPU" in sentence for sentence in concluded["evidence"])


@pytest.mark.parametrize("policy", ["roll_back", "keep"])
@pytest.mark.parametrize("breached", [soft(), taken((22.23, 2.9), UNPINNED, 200, spread=None)])
def test_pinned_runs_that_still_breach_are_not_kept(breached: dict[str, Any], policy: str) -> None:
    _first, concluded = judged(breached, [(12.89, 2.6), (12.79, 2.5), (12.93, 2.7)], (12.76, 2.6), policy)
    assert (concluded["decision"], concluded["failed"]) == ("roll_back", ["rtt_p99"])
    assert "the breach is there when it is measured again" in concluded["reason"]


def test_a_larger_sample_that_proves_nothing_keeps_nothing() -> None:
    _first, concluded = judged(soft(), RUNS, (12.03, 2.9))
    assert (concluded["decision"], concluded["inconclusive"]) == ("roll_back", ["rtt_p99"])


def test_it_recommends_to_pin_what_measures() -> None:
    first, concluded = judged(soft(), RUNS, LARGER)
    told = recommend(soft(), first, concluded["cause"])
    assert any("on the server's own CPU" in sentence for sentence in told)


def test_the_same_numbers_give_the_same_bytes() -> None:
    assert json.dumps(judged(soft(), RUNS, LARGER)) == json.dumps(judged(soft(), RUNS, LARGER))
