# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One trial of the engine: quads from a source, looked at until every figure is decided."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from ansible_collections.lowlat.redis.plugins.module_utils._judge.comparison import (
    EQUIVALENT,
    IMPROVEMENT,
    REGRESSION,
    UNDECIDED,
)
from ansible_collections.lowlat.redis.plugins.module_utils._judge.looks import (
    LONG_LOOKS,
    Decision,
    Quad,
    confirmation,
    decide,
    is_null,
)
from ansible_collections.lowlat.redis.plugins.module_utils._judge.quads import FOREIGN

from .replay import Harm, Round, Source, none
from .stream import BLOCK, FRACTIONS, P50, P99

FIGURES = ("p50", "typical_p99", "pooled_p99")
# Rounds in 100 ms, in which a server with hz 10 does its housekeeping once: sides of the pooled p99.
HOUSEKEEPING = 14
_COUNTS = [round((high - low) * BLOCK) for low, high in zip((0.0, *FRACTIONS), FRACTIONS)]

# The two sides of a quad: what was measured with the first value, and with the second.
Sides = tuple[list[Round], list[Round]]


@dataclass(frozen=True)
class Verdicts:
    """``by_figure`` after confirmation; ``rounds`` that were needed, by figure and in all."""

    by_figure: dict[str, str]
    rounds_by_figure: dict[str, int]
    reasons: dict[str, str]

    @property
    def rounds(self) -> int:
        return max(self.rounds_by_figure.values())

    @property
    def overall(self) -> str:
        verdicts = set(self.by_figure.values())
        for verdict in (REGRESSION, UNDECIDED, IMPROVEMENT):
            if verdict in verdicts:
                return verdict
        return EQUIVALENT


class Bench:
    """Takes quads from a source and remembers them, as the product's does from a server.

    A side has ``length`` rounds.
    """

    def __init__(self, source: Source, harm: Harm, random: Random, length: int = 1) -> None:
        self.source, self.harm, self.random, self.length = source, harm, random, length
        self._quads: list[Quad] = []

    def quads(self, count: int) -> list[Quad]:
        while len(self._quads) < count:
            null = is_null(len(self._quads))
            self._quads.append(quad_of(self._take(null), null))
        return self._quads[:count]

    def _take(self, null: bool) -> Sides:
        sides: Sides = ([], [])
        first = self.random.randrange(2)
        for second in (first, 1 - first, 1 - first, first):
            for _number in range(self.length):
                one = self.source(bool(second) and not null)
                if second and not null and self.harm is not none:
                    one = Round(self.harm(one.redis), one.reference, one.redis_terms, one.reference_terms)
                sides[second].append(one)
        return sides


def quad_of(sides: Sides, null: bool) -> Quad:
    """As the product has them: ln(B/A) of what Redis took relative to the reference of its round."""
    medians, tails = (
        [[math.log(one.redis[place] / one.reference[place]) for one in side] for side in sides] for place in (P50, P99)
    )
    shares = [[one.foreign for one in side] for side in sides]
    samples = [[pair for one in side for pair in zip(one.redis, _COUNTS)] for side in sides]
    return Quad(
        {},
        null,
        {
            "p50": (medians[0], medians[1]),
            "typical_p99": (tails[0], tails[1]),
            FOREIGN: (shares[0], shares[1]),
        },
        (samples[0], samples[1]),
    )


def run(make: Callable[[Random], Source], harm: Harm, seed: str, figures: Sequence[str] = FIGURES) -> Verdicts:
    """A trial with its own random numbers."""
    random = Random(seed)
    source = make(random)
    short = Bench(source, harm, random)
    verdicts, rounds, reasons = {}, {}, {}
    for figure in figures:
        bench = Bench(source, harm, random, HOUSEKEEPING) if figure == "pooled_p99" else short
        decision, size = _until_over(bench, figure, 0, None if figure == "pooled_p99" else LONG_LOOKS)
        verdict, caps = decision.verdict, list(decision.caps)
        if verdict == REGRESSION:
            second, size = _until_over(bench, figure, size, confirmation(decision))
            verdict = second.verdict if second.verdict == REGRESSION else UNDECIDED
            caps += second.caps or ([] if verdict == REGRESSION else ["it did not show again"])
        verdicts[figure] = verdict
        rounds[figure] = size * 4 * bench.length
        reasons[figure] = "; ".join(caps) or decision.comparison.reason
    return Verdicts(verdicts, rounds, reasons)


def _until_over(
    bench: Bench, figure: str, start: int, looks: Sequence[tuple[int, float]] | None
) -> tuple[Decision, int]:
    """Take what the decision asks for until it is over; also how many quads there are by then."""
    size = start
    decision = decide([], figure, looks=looks)
    while not decision.over:
        wanted = decision.needs
        while wanted:
            wanted -= not is_null(size)
            size += 1
        decision = decide(bench.quads(size)[start:], figure, looks=looks)
    return decision, size
