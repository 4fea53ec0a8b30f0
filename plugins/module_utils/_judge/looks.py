# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When to stop measuring: fixed looks at the quads so far, the risk of error divided among them.

A quad is ABBA or BAAB, drawn at random; every fourth toggles to the same value (A/A) and shows what the procedure sees
where there is nothing to see. Nothing here measures: quads go in; a decision comes out, with how many quads it lacks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import rank_sum, signed_rank
from .comparison import REGRESSION, UNDECIDED, Comparison, paired
from .quads import Quad, clean_values, foreign_difference, values

__all__ = [
    "CONFIRMATION",
    "HARM",
    "LONG_LOOKS",
    "LOOKS",
    "MARGINS",
    "SAME_SHARE",
    "Decision",
    "Quad",
    "confirm",
    "decide",
    "is_null",
]

# (quads that toggle, two-sided risk spent there)
LOOKS = ((12, 0.0005), (48, 0.0015), (192, 0.003))
# Where there is time for it, noise deserves one look more.
LONG_LOOKS = (*LOOKS, (768, 0.005))
# An effect of this size must not be kept: p50, and the median of the blocks' p99s.
MARGINS = {"p50": 0.02, "typical_p99": 0.05}
# Every such quad toggles to the same value.
NULL_EVERY = 4
# Slower is slower from here on, provided that the margin is reached: see comparison.verdict_of.
HARM = 0.0
_NULL_ALPHA = 0.001
# The second window asks what the first has found: one in a hundred is enough there.
CONFIRMATION = ((12, 0.002), (48, 0.003), (192, 0.005))
# Arms that differ by less than this share of wall time in what others took are alike.
SAME_SHARE = 0.01


@dataclass(frozen=True)
class Decision:
    """``needs`` more quads that toggle (and one A/A for each three) are wanted before the next look; 0: it is over.

    ``caps`` says why a verdict of the comparison does not stand.
    """

    figure: str
    verdict: str
    comparison: Comparison
    needs: int
    look: int
    null: Comparison | None = None
    caps: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        return self.needs == 0

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "figure": self.figure,
            "verdict": self.verdict,
            "comparison": self.comparison.to_dict(),
            "look": self.look,
            "needs": self.needs,
        }
        if self.null is not None:
            found["null"] = self.null.to_dict()
        if self.caps:
            found["caps"] = list(self.caps)
        return found


def is_null(number: int) -> bool:
    """Whether the quad of this number, from 0 on, toggles to the same value."""
    return number % NULL_EVERY == NULL_EVERY - 1


def decide(
    quads: Sequence[Quad],
    figure: str,
    margin: float | None = None,
    looks: Sequence[tuple[int, float]] = LOOKS,
) -> Decision:
    """What the quads so far say of one figure. The earliest look that decides counts, whatever came after it."""
    limit = MARGINS[figure] if margin is None else margin
    usable = [quad for quad in quads if quad.has(figure)]
    toggled = [quad for quad in usable if not quad.null]
    comparison = paired([], limit, looks[0][1], HARM)
    for number, (size, alpha) in enumerate(looks):
        if len(toggled) < size:
            return Decision(figure, UNDECIDED, comparison, size - len(toggled), number)
        seen = toggled[:size]
        nulls = _nulls_until(usable, size)
        comparison = paired(values(seen, figure), limit, alpha, HARM)
        if comparison.verdict != UNDECIDED or number == len(looks) - 1:
            return _capped(figure, comparison, seen, nulls, number + 1)
    raise ValueError("there must be a look")


def confirm(first: Comparison, second: Comparison) -> str:
    """The verdict of two windows: a regression is one only if both say so; other verdicts need no second."""
    if first.verdict != REGRESSION:
        return first.verdict
    return REGRESSION if second.verdict == REGRESSION else UNDECIDED


def _nulls_until(usable: Sequence[Quad], toggles: int) -> list[Quad]:
    """The A/A quads that were measured before or right after the quad that completes this look."""
    found: list[Quad] = []
    seen = 0
    for quad in usable:
        if quad.null:
            found.append(quad)
        elif seen == toggles:
            break
        else:
            seen += 1
    return found


def _capped(figure: str, comparison: Comparison, toggled: Sequence[Quad], nulls: Sequence[Quad], look: int) -> Decision:
    """The comparison's verdict, or undecided where the procedure itself is in doubt."""
    null_differences = values(nulls, figure)
    p_value = signed_rank.p_value(null_differences)
    null = replace(paired(null_differences, comparison.margin, _NULL_ALPHA), check=p_value)
    caps = []
    if p_value < _NULL_ALPHA:
        caps.append(f"the A/A quads differ where nothing was changed (p = {p_value:.2g}, {len(nulls)} quads)")
    differences = values(toggled, figure)
    half = len(differences) // 2
    drift = rank_sum.p_value(differences[:half], differences[half:])
    if drift < _NULL_ALPHA:
        caps.append(f"the difference itself drifts (p = {drift:.2g} between the halves of {len(toggled)} quads)")
    share = _uneven(toggled)
    if share and not _holds_clean(figure, comparison, toggled):
        caps.append(f"others took {share:+.1%} of the time more beside the second value than beside the first")
    verdict = UNDECIDED if caps else comparison.verdict
    return Decision(figure, verdict, comparison, 0, look, null if nulls else None, tuple(caps))


def _uneven(toggled: Sequence[Quad]) -> float:
    """By how much of wall time the arms differ in what others took; 0.0 where they do not."""
    differences = [value for value in map(foreign_difference, toggled) if value is not None and math.isfinite(value)]
    if not differences or signed_rank.p_value(differences) >= _NULL_ALPHA:
        return 0.0
    centre = signed_rank.centre(differences)
    return centre if abs(centre) > SAME_SHARE else 0.0


def _holds_clean(figure: str, comparison: Comparison, toggled: Sequence[Quad]) -> bool:
    """Whether the blocks that nobody disturbed say the same."""
    clean = paired(clean_values(toggled, figure), comparison.margin, comparison.alpha, HARM)
    return clean.verdict == comparison.verdict
