# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is counted on the replayed streams: false rollbacks, power, false keeps, coverage, culprits."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from ansible_collections.lowlat.redis.plugins.module_utils._effect.bisection import search
from ansible_collections.lowlat.redis.plugins.module_utils._judge.comparison import (
    EQUIVALENT,
    IMPROVEMENT,
    REGRESSION,
    UNDECIDED,
    paired,
    unpaired,
)
from ansible_collections.lowlat.redis.plugins.module_utils._judge.quads import values

from .replay import NOISES, QUIET_SOURCE, Harm, Source, none, recorded, scale, tail
from .rules import BLOCKS, RULES, binomial_interval
from .stream import P50
from .trial import FIGURES, Bench, Verdicts, run

Make = Callable[[Random], Source]
# The figures that say whether a change is kept; the pooled p99 can only take it back.
DECIDING = ("p50", "typical_p99")
# Seconds of sampling that an effect may take to be found, when it is quiet.
PATIENCE = {"p50": 5.0, "typical_p99": 20.0, "pooled_p99": 60.0}
EFFECTS: dict[str, Callable[[float], Harm]] = {"p50": scale, "typical_p99": tail, "pooled_p99": tail}


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
    """Null trials of one class of noise: what the engine said, and which usual rules would have rolled back."""

    rollbacks: Share = field(default_factory=Share)
    undecided: Share = field(default_factory=Share)
    rules: dict[str, Share] = field(default_factory=lambda: {name: Share() for name in RULES})
    rounds: list[int] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)


def seconds_a_round() -> float:
    """Sampling time of a round (a block of Redis and one of the reference) when it is quiet."""
    rounds = recorded("quiet_1")
    walls = sorted((one.redis_terms[0] + one.reference_terms[0]) * 500 / 1e6 for one in rounds)
    return walls[len(walls) // 2]


def overall(found: Verdicts) -> str:
    """As the deciding figures say, unless the pooled p99 regresses."""
    verdicts = {found.by_figure[figure] for figure in DECIDING}
    if REGRESSION in found.by_figure.values():
        return REGRESSION
    if UNDECIDED in verdicts:
        return UNDECIDED
    return IMPROVEMENT if IMPROVEMENT in verdicts else EQUIVALENT


def null_trials(variants: Sequence[Make], trials: int, seed: str, pooled_every: int) -> Class:
    """Toggles that change nothing. The slow pooled p99 is judged in one of ``pooled_every`` (0: in none)."""
    found = Class()
    for number in range(trials):
        make = variants[number % len(variants)]
        pooled = pooled_every and number // len(variants) % pooled_every == 0
        figures = FIGURES if pooled else DECIDING
        verdicts = run(make, none, f"{seed} {number}", figures)
        verdict = overall(verdicts)
        found.rollbacks.add(verdict == REGRESSION)
        found.undecided.add(verdict == UNDECIDED)
        found.rounds.append(max(verdicts.rounds_by_figure[figure] for figure in DECIDING))
        if verdict == UNDECIDED:
            found.reasons.update(f"{name}: {verdicts.reasons[name]}" for name in DECIDING if verdicts.reasons[name])
        for name, said in by_rules(make, none, f"{seed} {number}").items():
            found.rules[name].add(said)
    return found


def by_rules(make: Make, harm: Harm, seed: str) -> dict[str, bool]:
    """Which rules roll back: the same stream, first without and then with the harm."""
    source = make(Random(seed))
    before = [source(False).redis for _block in range(BLOCKS)]
    after = [harm(source(True).redis) for _block in range(BLOCKS)]
    return {name: rule(before, after) for name, rule in RULES.items()}


def power(figure: str, effect: float, trials: int) -> tuple[Share, list[float]]:
    """How often a true effect is found within its patience when it is quiet, and after how many seconds."""
    pace, share, took = seconds_a_round(), Share(), []
    for number in range(trials):
        verdicts = run(QUIET_SOURCE, EFFECTS[figure](effect), f"power {figure} {effect} {number}", (figure,))
        seconds = verdicts.rounds * pace
        share.add(verdicts.by_figure[figure] == REGRESSION and seconds <= PATIENCE[figure])
        took.append(seconds)
    return share, sorted(took)


def power_of_all(harm: Harm, patience: float, trials: int) -> Share:
    """How often any of the figures finds a true effect within this patience when it is quiet: that takes it back."""
    pace, share = seconds_a_round(), Share()
    for number in range(trials):
        verdicts = run(QUIET_SOURCE, harm, f"power of all {number}")
        found = [rounds for name, rounds in verdicts.rounds_by_figure.items() if verdicts.by_figure[name] == REGRESSION]
        share.add(bool(found) and min(found) * pace <= patience)
    return share


def false_keeps(figure: str, effect: float, classes: dict[str, Sequence[Make]], trials: int) -> dict[str, Share]:
    """How often an effect is called none, or a gain, by class of noise."""
    found = {}
    for name, variants in classes.items():
        share = found[name] = Share()
        for number in range(trials):
            make = variants[number % len(variants)]
            verdicts = run(make, EFFECTS[figure](effect), f"keep {name} {figure} {number}", (figure,))
            share.add(verdicts.by_figure[figure] in (EQUIVALENT, IMPROVEMENT))
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


def coverage(trials: int) -> dict[str, Share]:
    """How often a nominal 95 % interval holds the effect that was put in: by kind of interval."""
    found: dict[str, Share] = {}
    quiet_and_loud = {
        "quiet": QUIET_SOURCE,
        "burner": NOISES["burner, same CPU"][0],
        "SIGSTOP": NOISES["SIGSTOP pulses"][0],
    }
    for name, make in quiet_and_loud.items():
        for figure in DECIDING:
            for size in (12, 48, 192):
                share = found[f"paired {figure}, {name}, {size} quads"] = Share()
                for number in range(trials):
                    random = Random(f"coverage {name} {figure} {size} {number}")
                    effect = random.choice((-0.03, 0.0, 0.02, 0.1))
                    bench = Bench(make(random), EFFECTS[figure](effect), random)
                    toggled = [quad for quad in bench.quads(size * 4 // 3) if not quad.null]
                    share.add(_holds(paired(values(toggled, figure), 0.02, 0.05).interval, effect))
        share = found[f"before and after p50, {name}, 48 blocks"] = Share()
        for number in range(trials):
            random = Random(f"coverage unpaired {name} {number}")
            effect = random.choice((-0.03, 0.0, 0.02, 0.1))
            source = make(random)
            ratios = [one.redis[P50] / one.reference[P50] for one in (source(False) for _block in range(96))]
            after = [ratio * (1.0 + effect) for ratio in ratios[48:]]
            share.add(_holds(unpaired(ratios[:48], after, 0.02, 0.05).interval, effect))
    return found


def _holds(interval: tuple[float | None, float | None], effect: float) -> bool:
    low, high = interval
    return low is not None and high is not None and low - 1e-9 <= effect <= high + 1e-9


def culprits(trials: int) -> tuple[Share, list[float]]:
    """One or two of eight settings do harm (p50 +3 to +15 %): are they the ones that are found? Seconds of sampling."""
    share, took = Share(), []
    pace = seconds_a_round()
    for number in range(trials):
        random = Random(f"culprits {number}")
        guilty = {place: random.uniform(0.03, 0.15) for place in random.sample(range(8), random.choice((1, 1, 1, 2)))}
        rounds: list[int] = []

        def tester(subset: tuple[int, ...], *_whole: bool, seed: str = f"{number}") -> str:
            harm = math.prod(1.0 + effect for place, effect in guilty.items() if place in subset) - 1.0  # noqa: B023
            found = run(QUIET_SOURCE, scale(harm), f"culprits {seed} {len(rounds)}", ("p50",))  # noqa: B023
            rounds.append(found.rounds)  # noqa: B023
            return found.by_figure["p50"]

        share.add(search(8, tester).culprits == tuple(sorted(guilty)))
        took.append(sum(rounds) * pace)
    return share, sorted(took)


def together(shares: Iterable[Share]) -> Share:
    found = Share()
    for share in shares:
        found.hits += share.hits
        found.trials += share.trials
    return found
