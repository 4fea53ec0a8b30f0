# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quads of sides in alternation: ABBA or BAAB, drawn at random, and every fourth A/A."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from .._judge.comparison import REGRESSION
from .._judge.looks import LOOKS, Decision, Quad, is_null
from . import sequential
from .bisection import Subset

#: Brings new values into effect for the settings of the first list, the old ones for those of the second.
Switch = Callable[[Sequence[int], Sequence[int]], None]
#: Measures a side: figure -> logarithm of Redis over reference, of these metrics.
Side = Callable[[Sequence[str]], Mapping[str, float]]


@dataclass
class Comparison:
    """What a window of quads said of two states. ``seconds`` is how long that took."""

    decisions: dict[str, Decision]
    quads: list[Quad] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        return sequential.overall([found.verdict for found in self.decisions.values()])

    @property
    def regressed(self) -> list[str]:
        return [figure for figure, found in self.decisions.items() if found.verdict == REGRESSION]


class Alternation:
    """Compares states of a bundle of ``count`` settings; a state is the subset that has its new values."""

    def __init__(
        self,
        count: int,
        switch: Switch,
        side: Side,
        seed: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count = count
        self._switch = switch
        self._side = side
        self._random = random.Random(seed)
        self._clock = clock
        self._now: Subset | None = None

    def compare(
        self,
        before: Subset,
        after: Subset,
        margins: Mapping[str, float],
        until: float,
        looks: sequential.Looks = LOOKS,
        beside: int = 0,
    ) -> Comparison:
        """Quads until every figure in ``margins`` is decided, one of them regresses, or the clock shows ``until``."""
        start = self._clock()
        metrics = sorted({figure.partition(".")[0] for figure in margins})
        quads: list[Quad] = []
        while True:
            decisions = sequential.holm(quads, margins, looks, beside)
            open_ = [found.needs for found in decisions.values() if not found.over]
            if not open_ or any(found.verdict == REGRESSION for found in decisions.values()):
                break
            wanted = min(open_)
            while wanted and self._clock() < until:
                quads.append(self._quad(before, after, metrics, is_null(len(quads))))
                wanted -= not quads[-1].null
            if wanted:
                decisions = sequential.holm(quads, margins, looks, beside, over=True)
                break
        return Comparison(decisions, quads, self._clock() - start)

    def _quad(self, before: Subset, after: Subset, metrics: Sequence[str], null: bool) -> Quad:
        sides: dict[str, tuple[list[float], list[float]]] = {}
        for letter in self._random.choice(("ABBA", "BAAB")):
            self._toggle(before, after, letter, null)
            for figure, value in self._side(metrics).items():
                sides.setdefault(figure, ([], []))["AB".index(letter)].append(value)
        # What the kernel told of one side alone is no comparison.
        whole = {figure: arms for figure, arms in sides.items() if len(arms[0]) == len(arms[1])}
        differences = {figure: fmean(arms[1]) - fmean(arms[0]) for figure, arms in whole.items()}
        return Quad(differences, null, whole)

    def _toggle(self, before: Subset, after: Subset, letter: str, null: bool) -> None:
        """Every side begins with the same number of writes, so that these themselves make no difference."""
        state = after if letter == "B" and not null else before
        varied = set(before) ^ set(after)
        if self._now is None or set(self._now) - varied != set(state) - varied:
            varied = set(range(self._count))
        self._switch(
            [one for one in sorted(varied) if one in state], [one for one in sorted(varied) if one not in state]
        )
        self._now = state
