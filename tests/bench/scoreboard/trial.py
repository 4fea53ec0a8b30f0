# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One toggle, or one bundle, as setting_effect tries it: the product's own code, with a recording for a server.

Settings, margins, time and the share of it that is used are the module's defaults. The clock is that of the recording.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._effect.bench import AFTER_TOGGLE, block_figures
from ansible_collections.lowlat.redis.plugins.module_utils._effect.experiment import Experiment
from ansible_collections.lowlat.redis.plugins.module_utils._effect.quads import Alternation
from ansible_collections.lowlat.redis.plugins.module_utils._judge.comparison import UNDECIDED
from ansible_collections.lowlat.redis.plugins.module_utils._judge.quads import FOREIGN
from ansible_collections.lowlat.redis.plugins.modules.setting_effect import OPTIONS

from .replay import Harm, Source, none
from .rules import COUNTS
from .stream import BLOCK, P50, Block

MARGINS = {"p50": OPTIONS["margin_p50"]["default"], "p99": OPTIONS["margin_p99"]["default"]}
# Seconds of sampling in the time that the module takes by default.
SECONDS = OPTIONS["seconds"]["default"] * OPTIONS["duty"]["default"]
ONE = ("rtt",)
# What the module measures unless it is told otherwise.
THREE = ("rtt", "set_rtt", "xadd_rtt")


class Recording:
    """A recorded server: can be switched and measured, and knows how many seconds of sampling that took.

    ``harms`` is what the new value of each setting does to Redis. Each command has a recorded block, from rounds that
    followed one another, beside the reference of the first of them.
    """

    def __init__(self, source: Source, harms: Sequence[Harm]) -> None:
        self._source = source
        self._harms = harms
        self._new: set[int] = set()
        self._seconds = 0.0

    def switch(self, new: Sequence[int], old: Sequence[int]) -> None:
        self._new = (self._new | set(new)) - set(old)

    def clock(self) -> float:
        return self._seconds

    def side(self, metrics: Sequence[str]) -> dict[str, float]:
        """As the product's bench has it: ln(Redis / reference), and the share of wall time that others took."""
        rounds = [self._source(bool(self._new)) for _metric in metrics]
        below = figures(rounds[0].reference, rounds[0].reference_terms)
        found: dict[str, float] = {}
        wall = foreign = 0.0
        for metric, one in zip(metrics, rounds):
            redis = one.redis
            for number in sorted(self._new):
                if self._harms[number] is not none:
                    redis = self._harms[number](redis)
            own = figures(redis, one.redis_terms)
            for figure, value in own.items():
                found[f"{metric}.{figure}"] = math.log(value / below[figure])
            wall += one.redis_terms[0] + redis[P50] - one.redis[P50]
            foreign += one.redis_terms[4]
        found[FOREIGN] = foreign / wall
        self._seconds += (wall + rounds[0].reference_terms[0]) * (BLOCK + AFTER_TOGGLE) / 1e6
        return found


# A recording is not long: the same blocks come again and again.
@lru_cache(maxsize=1 << 14)
def figures(block: Block, terms: tuple[float, ...]) -> dict[str, float]:
    """As the product's bench has them, of a block in which others took what the ledger's terms say."""
    times = [round(value * 1000) for value, number in zip(block, COUNTS) for _time in range(number)]
    return block_figures(times, terms[4] * BLOCK * 1000)


@dataclass(frozen=True)
class Told:
    """What the product said, and after how many seconds of sampling. ``culprits`` are places in the bundle.

    ``by_figure``: verdicts of the first window. ``reason``: why it was left open.
    """

    verdict: str
    by_figure: Mapping[str, str]
    seconds: float
    reason: str
    culprits: tuple[int, ...]


def run(
    make: Callable[[Random], Source],
    harms: Sequence[Harm],
    seed: str,
    metrics: Sequence[str] = ONE,
    seconds: float = SECONDS,
) -> Told:
    """A trial with its own random numbers: one setting, or a bundle of as many as there are harms."""
    random = Random(seed)
    recording = Recording(make(random), harms)
    alternation = Alternation(len(harms), recording.switch, recording.side, random.randrange(1 << 32), recording.clock)
    margins = {f"{metric}.{figure}": margin for metric in metrics for figure, margin in MARGINS.items()}
    names = [{"kind": "redis", "key": str(number)} for number in range(len(harms))]
    said = Experiment(names, alternation, margins, 0.0, seconds).run()
    by_figure = {
        f"{metric}.{name}": found["verdict"]
        for metric, figures in said["effects"].items()
        for name, found in figures.items()
        if name in MARGINS
    }
    culprits = tuple(int(one["key"]) for one in said["culprits"])
    return Told(said["verdict"], by_figure, recording.clock(), _reason(said), culprits)


def _reason(said: Mapping[str, Any]) -> str:
    if said["verdict"] != UNDECIDED:
        return ""
    if said["confirmation"]:
        return "it did not show again"
    open_ = {
        f"{name}: {'; '.join(found.get('caps', ())) or found.get('reason', '')}"
        for figures in said["effects"].values()
        for name, found in figures.items()
        if name in MARGINS and found["verdict"] == UNDECIDED
    }
    return "; ".join(sorted(open_))
