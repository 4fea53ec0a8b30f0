# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gated_change decides, on recorded rounds: the product measures, verifies and concludes; only the server is
recorded.

Of each measured round the three commands have a recorded block each, from rounds that followed one another, and share
the first one's reference, as they share one in the product.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import fmean
from typing import Any

import yaml

from ansible_collections.lowlat.redis.plugins.module_utils import _gated_probe
from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError
from ansible_collections.lowlat.redis.plugins.module_utils._judge.blame import ROLL_BACK
from ansible_collections.lowlat.redis.plugins.module_utils._probe.blocks import Series
from ansible_collections.lowlat.redis.plugins.module_utils._probe.figures import CLIENT, Taken, block_figures, metrics
from ansible_collections.lowlat.redis.plugins.module_utils._probe.histogram import Histogram
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan
from ansible_collections.lowlat.redis.plugins.module_utils._probe.sampling import Run
from ansible_collections.lowlat.redis.plugins.modules.latency_probe import OPTIONS

from .replay import Harm, Round, none
from .rules import COUNTS, expanded
from .stream import BLOCK, P50, P90, P99, TERMS, Block

_ROLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../roles/gated_change/defaults/main.yml")
_GOOD = {"pinned": True, "same_cpu": True, "steal": 0.0, "throttled": 0.0, "migrations": {"probe": 0, "server": 0}}
_UNRECORDED = "a recording has no statistics of the server"

#: The next recorded round.
Source = Callable[[], Round]


@dataclass
class Server:
    """A recorded server as the probe sees it: ``later`` is its source from the second measurement on, if another.

    ``harm`` is done to the commands whose metric is named in ``harmed``.
    """

    source: Source
    later: Source | None = None
    harm: Harm = none
    harmed: Sequence[str] = CLIENT
    evidence: Mapping[str, Any] = field(default_factory=dict)
    measured: int = 0
    pid: int = 1

    def measure(self, plan: Plan) -> dict[str, Any]:
        """As ``_probe.measurement.measure``."""
        source = self.later if self.later and self.measured else self.source
        self.measured += 1
        taken = Taken(not_measured={"set": _UNRECORDED, "xadd": _UNRECORDED})
        busy = 0.0
        for _run in range(plan.runs):
            run, seconds = self._run(source, len(list(plan.blocks())))
            taken.runs.append(run)
            busy += seconds
        return {
            "schema": 3,
            "seconds": round(busy / plan.duty, 3),
            "samples": plan.samples,
            "runs": plan.runs,
            **metrics(taken, "tcp"),
            **block_figures(taken, _Ledger()),  # type: ignore[arg-type]
            "evidence": {**_GOOD, "server_pid": self.pid, **self.evidence},
            "not_measured": taken.not_measured,
        }

    def _run(self, source: Source, blocks: int) -> tuple[Run, float]:
        run = Run({name: Histogram() for name in ("reference", *CLIENT)})
        busy = 0.0
        for _block in range(blocks):
            rounds = [source() for _metric in CLIENT]
            busy += _take(run, "reference", rounds[0].reference, rounds[0].reference_terms)
            for metric, one in zip(CLIENT, rounds):
                redis = self.harm(one.redis) if metric in self.harmed else one.redis
                busy += _take(run, metric, redis, _working(one, redis))
        return run, busy


class _Ledger:
    """Means over the blocks, as the product's has them."""

    def settle(self, series: Series, measured: Sequence[str]) -> dict[str, Any]:
        terms = {name: {term: fmean(series[f"{name}.{term}"]) for term in TERMS} for name in measured}
        return {**terms, "lacking": {}}


def _take(run: Run, metric: str, block: Block, terms: Sequence[float]) -> float:
    """Take in a block; the seconds that it took."""
    run.count(metric, expanded(block))
    for name, place in (("p50", P50), ("p90", P90), ("p99", P99)):
        run.series.setdefault(f"{metric}.{name}", []).append(block[place])
    for term, value in zip(TERMS, terms):
        run.series.setdefault(f"{metric}.{term}", []).append(value)
    return terms[0] * BLOCK / 1e6


def _working(one: Round, redis: Block) -> tuple[float, ...]:
    """The ledger's terms where harm made round trips longer: the server works for the time that the mean grew by."""
    if redis is one.redis:
        return one.redis_terms
    more = sum((new - old) * number for new, old, number in zip(redis, one.redis, COUNTS)) / BLOCK
    return tuple(value + more * (term in ("wall", "server")) for term, value in zip(TERMS, one.redis_terms))


@dataclass(frozen=True)
class Told:
    """How a change ended. ``decision`` is what is proven: ``keep``, ``roll_back``, or ``open``, which is policy's.

    ``seconds`` of sampling after the change.
    """

    decision: str
    seconds: float
    cause: str
    looks: int
    reason: str


OPEN = "open"


def change(before: Server, after: Server) -> Told:
    """Baseline, change, measurement, verdict: roles/gated_change/tasks/apply.yml with the role's defaults."""
    given = params()
    baseline = _probed(given, before)["measurement"]
    # With keep as the policy whatever is taken back is proven, and whatever is open shows as such.
    told = _probed({**given, "baseline": baseline}, after)
    decision = told["decision"]
    what = decision["decision"]
    if what != ROLL_BACK and (decision["inconclusive"] or "nothing is proven" in decision["reason"]):
        what = OPEN
    return Told(what, told["sampling_seconds"], told["cause"], after.measured, decision["reason"])


def _probed(given: Mapping[str, Any], server: Server) -> dict[str, Any]:
    try:
        return _gated_probe.judged(given, server.measure, "a recording")
    except LowlatError as error:
        return error.details


@lru_cache(maxsize=1)
def params() -> dict[str, Any]:
    """Of latency_probe, as the role gives them unless somebody says otherwise."""
    with open(_ROLE, encoding="utf-8") as file:
        role = yaml.safe_load(file)
    found = {name: option.get("default") for name, option in OPTIONS.items()}
    own = {name: role[f"gated_change_{name}"] for name in OPTIONS if f"gated_change_{name}" in role}
    return {**found, **own, "on_inconclusive": "keep"}
