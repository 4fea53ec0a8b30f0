# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where probe and server were placed otherwise on the CPUs before than after.

How many times as long as the reference Redis takes holds for one placement. Another adds to the round trips of both,
such as a wake-up on each CPU, and what is added to both draws the ratio towards 1: taken away again, Redis looks slower
than it was, and put in, it hides a harm. By how many microseconds Redis takes longer is not moved by what is added to
both, but by a host that is slower as a whole; and a wake-up costs the one a little more than the other. So across
placements that alone is proven which both readings say, and by more than what their wake-ups may differ by.
"""

from __future__ import annotations

import math
from statistics import NormalDist, median

from .comparison import Interval, shift_interval
from .facts import Facts

#: What the evidence says of a placement that adds nothing, and in what words if it does not.
FLAGS = {
    "pinned": "probe or server was free to move between CPUs",
    "same_cpu": "probe and server sat on different CPUs, so that every round trip woke one up",
}
# Of what a placement adds to the reference's round trips, it may add so much more or less to those of Redis.
_UNLIKE = 0.1


def lost(one: Facts, other: Facts) -> list[str]:
    """What was added to the round trips of the first alone, in words; what the evidence does not say is not told."""
    return [how for flag, how in FLAGS.items() if one.flag(flag) is False and other.flag(flag) is True]


def otherwise(before: Facts, here: Facts) -> list[str]:
    """In what they were placed otherwise, in words."""
    return [f"before, {how}" for how in lost(before, here)] + [f"here, {how}" for how in lost(here, before)]


def longer(before: Facts, here: Facts, metric: str, figure: str, alpha: float, apart: float) -> Interval:
    """The change of what Redis takes longer than the reference, as a share of its round trip where that is shorter.

    ``apart``: as in ``between``.
    """
    sides = [_difference(side, metric, figure) for side in (before, here)]
    floors = [median(side.blocks(f"reference.{figure}")) for side in (before, here)]
    unit = min(floors) + max(0.0, median(sides[0]))
    centre, (low, high) = shift_interval(sides[0], sides[1], alpha)
    if low is None or high is None or unit <= 0.0:
        return None, None
    noise, more = NormalDist().inv_cdf(1.0 - alpha / 2.0) * apart * unit, _UNLIKE * abs(floors[1] - floors[0])
    least, most = centre - math.hypot(centre - low, noise) - more, centre + math.hypot(high - centre, noise) + more
    return least / unit, most / unit


def _difference(side: Facts, metric: str, figure: str) -> list[float]:
    return [ours - floor for ours, floor in zip(side.blocks(f"{metric}.{figure}"), side.blocks(f"reference.{figure}"))]
