# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several figures judged together, look by look, by Holm's rule. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean, median

from .._judge import signed_rank
from .._judge.comparison import EQUIVALENT, IMPROVEMENT, REGRESSION, UNDECIDED, Comparison
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
    """As ``decide``, where a doubt caps the verdict only if it could be half of what was found, or more.

    The disk's own pace drifts while a setting makes every write wait for it; and a server that waits leaves its CPU to
    others. That is then no doubt about an effect many times as large. What the doubt was stays in ``caps``.
    """
    found = decide(quads, figure, margin, looks)
    stands = found.comparison.verdict in (REGRESSION, IMPROVEMENT) and _outweighs(quads, figure, found.comparison)
    return replace(found, verdict=found.comparison.verdict) if found.caps and stands else found


def _outweighs(quads: Sequence[Quad], figure: str, compared: Comparison) -> bool:
    """Whether the effect is more than twice each thing that is wrong with the quads: drift, A/A, others' time."""
    effect = compared.effect or 0.0
    toggled = [quad.differences[figure] for quad in quads if not quad.null]
    nulls = [quad.differences[figure] for quad in quads if quad.null]
    half = len(toggled) // 2
    drift = median(toggled[half:]) - median(toggled[:half])
    wrong = max(abs(drift), abs(median(nulls)) if nulls else 0.0)
    return abs(math.log1p(effect)) > 2.0 * wrong and abs(effect) > 2.0 * abs(_others(quads, effect))


def _others(quads: Sequence[Quad], effect: float) -> float:
    """How much more time others took beside the second arm, as a share of all time of the first."""
    shares = [quad.sides[FOREIGN] for quad in quads if not quad.null and FOREIGN in quad.sides]
    if not shares:
        return 0.0
    first, second = (fmean(value for arms in shares for value in arms[arm]) for arm in (0, 1))
    return second * (1.0 + effect) - first


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
