# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be done where it cannot be told what settings do. Pure; plain sentences, each for a reason that was seen."""

from __future__ import annotations

import math
from collections.abc import Iterator

from .._judge.comparison import UNDECIDED
from .._judge.looks import Decision
from .quads import Comparison
from .sequential import Looks, divided

#: The most that the module takes.
_MOST_SECONDS = 3600.0
#: What is foretold is told with some to spare.
_SPARE = 1.5
#: Where suspects are left.
NOT_BORNE_OUT = "Run it again: the later window did not bear out what the first one found, so that may have been noise"
SEARCH_ENDED = "Toggle the suspects alone, or give it more time (seconds): the search for what is at fault was not over"


def advice(compared: Comparison, looks: Looks, seconds: float) -> list[str]:
    """For a comparison that is undecided; empty for one that is not. ``seconds`` is the time that was asked for."""
    if compared.verdict != UNDECIDED:
        return []
    undecided = [found for found in compared.decisions.values() if found.verdict == UNDECIDED]
    caps = sorted({cap for found in undecided for cap in found.caps})
    found = [f"Run it again when nothing else works on this host: {'; '.join(caps)}"] if caps else []
    open_ = [decision for decision in undecided if not decision.caps]
    if open_:
        number = sum(not quad.null for quad in compared.quads)
        least, last = divided(looks, len(compared.decisions))[0][0], looks[-1][0]
        found.extend(_sharper(max(open_, key=_strain), number, least, last, seconds))
        if len({figure.partition(".")[0] for figure in compared.decisions}) > 1:
            found.append("Measure fewer commands (commands: [ping]): all of them share the time and the risk of error")
    return found


def _sharper(worst: Decision, number: int, least: int, last: int, seconds: float) -> Iterator[str]:
    """How the figure that is known worst could be decided, after ``number`` quads that toggled."""
    half = _half_width(worst)
    if half is None:
        more = f"give it about {_rounded_up(_SPARE * seconds * least / max(number, 1)):g} s (seconds)"
        yield f"{worst.figure} had {number} of the {least} quads that its first look wants: {more}"
        return
    margin = worst.comparison.margin
    # An interval shrinks as the root of the time that it had.
    times = (half / _room(worst)) ** 2
    carried = f"{number} quads carry {worst.figure} to +-{half:.1%}, and its margin is {margin:.1%}"
    if number < last and number * times <= last and _SPARE * seconds * times <= _MOST_SECONDS:
        yield f"{carried}: give it about {_rounded_up(_SPARE * seconds * max(times, 1.0)):g} s (seconds)"
        return
    attained = half * math.sqrt(number / max(number, min(last, number * _MOST_SECONDS / seconds)))
    wide = _rounded_up(attained / half * max(abs(end or 0.0) for end in worst.comparison.interval))
    yield (
        f"{carried}; as it is here more time carries {worst.figure} no farther than to about +-{attained:.1%}: use a "
        f"quieter host or time, or margin_{worst.figure.rpartition('.')[2]} of at least {max(wide, margin):g}, "
        "if that is good enough"
    )


def _half_width(decision: Decision) -> float | None:
    low, high = decision.comparison.interval
    return None if low is None or high is None else (high - low) / 2.0


def _room(decision: Decision) -> float:
    """How narrow the interval must be about this estimate to be all of one verdict."""
    effect, margin = abs(decision.comparison.effect or 0.0), decision.comparison.margin
    return max(margin - effect, effect if effect >= margin / 2.0 else 0.0)


def _strain(decision: Decision) -> float:
    half = _half_width(decision)
    return math.inf if half is None else half / _room(decision)


def _rounded_up(value: float) -> float:
    """To two digits."""
    digits = 1 - math.floor(math.log10(value)) if value > 0 else 0
    return math.ceil(round(value * 10.0**digits, 6)) / 10.0**digits
