# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers before and after a change that changed nothing, by what else was the matter. All of it follows from a seed.

Before is one half of a recording; after is the other half, or another recording: of a server that was started anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from .gated import Server, Source
from .replay import QUIET, Round, resampled, slower

Pair = tuple[Server, Server]
Case = Callable[[Random], Pair]
_HALVES = ((0.0, 0.5), (0.5, 1.0))
# Recorded rounds in the first measurement of the product: runs x blocks x commands.
_FIRST = 72
_NOISES = ("burner", "burner_short", "sibling", "memory", "throttled", "stopped", "unpinned")
_SIDES = ("before", "after", "first")


def same_server(*names: str) -> Case:
    """Both halves of the same recording, in either order."""

    def make(random: Random) -> Pair:
        name, halves = random.choice(names), random.sample(_HALVES, 2)
        before, after = (_endless(resampled(name, random, half)) for half in halves)
        return Server(before, evidence=_evidence(name, random)), Server(after, evidence=_evidence(name, random))

    return make


def restarted(random: Random) -> Pair:
    """Two quiet recordings."""
    before, after = (_endless(resampled(name, random)) for name in random.sample(QUIET, 2))
    return Server(before), Server(after, pid=2)


def noise_beside(name: str, side: str) -> Case:
    """Noise ``before`` the change alone, ``after`` it, or at ``first``: in the measurement that follows it."""

    def make(random: Random) -> Pair:
        calm = [_endless(resampled(random.choice(QUIET), random)) for _side in range(2)]
        loud, traces = _endless(resampled(name, random)), _evidence(name, random)
        if side == "before":
            return Server(loud, evidence=traces), Server(calm[1], pid=2)
        if side == "after":
            return Server(calm[0]), Server(loud, evidence=traces, pid=2)
        return Server(calm[0]), Server(loud, later=calm[1], pid=2)

    return make


def in_phase(name: str, period: int, floor_too: bool) -> Case:
    """After the change noise comes with every ``period``-th round; the reference feels it as well, or never does."""

    def make(random: Random) -> Pair:
        calm, other = (_endless(resampled(random.choice(QUIET), random)) for _side in range(2))
        loud = _endless(resampled(name, random))
        number = random.randrange(period)

        def take() -> Round:
            nonlocal number
            number += 1
            quiet = other()
            if number % period:
                return quiet
            noisy = loud()
            if floor_too:
                return noisy
            return Round(noisy.redis, quiet.reference, noisy.redis_terms, quiet.reference_terms)

        return Server(calm), Server(take, pid=2)

    return make


def drifting(most: float, both: bool) -> Case:
    """The host gets slower or faster by up to this share every 1,000 rounds, or Redis does alone."""

    def make(random: Random) -> Pair:
        rounds = resampled(random.choice(QUIET), random)
        rate, number = math.log1p(most) * random.choice((-1.0, 1.0)) / 1000.0, 0

        def take() -> Round:
            nonlocal number
            number += 1
            return slower(next(rounds), math.exp(rate * number), both)

        return Server(take), Server(take)

    return make


def stepping(size: float, both: bool) -> Case:
    """Slower by this share from a moment on that lies in the first two measurements, or until then."""

    def make(random: Random) -> Pair:
        rounds = resampled(random.choice(QUIET), random)
        moment, sign, number = random.randrange(2 * _FIRST), random.choice((False, True)), 0

        def take() -> Round:
            nonlocal number
            number += 1
            return slower(next(rounds), 1.0 + size * ((number > moment) == sign), both)

        return Server(take), Server(take)

    return make


def _endless(rounds: Iterator[Round]) -> Source:
    return rounds.__next__


def _evidence(name: str, random: Random) -> dict[str, Any]:
    """What the probe would have noted beside this noise."""
    if name == "unpinned":
        return {"pinned": False, "migrations": {"probe": random.randrange(2, 60), "server": 0}}
    return {"throttled": random.uniform(0.2, 0.5)} if name == "throttled" else {}


#: By class; the trials of a class are spread evenly over its variants.
NULLS: dict[str, list[Case]] = {
    "same server": [same_server(*QUIET)],
    "restarted": [restarted],
    "noise throughout": [same_server(name) for name in _NOISES],
    "noise before": [noise_beside(name, "before") for name in _NOISES],
    "noise after": [noise_beside(name, "after") for name in _NOISES],
    "noise at first": [noise_beside(name, "first") for name in _NOISES],
    "in phase": [in_phase("burner_short", 2, True), in_phase("burner_short", 4, True), in_phase("burner", 3, False)],
    "host drifts": [drifting(0.3, both=True)],
    "host steps": [stepping(0.2, both=True)],
}
#: What two windows of time cannot tell from the change: Redis alone is slower or faster, and the reference is not.
ALONE: dict[str, list[Case]] = {
    "Redis alone drifts": [drifting(0.3, both=False)],
    "Redis alone steps": [stepping(0.2, both=False)],
    "noise spares the reference": [in_phase("burner_short", 1, False), in_phase("burner", 1, False)],
}
# Its wake-ups are most of each round trip, before and after: what a gate allows there is a share of that.
_ROAMING = "never pinned"
#: Where a change that does harm is tried: wherever one that does nothing is.
HARMED: dict[str, list[Case]] = {
    **NULLS,
    "noise throughout": [same_server(name) for name in _NOISES if name != "unpinned"],
    # Others in all blocks, for much longer than the p99 of a server that they leave alone.
    "short bursts": [same_server("burner_short"), *(noise_beside("burner_short", side) for side in _SIDES)],
    _ROAMING: [same_server("unpinned")],
}
#: Those of them where harm is a share of what is measured; elsewhere it is one of what an undisturbed server takes.
BY_SHARE = (_ROAMING,)
