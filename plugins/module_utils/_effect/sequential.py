# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several figures judged together, look by look, by Holm's rule. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._judge import signed_rank
from .._judge.comparison import EQUIVALENT, IMPROVEMENT, REGRESSION, UNDECIDED
from .._judge.looks import LOOKS, Decision, Quad, decide

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
        decisions = {figure: decide(quads, figure, margin, shared) for figure, margin in left.items()}
        differ = {name: found for name, found in decisions.items() if found.verdict in (REGRESSION, IMPROVEMENT)}
        settled.update(differ or decisions)
        left = {figure: margin for figure, margin in left.items() if figure not in settled}
    return {figure: settled[figure] for figure in margins}


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
