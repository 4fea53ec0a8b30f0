# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a million samples take to judge: two measurements that were made up, in the shape of the product's own."""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence
from random import Random
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils import _gated_probe
from ansible_collections.lowlat.redis.plugins.module_utils._probe.blocks import Series
from ansible_collections.lowlat.redis.plugins.module_utils._probe.figures import CLIENT, Taken, block_figures, metrics
from ansible_collections.lowlat.redis.plugins.module_utils._probe.histogram import Histogram
from ansible_collections.lowlat.redis.plugins.module_utils._probe.ledger import TERMS
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan
from ansible_collections.lowlat.redis.plugins.module_utils._probe.sampling import Run

BLOCK = 500
REFERENCE = "reference"
NO_STATISTICS = "a server that was made up has no statistics"
#: The shape of the role's own gates, and of the reference record's.
GATES = [
    {"name": f"{metric}_{figure}", "query": f"relative.{metric}.{figure}", "max": 1.2, "against": "baseline"}
    for metric in CLIENT
    for figure in ("p50", "p99")
] + [
    {"name": f"{metric}_{figure}_us", "query": f"{metric}.{figure}", "max": 1e6}
    for metric in CLIENT
    for figure in ("p99", "jitter")
]


class _Ledger:
    """Means over the blocks, as the product's has them."""

    def settle(self, series: Series, measured: Sequence[str]) -> dict[str, Any]:
        return {
            **{
                name: {term: sum(series[f"{name}.{term}"]) / len(series[f"{name}.{term}"]) for term in TERMS}
                for name in measured
            },
            "lacking": {},
        }


def sampled(samples: int, seed: int) -> Taken:
    """So many round trips of every command and of the reference: what the probe has at the end of its runs."""
    random = Random(seed)
    made_up = [array("q", (int(random.lognormvariate(9.9, 0.4)) for _sample in range(BLOCK))) for _block in range(200)]
    run = Run({name: Histogram() for name in (REFERENCE, *CLIENT)})
    for _block in range(samples // BLOCK):
        for metric in (REFERENCE, *CLIENT):
            times = random.choice(made_up)
            run.take(metric, times, {term: random.uniform(1.0, 9.0) for term in TERMS})
    return Taken(runs=[run], not_measured={"set": NO_STATISTICS, "xadd": NO_STATISTICS})


def measurement(taken: Taken, samples: int) -> dict[str, Any]:
    figures = {**metrics(taken, "tcp"), **block_figures(taken, _Ledger())}  # type: ignore[arg-type] # a stand-in
    rest = {"seconds": 1.0, "samples": samples, "runs": 1, "evidence": {}, "not_measured": taken.not_measured}
    return {"schema": 3, **figures, **rest}


def seconds(samples: int = 1_000_000) -> tuple[float, float]:
    """(from samples to decision, the decision alone) of so many samples, a third of them of each command."""
    each = samples // 3 // BLOCK * BLOCK + BLOCK
    baseline, taken = measurement(sampled(each, 1), each), sampled(each, 2)
    start = time.perf_counter()
    here = measurement(taken, each)
    figured = time.perf_counter()
    sizes = {"samples": each, "runs": 1, "duty": 1.0, "rate": 0.0, "commands": ("ping", "set", "xadd"), "cpu": "same"}
    policy = {"verify": True, "verify_seconds": 30.0, "on_inconclusive": "roll_back"}

    def measuring(_plan: Plan) -> dict[str, Any]:
        return here

    told = _gated_probe.judged({**sizes, **policy, "gates": GATES, "baseline": baseline}, measuring, "nowhere")
    end = time.perf_counter()
    assert told["decision"]["decision"] == "keep", told["decision"]
    return end - start, end - figured
