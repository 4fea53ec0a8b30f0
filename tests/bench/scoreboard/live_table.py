# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live part in words and figures."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from statistics import median

from ansible_collections.lowlat.redis.plugins.module_utils._judge.comparison import REGRESSION

from . import live
from .live import QUIET, Class
from .measures import Share, together


@dataclass
class Live:
    """Everything that was tried on a real server."""

    nulls: dict[str, Class]
    ladder: dict[str, Class]
    named: Share

    @property
    def rollbacks(self) -> Share:
        return together(found.rollbacks for found in self.nulls.values())

    @property
    def found(self) -> Share:
        """Effects that nobody could miss, and that were found."""
        share = Share()
        for name, one in live.effects(*live.cpus()).items():
            for told in self.ladder[name].told if one.must else ():
                share.add(told.verdict == REGRESSION)
        return share


def run(seconds: float) -> Live:
    """Null toggles for so many seconds, and one round of the rest for each two minutes of them."""
    times = max(1, math.ceil(seconds / 120.0))
    return Live(live.null_trials(seconds), live.ladder(times), live.monitors_named(times))


def show(found: Live) -> None:
    """Null toggles by class of noise, then what was said of true effects."""
    print(
        f"\nlive, nothing changed\n{'':<26}{'toggles':>8}{'rolled back':>13}{'open':>18}{'s, median':>11}{'s, most':>9}"
    )
    for name, one in found.nulls.items():
        if not one.told:
            continue
        share = f"{one.undecided.value:.0%} ({one.undecided.hits}/{one.undecided.trials})"
        print(f"{name:<26}{one.rollbacks.trials:>8}{one.rollbacks.hits:>13}{share:>18}", end="")
        print(f"{median(one.seconds):>11.1f}{max(one.seconds):>9.1f}")
    noisy = together(one.undecided for name, one in found.nulls.items() if name != QUIET)
    print(f"  rolled back: {found.rollbacks}")
    print(f"  open, quiet: {found.nulls[QUIET].undecided}")
    print(f"  open, noisy: {noisy}")
    for name, one in found.nulls.items():
        for reason, number in one.reasons.most_common(2):
            print(f"  open, {name}: {number} x {reason}")
    print("\nlive, true effects")
    for name, one in found.ladder.items():
        print(f"  {name:<26}{dict(Counter(told.verdict for told in one.told))}, {median(one.seconds):.1f} s")
        for told in one.told:
            print(f"    {told.verdict:<11}{_sizes(told)}{told.error}")
    print(f"  MONITOR client in the evidence, and none where there is none: {found.named}")


def _sizes(told: live.Told) -> str:
    parts = []
    for metric, figures in told.effects.items():
        for name in ("p50", "p99"):
            effect, (low, high) = figures[name]["effect"], figures[name]["interval"]
            if effect is not None:
                bounds = "no interval" if low is None or high is None else f"{low:+.1%} to {high:+.1%}"
                parts.append(f"{metric}.{name} {effect:+.1%} ({bounds})")
    return ", ".join(parts)
