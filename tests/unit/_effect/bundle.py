# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is made up: which settings make it how much slower, and how much it scatters."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from ansible_collections.lowlat.redis.plugins.module_utils._effect.experiment import Experiment
from ansible_collections.lowlat.redis.plugins.module_utils._effect.quads import Alternation

P50 = {"rtt.p50": 0.02, "set_rtt.p50": 0.02}


class Bundle:
    """``harm``: (settings that must all be new, figure) to the logarithm of how much slower that makes it.

    Each side takes a second of its clock.
    """

    def __init__(
        self, count: int, harm: Mapping[tuple[tuple[int, ...], str], float] | None = None, noise: float = 0.005
    ) -> None:
        self.count = count
        self.harm = harm or {}
        self.noise = noise
        self.seconds = 0.0
        self.new: set[int] = set()
        self.known: set[int] = set()
        self.writes: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        self.sides: list[frozenset[int]] = []
        self.drift = 0.0
        self.random = random.Random(7)

    def switch(self, new: Sequence[int], old: Sequence[int]) -> None:
        self.new = (self.new | set(new)) - set(old)
        self.known |= {*new, *old}
        self.writes.append((tuple(new), tuple(old)))

    def side(self, metrics: Sequence[str]) -> dict[str, float]:
        assert self.known == set(range(self.count)), "a setting is still as it was found"
        self.sides.append(frozenset(self.new))
        self.seconds += 1
        found = {}
        for metric in metrics:
            for name in ("p50", "p90", "p99"):
                figure = f"{metric}.{name}"
                harm = sum(much for (who, where), much in self.harm.items() if where == figure and set(who) <= self.new)
                found[figure] = harm + self.drift * self.seconds + self.random.gauss(0, self.noise)
        return found

    def alternation(self, seed: int = 1) -> Alternation:
        return Alternation(self.count, self.switch, self.side, seed, lambda: self.seconds)

    def experiment(self, seconds: float = 1e6, margins: Mapping[str, float] | None = None) -> Experiment:
        names = [{"kind": "redis", "key": f"s{number}"} for number in range(self.count)]
        return Experiment(names, self.alternation(), margins or P50, 0.0, seconds)


def keys(names: Sequence[Mapping[str, str]]) -> list[str]:
    return [name["key"] for name in names]
