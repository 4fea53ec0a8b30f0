# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When to stop measuring: fixed looks at the quads so far, the risk of error divided among them.

A quad is ABBA or BAAB, drawn at random; every fourth toggles to the same value (A/A) and shows what the procedure sees
where there is nothing to see. Nothing here measures: quads go in; a decision comes out, with how many quads it lacks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import rank_sum, signed_rank
from .comparison import EQUIVALENT, IMPROVEMENT, REGRESSION, UNDECIDED, Comparison, paired

__all__ = ["EQUIVALENT", "IMPROVEMENT", "LOOKS", "MARGINS", "REGRESSION", "UNDECIDED"]
__all__ += ["Decision", "Quad", "confirm", "confirmation", "decide", "is_null"]

# (quads that toggle, two-sided risk spent there)
LOOKS = ((12, 0.0005), (48, 0.0015), (192, 0.003))
# An effect of this size must not be kept: p50, the median of the blocks' p99s, the p99 of all samples together.
MARGINS = {"p50": 0.02, "typical_p99": 0.05, "pooled_p99": 0.10}
# Every such quad toggles to the same value.
NULL_EVERY = 4
# Slower is slower from here on, provided that the margin is reached: see comparison.verdict_of.
HARM = 0.0
_NULL_ALPHA = 0.001
_CONFIRM_ALPHA = 0.01
# Arms that differ by less than this share of wall time in what others took are alike.
_SAME_SHARE = 0.01
FOREIGN = "foreign"


@dataclass(frozen=True)
class Quad:
    """``differences``: figure -> ln(B/A); ``foreign`` is B - A of the share of wall time that others took.

    ``null``: both arms had the same value.
    """

    differences: Mapping[str, float]
    null: bool = False


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
    usable = [quad for quad in quads if math.isfinite(quad.differences.get(figure, math.nan))]
    toggled = [quad for quad in usable if not quad.null]
    comparison = paired([], limit, looks[0][1], HARM)
    for number, (size, alpha) in enumerate(looks):
        if len(toggled) < size:
            return Decision(figure, UNDECIDED, comparison, size - len(toggled), number)
        seen = toggled[:size]
        nulls = _nulls_until(usable, size)
        comparison = paired(_values(seen, figure), limit, alpha, HARM)
        if comparison.verdict != UNDECIDED or number == len(looks) - 1:
            return _capped(figure, comparison, seen, nulls, number + 1)
    raise ValueError("there must be a look")


def confirmation(decision: Decision) -> tuple[tuple[int, float], ...]:
    """The look, in a later window, at which a REGRESSION must show once more."""
    return ((max(LOOKS[0][0], decision.comparison.samples // 2), _CONFIRM_ALPHA),)


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
    values = _values(toggled, figure)
    null_values = _values(nulls, figure)
    null = replace(paired(null_values, comparison.margin, _NULL_ALPHA), check=signed_rank.p_value(null_values))
    caps = []
    if null.check is not None and null.check < _NULL_ALPHA:
        caps.append(f"the A/A quads differ where nothing was changed (p = {null.check:.2g}, {len(nulls)} quads)")
    half = len(values) // 2
    drift = rank_sum.p_value(values[:half], values[half:])
    if drift < _NULL_ALPHA:
        caps.append(f"the difference itself drifts (p = {drift:.2g} between the halves of {len(values)} quads)")
    share = _uneven(toggled)
    if share:
        caps.append(f"others took {share:+.1%} of the time more beside the second value than beside the first")
    verdict = UNDECIDED if caps else comparison.verdict
    return Decision(figure, verdict, comparison, 0, look, null if nulls else None, tuple(caps))


def _uneven(toggled: Sequence[Quad]) -> float:
    """By how much of wall time the arms differ in what others took; 0.0 where they do not."""
    shares = [quad.differences[FOREIGN] for quad in toggled if math.isfinite(quad.differences.get(FOREIGN, math.nan))]
    if not shares or signed_rank.p_value(shares) >= _NULL_ALPHA:
        return 0.0
    centre = signed_rank.centre(shares)
    return centre if abs(centre) > _SAME_SHARE else 0.0


def _values(quads: Sequence[Quad], figure: str) -> list[float]:
    return [quad.differences[figure] for quad in quads]
