# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The typical block excuses no figure over all round trips, unless the disturbance is as large as its excess."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge import gates, series, verdict
from tests.unit._judge.made_up import taken

FIGURES = {"rtt.p99": (12.0, 90.0), "rtt.mean": (10.0, 12.0), "rtt.jitter": (3.0, 81.0)}


def stalled(foreign: float) -> dict[str, Any]:
    """Stalls in a quarter of the blocks, and others who took so many microseconds of each operation."""
    measurement = taken()
    blocks = series.decode(measurement["series"])
    for number in range(0, 24, 4):
        blocks["rtt.p99"][number] *= 8
        blocks["rtt.idle"][number] = 8.0
        blocks["rtt.wall"][number] += 8
    blocks["rtt.foreign"] = [foreign] * 24
    measurement["series"] = series.encode(blocks)
    for query, (_limit, value) in FIGURES.items():
        figure = query.partition(".")[2]
        measurement["rtt"].update({figure: value, f"{figure}_interval": [value * 0.99, value * 1.01]})
    measurement["ledger"]["rtt"].update(idle=2.0, foreign=foreign, wall=11.4)
    # Others take as much of the reference, which never waits.
    measurement["ledger"]["reference"].update(probe=3.5, server=3.5, foreign=foreign)
    return measurement


def concluded(query: str, here: dict[str, Any], maximum: float, **gate: Any) -> dict[str, Any]:
    before = taken()
    rules = gates.parse([{"name": "gate", "query": query, "max": maximum, "tolerance": 0.1, **gate}])
    first = gates.judge(rules, here, before)
    looks = [{"measurement": here, **verdict.look(rules, here, before, verdict.ALPHAS[0])}]
    return verdict.conclude(before, here, first, looks)


@pytest.mark.parametrize("query", FIGURES)
def test_a_small_disturbance_excuses_no_large_excess(query: str) -> None:
    told = concluded(query, stalled(0.25), FIGURES[query][0])
    assert (told["cause"], told["comparisons"]["rtt.p99"]["verdict"]) == ("artifact", "equivalent")
    assert (told["decision"], told["failed"], told["inconclusive"]) == ("roll_back", [], ["gate"])
    assert "says too little of this figure" in told["reason"]


def test_nor_against_a_baseline() -> None:
    told = concluded("rtt.p99", stalled(0.25), 1.5, against="baseline")
    assert (told["failed"], told["inconclusive"]) == ([], ["gate"])


@pytest.mark.parametrize(("query", "foreign"), [("rtt.p99", 0.8), ("rtt.jitter", 0.8), ("rtt.mean", 2.1)])
def test_one_that_can_be_all_of_the_excess_does(query: str, foreign: float) -> None:
    told = concluded(query, stalled(foreign), FIGURES[query][0])
    assert (told["cause"], told["decision"]) == ("artifact", "keep")
    assert "no slower than it was" in told["reason"]


def test_a_reference_that_grew_by_less_excuses_nothing() -> None:
    here = taken(floor=8.0)
    here["rtt"].update(p99=14.0, p99_interval=[13.9, 14.1])
    assert concluded("rtt.p99", here, 12.0)["inconclusive"] == ["gate"]


def test_the_comparison_excuses_what_it_is_about() -> None:
    here = taken(floor=8.0)
    here["rtt"].update(p50=10.4, p50_interval=[10.39, 10.41])
    told = concluded("rtt.p50", here, 9.3)
    assert (told["cause"], told["decision"]) == ("environment", "keep")
