# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endless streams from recorded ones, with the harm and the noise that a case wants. All of it follows from a seed.

Rounds are drawn in runs of neighbours (moving-block bootstrap), because neighbouring blocks resemble each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from statistics import median

from .stream import FRACTIONS, P50, P99, Block, Stream, load

# Rounds that are drawn together: long enough for the server's housekeeping to stay regular.
_RUN = 64
QUIET = ("quiet_1", "quiet_2", "quiet_3", "quiet_4")


@dataclass(frozen=True)
class Round:
    """A block of Redis and one of the reference, with the terms of the ledger of each."""

    redis: Block
    reference: Block
    redis_terms: tuple[float, ...]
    reference_terms: tuple[float, ...]

    @property
    def foreign(self) -> float:
        """The share of wall time that others took, while Redis was measured or while the reference was."""
        return max(terms[4] / terms[0] for terms in (self.redis_terms, self.reference_terms))


@lru_cache(maxsize=2)
def undisturbed(place: int) -> float:
    """Microseconds that Redis takes on a quiet host: the typical block's quantile at this place in FRACTIONS."""
    return median(one.redis[place] for name in QUIET for one in recorded(name))


@lru_cache(maxsize=32)
def recorded(name: str) -> tuple[Round, ...]:
    stream: Stream = load(name)
    ours, floor = stream.ledger["redis"], stream.ledger["reference"]
    return tuple(Round(*parts) for parts in zip(stream.redis, stream.reference, ours, floor))


def resampled(name: str, random: Random, part: tuple[float, float] = (0.0, 1.0)) -> Iterator[Round]:
    """Rounds of this part of this stream without end."""
    whole = recorded(name)
    rounds = whole[round(part[0] * len(whole)) : round(part[1] * len(whole))]
    length = min(_RUN, len(rounds) // 2)
    while True:
        start = random.randrange(len(rounds) - length)
        yield from rounds[start : start + length]


Harm = Callable[[Block], Block]


def none(block: Block) -> Block:
    return block


def scale(effect: float) -> Harm:
    """Every round trip takes longer by this share."""
    return lambda block: tuple(value * (1.0 + effect) for value in block)


def shift(microseconds: float) -> Harm:
    """Every round trip takes longer by so much."""
    return lambda block: tuple(value + microseconds for value in block)


def tail(effect: float) -> Harm:
    """The p99 and all above it are longer by this share, the median by nothing, and between them evenly more."""
    weights = _of_tail()
    return lambda block: tuple(value * (1.0 + effect * weight) for value, weight in zip(block, weights))


def shift_tail(microseconds: float) -> Harm:
    """As ``tail``, by so much, however long others make it besides."""
    weights = _of_tail()
    return lambda block: tuple(value + microseconds * weight for value, weight in zip(block, weights))


def _of_tail() -> list[float]:
    span = FRACTIONS[P99] - FRACTIONS[P50]
    return [min(1.0, max(0.0, (fraction - FRACTIONS[P50]) / span)) for fraction in FRACTIONS]


def stalls(share: float, microseconds: float) -> Harm:
    """This share of the round trips waits so long besides: a mixture of two distributions."""
    source = _mixture(share)

    def harm(block: Block) -> Block:
        slow = [value + microseconds for value in block]
        return tuple(
            slow[0] if place is None else block[place] + (block[place + 1] - block[place]) * part
            for place, part in source
        )

    return harm


def _mixture(share: float) -> list[tuple[int | None, float]]:
    """For each fraction, where it lies in the distribution of the others; None where it is one of those that wait."""
    found: list[tuple[int | None, float]] = []
    for fraction in FRACTIONS:
        other = fraction / (1.0 - share)
        if other >= 1.0:
            found.append((None, 0.0))
            continue
        place = max(index for index, low in enumerate((0.0, *FRACTIONS)) if low <= other) - 1
        place = max(0, min(place, len(FRACTIONS) - 2))
        low, high = FRACTIONS[place], FRACTIONS[place + 1]
        found.append((place, min(1.0, max(0.0, (other - low) / (high - low)))))
    return found


# A case of noise: (random) -> a function that gives the round for a slot, told whether the slot is of the second arm.
Source = Callable[[bool], Round]


def steady(*names: str) -> Callable[[Random], Source]:
    """One of these streams throughout."""

    def make(random: Random) -> Source:
        rounds = resampled(random.choice(names), random)
        return lambda _second: next(rounds)

    return make


def drifting(most: float, both: bool) -> Callable[[Random], Source]:
    """Grows by up to this share every 1,000 rounds: Redis alone, or the host with it."""

    def make(random: Random) -> Source:
        rounds = resampled(random.choice(QUIET), random)
        rate = math.log1p(most) * random.choice((-1.0, 1.0)) / 1000.0
        number = 0

        def take(_second: bool) -> Round:
            nonlocal number
            number += 1
            return slower(next(rounds), math.exp(rate * number), both)

        return take

    return make


def stepping(size: float, both: bool) -> Callable[[Random], Source]:
    """Is slower by this share from a moment on that lies in the first 100 rounds, or until then."""

    def make(random: Random) -> Source:
        rounds = resampled(random.choice(QUIET), random)
        moment, sign = random.randrange(100), random.choice((False, True))
        number = 0

        def take(_second: bool) -> Round:
            nonlocal number
            number += 1
            return slower(next(rounds), 1.0 + size * ((number > moment) == sign), both)

        return take

    return make


def in_phase(name: str, period: int) -> Callable[[Random], Source]:
    """Noise that comes with every ``period``-th slot, wherever that falls."""

    def make(random: Random) -> Source:
        calm, loud = resampled(random.choice(QUIET), random), resampled(name, random)
        number = random.randrange(period)

        def take(_second: bool) -> Round:
            nonlocal number
            number += 1
            return next(loud) if number % period == 0 else next(calm)

        return take

    return make


def one_arm(name: str, second: bool, floor_too: bool) -> Callable[[Random], Source]:
    """Noise beside one arm only; the reference feels it as well, or by bad luck never does."""

    def make(random: Random) -> Source:
        calm, loud = resampled(random.choice(QUIET), random), resampled(name, random)

        def take(is_second: bool) -> Round:
            quiet = next(calm)
            if is_second != second:
                return quiet
            noisy = next(loud)
            if floor_too:
                return noisy
            return Round(noisy.redis, quiet.reference, noisy.redis_terms, quiet.reference_terms)

        return take

    return make


def slower(one: Round, factor: float, both: bool) -> Round:
    redis = tuple(value * factor for value in one.redis)
    reference = tuple(value * factor for value in one.reference) if both else one.reference
    return Round(redis, reference, one.redis_terms, one.reference_terms)


QUIET_SOURCE = steady(*QUIET)
# By class of noise; the trials of a class are spread evenly over its variants.
NOISES: dict[str, list[Callable[[Random], Source]]] = {
    "burner, same CPU": [steady("burner"), steady("burner_short")],
    "burner, sibling": [steady("sibling")],
    "memory traffic": [steady("memory")],
    "throttled probe": [steady("throttled")],
    "SIGSTOP pulses": [steady("stopped")],
    "unpinned probe": [steady("unpinned")],
    "drift": [drifting(0.3, both=False), drifting(0.3, both=True)],
    "step": [stepping(0.2, both=False), stepping(0.2, both=True)],
    "in phase": [in_phase("burner_short", 2), in_phase("burner_short", 4)],
    "one arm": [
        one_arm("burner", second=True, floor_too=True),
        one_arm("burner_short", second=True, floor_too=True),
        one_arm("burner_short", second=True, floor_too=False),
        one_arm("burner_short", second=False, floor_too=True),
    ],
}
