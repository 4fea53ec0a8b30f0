# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the product's nominal 95 % intervals hold the truth on the replayed streams."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._effect.quads import Alternation
from ansible_collections.lowlat.redis.plugins.module_utils._judge.comparison import unpaired
from ansible_collections.lowlat.redis.plugins.module_utils._judge.statistics import quantile
from ansible_collections.lowlat.redis.plugins.module_utils._probe.commands import WRITES
from ansible_collections.lowlat.redis.plugins.module_utils._probe.figures import CLIENT, Taken, metrics
from ansible_collections.lowlat.redis.plugins.module_utils._probe.histogram import Histogram
from ansible_collections.lowlat.redis.plugins.module_utils._probe.sampling import Run
from ansible_collections.lowlat.redis.plugins.module_utils._probe.server_statistics import FRACTIONS

from .measures import Share
from .replay import NOISES, QUIET, QUIET_SOURCE, Harm, Round, Source, recorded, resampled, scale, tail
from .rules import expanded, pooled
from .stream import P50, P99
from .trial import MARGINS, Recording

_CLASSES: dict[str, Callable[[Random], Source]] = {
    "quiet": QUIET_SOURCE,
    "burner": NOISES["burner, same CPU"][0],
    "SIGSTOP": NOISES["SIGSTOP pulses"][0],
}
_HARMS: dict[str, Callable[[float], Harm]] = {"p50": scale, "p99": tail}
_PLACES = {"p50": P50, "p99": P99}
_EFFECTS = (-0.03, 0.0, 0.02, 0.1)
_SIZES = (12, 48, 192)
# Blocks on a side: a measurement with four times the samples of the first.
_BLOCKS = 48
_ALPHA = 0.05


def comparisons(trials: int) -> dict[str, Share]:
    """Of a toggled effect, and of before and after; by kind of interval."""
    found: dict[str, Share] = {}
    for name, make in _CLASSES.items():
        for figure in _HARMS:
            for size in _SIZES:
                share = found[f"toggled {figure}, {name}, {size} quads"] = Share()
                for number in range(trials):
                    random = Random(f"coverage {name} {figure} {size} {number}")
                    effect = random.choice(_EFFECTS)
                    share.add(holds(_toggled(make(random), figure, effect, size, random), effect))
            share = found[f"before and after {figure}, {name}, {_BLOCKS} blocks"] = Share()
            for number in range(trials):
                random = Random(f"coverage unpaired {name} {figure} {number}")
                effect = random.choice(_EFFECTS)
                share.add(holds(_before_and_after(make(random), figure, effect), effect))
    return found


def _toggled(source: Source, figure: str, effect: float, size: int, random: Random) -> Sequence[float | None]:
    recording = Recording(source, [_HARMS[figure](effect)])
    alternation = Alternation(1, recording.switch, recording.side, random.randrange(1 << 32), recording.clock)
    name = f"rtt.{figure}"
    margins = {name: MARGINS[figure]}
    return alternation.compare((), (0,), margins, math.inf, ((size, _ALPHA),)).decisions[name].comparison.interval


def _before_and_after(source: Source, figure: str, effect: float) -> Sequence[float | None]:
    place = _PLACES[figure]
    rounds = [source(False) for _block in range(2 * _BLOCKS)]
    ratios = [one.redis[place] / one.reference[place] for one in rounds]
    after = [ratio * (1.0 + effect) for ratio in ratios[_BLOCKS:]]
    return unpaired(ratios[:_BLOCKS], after, MARGINS[figure], _ALPHA).interval


def gates(
    trials: int, figure: str = "p99", blocks: int = _BLOCKS, commands: Sequence[str] = CLIENT
) -> dict[str, Share]:
    """Of a figure of a single measurement, which a gate on a limit sees; the truth is that of the whole stream."""
    found: dict[str, Share] = {}
    for name in QUIET:
        truth = quantile(pooled([one.redis for one in recorded(name)]), FRACTIONS[figure])
        share = found[f"{figure} of a measurement, {name}, {len(commands)} x {blocks} blocks"] = Share()
        for number in range(trials):
            rounds = resampled(name, Random(f"coverage gates {name} {number}"))
            share.add(holds(_measured(rounds, commands, blocks)[f"{figure}_interval"], truth))
    return found


def _measured(rounds: Iterator[Round], commands: Sequence[str], blocks: int) -> dict[str, Any]:
    """The first command's figures, by the product's own way from blocks to a measurement.

    The commands have a recorded block each, from rounds that followed one another.
    """
    run = Run({command: Histogram() for command in commands})
    for _block in range(blocks):
        for command in commands:
            run.count(command, expanded(next(rounds).redis))
    every = ("reference", *CLIENT, *WRITES)
    taken = Taken([run], not_measured={name: "it was not recorded" for name in every if name not in commands})
    return dict(metrics(taken, "tcp")[commands[0]])


def holds(interval: Sequence[float | None], truth: float) -> bool:
    low, high = interval
    return low is not None and high is not None and low - 1e-9 <= truth <= high + 1e-9
