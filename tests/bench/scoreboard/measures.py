# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is counted on the replayed streams: false rollbacks, power, false keeps, culprits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random

from ansible_collections.lowlat.redis.plugins.module_utils._judge.comparison import (
    EQUIVALENT,
    IMPROVEMENT,
    REGRESSION,
    UNDECIDED,
)
from ansible_collections.lowlat.redis.plugins.module_utils._judge.statistics import interval_ranks, quantile

from .replay import QUIET, QUIET_SOURCE, Harm, Source, none, recorded, scale, stalls, tail
from .rules import BLOCKS, RULES, binomial_interval, pooled
from .trial import ONE, SECONDS, run

Make = Callable[[Random], Source]
_EIGHT = 8
# The usual rules are asked in one of so many trials: they err often enough to be counted.
RULES_EVERY = 3
# How long a round trip waits that is one of the few.
WAIT = 10.0


@dataclass
class Share:
    """Hits among trials."""

    hits: int = 0
    trials: int = 0

    def add(self, hit: bool) -> None:
        self.hits += hit
        self.trials += 1

    @property
    def value(self) -> float:
        return self.hits / self.trials if self.trials else 0.0

    def __str__(self) -> str:
        low, high = binomial_interval(self.hits, self.trials)
        return f"{self.hits}/{self.trials}, 95 %: {low:.2%} to {high:.2%}"


@dataclass
class Class:
    """Null trials of one class of noise: what the product said, and which usual rules would have rolled back."""

    rollbacks: Share = field(default_factory=Share)
    undecided: Share = field(default_factory=Share)
    rules: dict[str, Share] = field(default_factory=lambda: {name: Share() for name in RULES})
    seconds: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)


def null_trials(variants: Sequence[Make], trials: int, seed: str, metrics: Sequence[str] = ONE) -> Class:
    """Toggles that change nothing."""
    found = Class()
    for number in range(trials):
        make = variants[number % len(variants)]
        told = run(make, [none], f"{seed} {number}", metrics)
        found.rollbacks.add(told.verdict == REGRESSION)
        found.undecided.add(told.verdict == UNDECIDED)
        found.seconds.append(told.seconds)
        if told.reason:
            found.reasons[told.reason] += 1
        if number // len(variants) % RULES_EVERY == 0:
            for name, said in by_rules(make, none, f"{seed} {number}").items():
                found.rules[name].add(said)
    return found


def by_rules(make: Make, harm: Harm, seed: str) -> dict[str, bool]:
    """Which rules roll back: the same stream, first without and then with the harm."""
    source = make(Random(seed))
    before = [source(False).redis for _block in range(BLOCKS)]
    after = [harm(source(True).redis) for _block in range(BLOCKS)]
    return {name: rule(before, after) for name, rule in RULES.items()}


def power(harm: Harm, patience: float, trials: int, seed: str) -> tuple[Share, list[float]]:
    """How often a true effect is found within so many seconds of sampling when it is quiet; the seconds it took."""
    share, took = Share(), []
    for number in range(trials):
        told = run(QUIET_SOURCE, [harm], f"power {seed} {number}")
        share.add(told.verdict == REGRESSION and told.seconds <= patience)
        took.append(told.seconds)
    return share, sorted(took)


def noisy_power(
    harm: Harm, patience: float, classes: Mapping[str, Sequence[Make]], trials: int
) -> dict[str, tuple[Share, Share]]:
    """By class of noise: how often a true effect is found within that time, and how often it is called none at all."""
    found = {}
    for name, variants in classes.items():
        share, wrong = found[name] = Share(), Share()
        for number in range(trials):
            # The confirmation may take a tenth more.
            make, seconds = variants[number % len(variants)], patience / 1.1
            told = run(make, [harm], f"noisy power {name} {number}", seconds=seconds)
            share.add(told.verdict == REGRESSION and told.seconds <= patience)
            wrong.add(told.verdict in (EQUIVALENT, IMPROVEMENT))
    return found


@lru_cache(maxsize=8)
def waits(effect: float) -> Harm:
    """So many round trips wait for WAIT us more that the pooled p99 of the quiet streams is longer by this share."""
    blocks = [one.redis for name in QUIET for one in recorded(name)]
    wanted = quantile(pooled(blocks), 0.99) * (1.0 + effect)
    low, high = 0.0, 0.02
    for _step in range(12):
        middle = (low + high) / 2.0
        harm = stalls(middle, WAIT)
        low, high = (middle, high) if quantile(pooled([harm(one) for one in blocks]), 0.99) < wanted else (low, middle)
    return stalls(high, WAIT)


def false_keeps(
    harm: Harm, classes: Mapping[str, Sequence[Make]], trials: int, seed: str, seconds: float = SECONDS
) -> dict[str, Share]:
    """How often an effect is called none, or a gain, by class of noise."""
    found = {}
    for name, variants in classes.items():
        share = found[name] = Share()
        for number in range(trials):
            told = run(variants[number % len(variants)], [harm], f"keep {name} {seed} {number}", seconds=seconds)
            share.add(told.verdict in (EQUIVALENT, IMPROVEMENT))
    return found


def rules_power(trials: int) -> dict[str, dict[str, Share]]:
    """By effect and rule."""
    found: dict[str, dict[str, Share]] = {}
    for name, harm in (("p50 +2 %", scale(0.02)), ("p99 +5 %", tail(0.05)), ("p99 +10 %", tail(0.10))):
        shares = found[name] = {rule: Share() for rule in RULES}
        for number in range(trials):
            for rule, said in by_rules(QUIET_SOURCE, harm, f"rules {name} {number}").items():
                shares[rule].add(said)
    return found


def culprits(trials: int) -> tuple[Share, list[float]]:
    """One or two of eight settings do harm (p50 +3 to +15 %): are they the ones that are found, and in 90 s?

    The seconds are those of sampling, which is half of that.
    """
    share, took = Share(), []
    for number in range(trials):
        random = Random(f"culprits {number}")
        guilty = {
            place: random.uniform(0.03, 0.15) for place in random.sample(range(_EIGHT), random.choice((1, 1, 1, 2)))
        }
        harms = [scale(guilty[place]) if place in guilty else none for place in range(_EIGHT)]
        told = run(QUIET_SOURCE, harms, f"culprits of {number}")
        share.add(told.culprits == tuple(sorted(guilty)) and told.seconds <= SECONDS)
        took.append(told.seconds)
    return share, sorted(took)


def timed(name: str, seconds: Sequence[float]) -> str:
    """The median of sorted seconds with its interval of 95 %, and what 95 % of them stay below."""
    count = len(seconds)
    middle, late = seconds[count // 2], seconds[count * 95 // 100]
    low, high = interval_ranks(count, 0.5)
    between = f" ({seconds[low - 1]:.1f} to {seconds[high - 1]:.1f})" if low and high else ""
    return f"{name}: {middle:.1f} s of sampling in the median{between}, {late:.1f} s in 95 %"


def together(shares: Iterable[Share]) -> Share:
    found = Share()
    for share in shares:
        found.hits += share.hits
        found.trials += share.trials
    return found
