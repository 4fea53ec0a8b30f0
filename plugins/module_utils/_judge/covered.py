# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a disturbance can be all of what a figure over all round trips went past its limit by.

The comparison with the baseline is about the typical block, and knows nothing of what happens in a few of them: stalls
in a quarter of the blocks make the p99 of all round trips ten times as long, and leave both medians alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .facts import Facts
from .query import compile_query

Measurement = Mapping[str, Any]
#: Figures that the comparison is about.
_COMPARED = re.compile(r"relative\.\w+\.(p50|p90|p99)|\w+\.p50")
#: Others, and the part of all round trips that they are about: what was taken fell, at most, into that part alone.
_POOLED = {"p90": 0.1, "p99": 0.01, "jitter": 0.01, "mean": 1.0}


def excusable(outcome: Mapping[str, Any], metric: str, before: Measurement | None, here: Measurement) -> bool:
    """Whether the gate's figure may be past its limit though the server is proven to be no slower than it was."""
    text = str(outcome["query"])
    if _COMPARED.fullmatch(text):
        return True
    figure = text.rpartition(".")[2]
    if text.count(".") != 1 or figure not in _POOLED or before is None:
        return False
    excess = outcome["value"] - outcome["limit"]
    return bool(
        excess <= max(_taken(Facts(before), Facts(here), metric) / _POOLED[figure], _slower(text, before, here))
    )


def _taken(before: Facts, here: Facts, metric: str) -> float:
    """Microseconds per operation that others, the hypervisor or a quota took more than before."""
    taken = (here.kept_away(metric) or 0.0) - (before.kept_away(metric) or 0.0)
    wall = here.term(metric, "wall") or 0.0
    shares = [(here.amount(name) or 0.0) - (before.amount(name) or 0.0) for name in ("steal", "throttled")]
    return max(0.0, taken, *(share * wall for share in shares))


def _slower(text: str, before: Measurement, here: Measurement) -> float:
    """By how much the figure would have grown if it had done so like that of the reference."""
    figure = text.rpartition(".")[2]
    earlier, floors = compile_query(text, "").number(dict(before)), [_floor(side, figure) for side in (before, here)]
    if earlier is None or not floors[0] or not floors[1]:
        return 0.0
    return earlier * (floors[1] / floors[0] - 1.0)


def _floor(side: Measurement, figure: str) -> float | None:
    return compile_query(f"reference.{figure}", "").number(dict(side))
