# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The intervals of a measurement's own quantiles, from the blocks of its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._probe.figures import Taken, metrics
from ansible_collections.lowlat.redis.plugins.module_utils._probe.histogram import Histogram
from ansible_collections.lowlat.redis.plugins.module_utils._probe.sampling import Run

NAMES = ("reference", "rtt", "set_rtt", "xadd_rtt")
BLOCKS = 12


def calm(seed: str) -> list[list[int]]:
    random = Random(seed)
    return [[int(random.gauss(7000, 200)) for _time in range(500)] for _block in range(BLOCKS)]


def disturbed(seed: str) -> list[list[int]]:
    """One block has met something that made a tenth of its round trips wait."""
    blocks = calm(seed)
    blocks[5][:50] = [17_000] * 50
    return blocks


def measured(runs: Sequence[Mapping[str, list[list[int]]]]) -> dict[str, Any]:
    taken = Taken(not_measured={name: "not here" for name in (*NAMES, "set", "xadd") if name not in runs[0]})
    for blocks in runs:
        taken.runs.append(Run({name: Histogram() for name in blocks}))
        for name, of_metric in blocks.items():
            for times in of_metric:
                taken.runs[-1].take(name, times, {})
    return metrics(taken, "tcp")


def width(found: Mapping[str, Any], metric: str, figure: str = "p99") -> float:
    low, high = found[metric][f"{figure}_interval"]
    return float(high - low)


def test_a_cluster_makes_the_interval_as_wide_as_it_must_be() -> None:
    found = measured([{"rtt": calm("one"), "set_rtt": disturbed("two")}])
    assert width(found, "set_rtt") > 1.0
    low, high = found["set_rtt"]["jitter_interval"]
    assert high - low > 1.0


def test_what_one_command_met_another_might_have() -> None:
    alone = measured([{"rtt": calm("one")}])
    beside = measured([{"rtt": calm("one"), "set_rtt": disturbed("two")}])
    assert width(alone, "rtt") < 0.2
    assert width(beside, "rtt") > 1.5 * width(alone, "rtt")


def test_the_reference_meets_nothing_that_the_server_does() -> None:
    found = measured([{"reference": calm("one"), "rtt": disturbed("two"), "set_rtt": disturbed("three")}])
    assert width(found, "reference") == width(measured([{"reference": calm("one")}]), "reference")
    disturbed_reference = measured([{"reference": disturbed("two"), "rtt": calm("one")}])
    assert width(disturbed_reference, "rtt") == width(measured([{"rtt": calm("one")}]), "rtt")


def test_the_blocks_of_all_runs_count() -> None:
    """Each run is calm, and they are far apart."""
    slower = [[time + 1000 for time in block] for block in calm("two")]
    found = measured([{"rtt": calm("one")}, {"rtt": slower}])
    assert width(found, "rtt", "p50") > 0.8


def test_a_single_block_has_figures_without_ends() -> None:
    found = measured([{"rtt": calm("one")[:1]}])
    assert found["rtt"]["p50_interval"] == [None, None]
    assert 6.9 < found["rtt"]["p50"] < 7.1


def test_a_command_that_is_dropped_leaves_nothing_behind() -> None:
    run = Run({"rtt": Histogram(), "set_rtt": Histogram()})
    for name in ("rtt", "set_rtt"):
        run.take(name, calm("one")[0], {})
    run.drop("set_rtt")
    assert list(run.outlines) == list(run.histograms) == ["rtt"]
