# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""By how much neighbours that resemble each other make a series worth less than its length."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .ranks import average_ranks

_FEWEST = 8


def inflation(series: Sequence[float]) -> float:
    """The factor, at least 1, on the variance of a mean rank: 1 + 2 * (the autocorrelations that stand out).

    Ranks are used because single stalls would hide everything else. Lags are added up until one no longer stands out
    from what independent values would show.
    """
    count = len(series)
    if count < _FEWEST:
        return 1.0
    ranks, _ties = average_ranks(series)
    mean = (count + 1) / 2.0
    centred = [rank - mean for rank in ranks]
    power = sum(value * value for value in centred)
    if not power:
        return 1.0
    total = 1.0
    for lag in range(1, count // 4 + 1):
        similar = sum(one * other for one, other in zip(centred, centred[lag:])) / power
        if similar <= 1.0 / math.sqrt(count):
            break
        total += 2.0 * similar
    return total
