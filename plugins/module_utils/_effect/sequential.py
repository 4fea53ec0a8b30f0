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
from .._judge.looks import LOOKS, SAME_SHARE, Decision, Quad, decide
from .._judge.quads import FOREIGN, TAIL

Looks = Sequence[tuple[int, float]]
#: Slower by this share without others' time is slower, however wide the margin of a part of a bundle is.
_CLEAR = 0.1


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
    """As ``decide``, where a doubt caps the verdict only if it could have made up what was found.

    The disk's own pace drifts while a setting makes every write wait for it; and a server that waits leaves its CPU to
    others. That is then no doubt about an effect many times as large. What the doubt was stays in ``caps``.
    """
    found = decide(quads, figure, margin, looks)
    stands = found.comparison.verdict in (REGRESSION, IMPROVEMENT) and _outweighs(quads, figure, found.comparison)
    return replace(found, verdict=found.comparison.verdict) if found.caps and stands else found


def _outweighs(quads: Sequence[Quad], figure: str, compared: Comparison) -> bool:
    """Whether the effect is more than twice the drift and what the A/A quads show, and past the margin without others.

    Whatever they took more of one arm may be part of the effect, the part too that did not fall into the median round
    trip, and on either side: they are beside the reference as well. It falls into the slowest ones first, so that a
    little of it makes a tail many times as long: no tail outweighs that.
    """
    effect = compared.effect or 0.0
    less, more = sorted(_shares(quads))
    if figure.endswith(TAIL) and more - less > SAME_SHARE:
        return False
    toggled = [quad.differences[figure] for quad in quads if not quad.null]
    nulls = [quad.differences[figure] for quad in quads if quad.null]
    half = len(toggled) // 2
    drift = median(toggled[half:]) - median(toggled[:half])
    wrong = max(abs(drift), abs(median(nulls)) if nulls else 0.0)
    if abs(math.log1p(effect)) <= 2.0 * wrong or more >= 1.0:
        return False
    others = (1.0 - less) / (1.0 - more)
    own = (1.0 + effect) / others - 1.0 if effect > 0.0 else 1.0 - (1.0 + effect) * others
    return own > min(compared.margin, _CLEAR)


def _shares(quads: Sequence[Quad]) -> tuple[float, float]:
    """What others took of the time of each arm; nothing where that is not known."""
    shares = [quad.sides[FOREIGN] for quad in quads if not quad.null and FOREIGN in quad.sides]
    if not shares:
        return 0.0, 0.0
    first, second = (fmean(value for arms in shares for value in arms[arm]) for arm in (0, 1))
    return first, second


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
