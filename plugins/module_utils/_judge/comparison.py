# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two configurations compared: how much slower the second is, how sure that is, and what follows from it.

All figures go in as logarithms of ratios, or are turned into them here, and come out as relative changes: 0.02 is two
percent slower.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Optional

from . import rank_sum, signed_rank
from .autocorrelation import inflation

REGRESSION = "regression"
IMPROVEMENT = "improvement"
EQUIVALENT = "equivalent"
UNDECIDED = "undecided"
VERDICTS = (REGRESSION, IMPROVEMENT, EQUIVALENT, UNDECIDED)

Interval = tuple[Optional[float], Optional[float]]
# The sign test may be no less sure than this that the differences lie to one side.
_SIGN_ALPHA = 0.05


@dataclass(frozen=True)
class Comparison:
    """``effect`` and ``interval`` are relative changes; they are None where there are too few samples.

    ``samples`` is the number of pairs, or of the values of the smaller series. ``check`` is the p-value of the sign
    test (paired only), ``reason`` why the answer is undecided.
    """

    verdict: str
    effect: float | None
    interval: Interval
    margin: float
    alpha: float
    samples: int
    check: float | None = None
    reason: str = ""

    @property
    def harmless(self) -> bool:
        """Whether it is proven that the second is not slower than the first by the margin, however much faster."""
        return self.interval[1] is not None and self.interval[1] < self.margin

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with six digits after the point."""
        found: dict[str, Any] = {
            "verdict": self.verdict,
            "effect": _rounded(self.effect),
            "interval": [_rounded(end) for end in self.interval],
            "margin": self.margin,
            "alpha": self.alpha,
            "samples": self.samples,
        }
        if self.check is not None:
            found["sign_test"] = float(f"{self.check:.3g}")
        if self.reason:
            found["reason"] = self.reason
        return found


def paired(differences: Sequence[float], margin: float, alpha: float, harm: float | None = None) -> Comparison:
    """Compare by differences ln(B/A), one for each quad: Hodges-Lehmann and Wilcoxon's signed-rank interval.

    REGRESSION and IMPROVEMENT want the sign test on their side as well. ``harm``: see ``verdict_of``.
    """
    kept = _finite(differences)
    low, high = signed_rank.interval(kept, alpha)
    check = signed_rank.sign_p_value(kept)
    effect = math.expm1(signed_rank.centre(kept)) if kept else None
    interval = _relative((low, high))
    verdict, reason = verdict_of(effect, interval, margin, harm)
    if verdict in (REGRESSION, IMPROVEMENT) and not _signs_agree(kept, verdict, check):
        verdict, reason = UNDECIDED, "the sign test does not bear the signed-rank test out"
    return Comparison(verdict, effect, interval, margin, alpha, len(kept), check, reason)


def unpaired(
    before: Sequence[float],
    after: Sequence[float],
    margin: float,
    alpha: float,
    between: float = 0.0,
    harm: float | None = None,
) -> Comparison:
    """Compare two series of block ratios (Redis over reference), in their order, before and after a change.

    ``between`` is the standard deviation, as a share, by which two measurements of the same thing differ for no reason:
    the interval is widened by it. Values that follow their neighbours widen it too.
    """
    first = [math.log(value) for value in _finite(before) if value > 0.0]
    second = [math.log(value) for value in _finite(after) if value > 0.0]
    samples = min(len(first), len(second))
    if not samples:
        return Comparison(UNDECIDED, None, (None, None), margin, alpha, 0, None, "there is nothing to compare")
    centre, (low, high) = shift_interval(first, second, alpha)
    spread = NormalDist().inv_cdf(1.0 - alpha / 2.0) * math.log1p(between)
    if low is not None and high is not None:
        low = centre - math.hypot(centre - low, spread)
        high = centre + math.hypot(high - centre, spread)
    effect, interval = math.expm1(centre), _relative((low, high))
    verdict, reason = verdict_of(effect, interval, margin, harm)
    return Comparison(verdict, effect, interval, margin, alpha, samples, None, reason)


def shift_interval(before: Sequence[float], after: Sequence[float], alpha: float) -> tuple[float, Interval]:
    """(estimate, interval) of the shift between two series that follow their neighbours (Hodges-Lehmann)."""
    weighted = len(after) * inflation(before) + len(before) * inflation(after)
    interval = rank_sum.interval(before, after, alpha, weighted / (len(before) + len(after)))
    return rank_sum.shift(before, after), interval


def verdict_of(effect: float | None, interval: Interval, margin: float, harm: float | None = None) -> tuple[str, str]:
    """(verdict, why it is undecided) of an effect, its interval and a margin.

    EQUIVALENT: inside the margin on both sides. REGRESSION: wholly above ``harm``, which is the margin unless given.
    With ``harm`` below the margin it must also reach the margin and its estimate lie nearer to it than to nothing, so
    that an effect as large as the margin is found: against the margin itself nothing could ever prove that one.
    IMPROVEMENT: the mirror image.
    """
    low, high = interval
    if effect is None or low is None or high is None:
        return UNDECIDED, "there are too few samples for an interval"
    if -margin < low and high < margin:
        return EQUIVALENT, ""
    line = margin if harm is None else harm
    if low > line and high >= margin and effect >= margin / 2.0:
        return REGRESSION, ""
    if high < -line and low <= -margin and effect <= -margin / 2.0:
        return IMPROVEMENT, ""
    return UNDECIDED, "the interval holds both harm and none"


def _signs_agree(differences: Sequence[float], verdict: str, check: float) -> bool:
    above = sum(value > 0.0 for value in differences)
    below = sum(value < 0.0 for value in differences)
    return check <= _SIGN_ALPHA and (above > below) == (verdict == REGRESSION)


def _finite(values: Sequence[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]


def _relative(interval: Interval) -> Interval:
    low, high = interval
    return (None if low is None else math.expm1(low), None if high is None else math.expm1(high))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
