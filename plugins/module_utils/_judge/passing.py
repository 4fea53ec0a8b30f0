# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server did beside its work in the second window only.

Somebody's MONITOR makes each command cost half as much again, and a save or rewrite makes writes copy their pages: that
is work of the server, and need not be the change's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .facts import Facts
from .outcome import FAIL, INCONCLUSIVE
from .schema import METRICS

Measurement = Mapping[str, Any]
#: Neither makes anything that is typical take longer than this many times what the gate allows.
_MOST = 2.0
_BACKGROUND = {"bgsave": "a BGSAVE", "aof_rewrite": "a rewrite of the AOF"}


def events(baseline: Measurement | None, measurement: Measurement) -> list[str]:
    """In words; none without a baseline that had none of them."""
    before, here = Facts(baseline), Facts(measurement)
    if not before:
        return []
    earlier = before.names("background")
    found = [told for name, told in _BACKGROUND.items() if name in here.names("background") and name not in earlier]
    now, then = here.amount("monitors"), before.amount("monitors")
    if now is not None and then is not None and now > then:
        found.append(f"{now:.0f} MONITOR client{'s' if now > 1 else ''} ({then:.0f} before)")
    return found


def beside(outcome: Mapping[str, Any], found: Sequence[str]) -> Mapping[str, Any]:
    """A gate on how long things take that failed beside them is open: nobody can tell whose doing it is."""
    if outcome["outcome"] != FAIL or not found or not set(METRICS).intersection(re.findall(r"\w+", outcome["query"])):
        return outcome
    if outcome["value"] is None or outcome["limit"] is None or outcome["value"] > _MOST * outcome["limit"]:
        return outcome
    told = f"{outcome['reason']}; the server had {', '.join(found)} beside it, which may be all of that, or not"
    return {**outcome, "outcome": INCONCLUSIVE, "reason": told}
