# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redis relative to its reference, before against after: what the ratios say, as far as nothing else could say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from . import placed
from .comparison import Comparison, unpaired, verdict_of
from .facts import UNEVEN, Facts
from .quads import TAIL
from .statistics import interval_ranks

Measurement = Mapping[str, Any]
# Others who took more of a side than this had a part in its tail.
_SAME_SHARE = 0.01


def compare(
    before: Measurement, here: Measurement, metric: str, figure: str, margin: float, alpha: float, apart: float
) -> Comparison:
    """Of the ratios, block by block; ``apart`` as in ``between``.

    The interval reaches as far as another reading of the same blocks does: in microseconds where the placement is
    another, and of the tail without the blocks that others disturbed. What they take falls into the slowest round trips
    first, and a hundredth of the time is all of a p99: how often that hits Redis and how often the reference is theirs,
    so it proves no harm where they did not take about as much before as after; and being added to both it draws the
    ratio towards 1, so it proves no harmlessness at all. A reading that bounds nothing leaves no bound.
    """
    then, now = Facts(before), Facts(here)
    found = unpaired(then.ratios(metric, figure), now.ratios(metric, figure), margin, alpha, apart)
    if found.effect is None:
        return found
    low, high = found.interval
    better, worse = placed.lost(then, now), placed.lost(now, then)
    if better or worse:
        least, most = placed.longer(then, now, metric, figure, alpha, apart)
        low = _further(min, low, least) if better else low
        high = _further(max, high, most) if worse else high
    less, more = sorted((then.disturbed(metric), now.disturbed(metric)))
    if figure == TAIL and more > _SAME_SHARE:
        clean = unpaired(then.clean_ratios(metric, figure), now.clean_ratios(metric, figure), margin, alpha, apart)
        low = _further(min, low, clean.interval[0]) if more > UNEVEN * less else low
        high = _further(max, high, clean.interval[1])
    verdict, reason = verdict_of(found.effect, (low, high), margin)
    return replace(found, verdict=verdict, interval=(low, high), reason=reason)


def at_most(here: Measurement, metric: str, figure: str, high: float | None) -> float | None:
    """The upper end of the 95 % interval of one measurement's ratio: beside others, of the undisturbed blocks' too."""
    facts = Facts(here)
    if figure != TAIL or facts.disturbed(metric) <= _SAME_SHARE:
        return high
    ordered = sorted(facts.clean_ratios(metric, figure))
    rank = interval_ranks(len(ordered), 0.5)[1] if ordered else None
    return None if rank is None else _further(max, high, ordered[rank - 1])


def hidden(before: Measurement | None, here: Measurement, metric: str, figure: str) -> str:
    """What others took of a tail, or may have taken, in words; empty where that is next to nothing."""
    told = []
    for side, when in ((Facts(before), "before"), (Facts(here), "here")):
        share, clean = side.disturbed(metric), len(side.clean_ratios(metric, figure))
        if figure == TAIL and share > _SAME_SHARE:
            blocks = len(side.ratios(metric, figure))
            untold = side.untold(metric)
            taken = f"may have taken up to {share:.1%}" if untold else f"took {share:.1%}"
            why = f" (the kernel does not tell: {untold})" if untold else ""
            told.append(f"others {taken} of the time {when}{why} and left {clean} of {blocks} blocks alone")
    return f"{', '.join(told)}, which hides what Redis takes" if told else ""


def _further(which: Any, one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else float(which(one, other))
