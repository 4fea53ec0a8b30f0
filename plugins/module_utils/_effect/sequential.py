# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several figures judged together, look by look, by Holm's rule. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from .._judge import signed_rank
from .._judge.comparison import EQUIVALENT, IMPROVEMENT, REGRESSION, UNDECIDED
from .._judge.looks import LOOKS, Decision, Quad, decide
from .._judge.quads import FOREIGN

Looks = Sequence[tuple[int, float]]


def holm(
    quads: Sequence[Quad], margins: Mapping[str, float], looks: Looks = LOOKS, beside: int = 0, over: bool = False
) -> dict[str, Decision]:
    """A decision for each figure in ``margins``.

    The risk is divided by the number of figures, plus ``beside`` others that are judged elsewhere; each figure that
    differs leaves its share to the rest. With ``over`` there will be no more quads: the next look is taken now.
    """
    settled: dict[str, Decision] = {}
    left = dict(margins)
    while left:
        shared = divided(looks, len(left) + beside)
        if over:
            shared = cut(shared, sum(not quad.null for quad in quads))
        decisions = {figure: _decide(quads, figure, margin, shared) for figure, margin in left.items()}
        differ = {name: found for name, found in decisions.items() if found.verdict in (REGRESSION, IMPROVEMENT)}
        settled.update(differ or decisions)
        left = {figure: margin for figure, margin in left.items() if figure not in settled}
    return {figure: settled[figure] for figure in margins}


def _decide(quads: Sequence[Quad], figure: str, margin: float, looks: Looks) -> Decision:
    """As ``decide``, where others that ran more beside one arm count for no more than the time they took.

    A server that waits, for a disk above all, leaves its CPU to others: they are then the trace of the effect, and no
    doubt about it.
    """
    found = decide(quads, figure, margin, looks)
    if not found.caps:
        return found
    alone = decide([_without_foreign(quad) for quad in quads], figure, margin, looks)
    return found if alone.caps or _explained(quads, alone.comparison.effect or 0.0) else alone


def _without_foreign(quad: Quad) -> Quad:
    sides = {name: arms for name, arms in quad.sides.items() if name != FOREIGN}
    return replace(quad, sides=sides, differences={n: v for n, v in quad.differences.items() if n != FOREIGN})


def _explained(quads: Sequence[Quad], effect: float) -> bool:
    """Whether what others took makes up for half of the effect or more, both as shares of the first arm's time."""
    shares = [quad.sides[FOREIGN] for quad in quads if not quad.null and FOREIGN in quad.sides]
    first, second = (fmean(value for arms in shares for value in arms[arm]) for arm in (0, 1))
    more = second * (1.0 + effect) - first
    return abs(effect) < 2.0 * abs(more)


def divided(looks: Looks, hypotheses: int) -> list[tuple[int, float]]:
    """Each look with its share of the risk, and no earlier than that many quads can carry so small a risk."""
    found = []
    for size, alpha in looks:
        share = alpha / max(hypotheses, 1)
        while not signed_rank.tail_rank(size, share / 2):
            size += 1
        found.append((size, share))
    return found


def cut(looks: Looks, count: int) -> list[tuple[int, float]]:
    """The looks up to ``count`` quads, and the next one at that very number."""
    kept = [look for look in looks if look[0] <= count]
    if len(kept) < len(looks) and (not kept or kept[-1][0] < count):
        kept.append((count, looks[len(kept)][1]))
    return kept


def overall(verdicts: Sequence[str]) -> str:
    """One verdict of several figures: the worst, and no certainty where one of them is uncertain."""
    for verdict in (REGRESSION, UNDECIDED, IMPROVEMENT):
        if verdict in verdicts:
            return verdict
    return EQUIVALENT if verdicts else UNDECIDED
