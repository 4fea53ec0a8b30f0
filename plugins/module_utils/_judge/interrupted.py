# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which round trips of a block others ran in, told from how long they took in all.

Where others run now and then, the p99 of a block says how often they did so in that very block, and nothing of the
server. What they took is known to the microsecond, and whoever is interrupted waits longer than anybody else: so the
slowest round trips are theirs, as many as it takes to make up what they took. Neither the value that a setting has nor
what the server itself does has a part in that. Who lets others run more often beside one value than beside the other
is seen by what they took there, which is compared by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

# Being interrupted costs more than what others take: switches, an interrupt, and caches that are cold. About as much as
# so many round trips; twice and four times as many would do nearly as well.
_BESIDE = 3.0
# Beyond this share of a block it is no longer a matter of single round trips.
_MOST = 0.05


def undisturbed(ordered: Sequence[float], taken: float) -> int:
    """How many of these round trips, in rising order, nobody else ran in; ``taken`` is what others took in all."""
    count = len(ordered)
    typical = ordered[count // 2]
    usual = typical * (1.0 + _BESIDE)
    left = taken
    for place in range(count - 1, count - 1 - int(count * _MOST), -1):
        longer = ordered[place] - usual
        # One that would make up twice as much as there is to explain was slow by itself.
        if longer <= 0.0 or longer > 2.0 * left:
            return place + 1
        left -= longer
    return count - int(count * _MOST)
