# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gated_change decides from before and after, with the default gates, in words and figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from _table import Figure

from ansible_collections.lowlat.redis.plugins.module_utils._judge.blame import ROLL_BACK
from ansible_collections.lowlat.redis.plugins.module_utils._judge.decision import KEEP

from .gated import OPEN, Told, change
from .gated_cases import ALONE, BY_SHARE, HARMED, NULLS, Case
from .measures import Share, together
from .replay import Harm, none, scale, shift, shift_tail, tail, undisturbed
from .stream import P50, P99

# Twice what the default gates allow, tolerance included: 5 % of p50, 30 % of p99.
_P50, _P99 = 0.10, 0.60


def harms(name: str) -> dict[str, Harm]:
    """By what they do, in a class of cases.

    What others take is no part of what the server takes. So harm is added, in microseconds: a share of what there is
    would grow with the noise beside it, and could not be hidden by any.
    """
    if name in BY_SHARE:
        return {"p50 +10 %": scale(_P50), "p99 +60 %": tail(_P99)}
    return {"p50 +10 %": shift(_P50 * undisturbed(P50)), "p99 +60 %": shift_tail(_P99 * undisturbed(P99))}


def trials(cases: Sequence[Case], many: int, seed: str, harm: Harm = none) -> list[Told]:
    """Spread evenly over these cases; ``harm`` is what the change does."""
    found = []
    for number in range(many):
        before, after = cases[number % len(cases)](Random(f"gated {seed} {number}"))
        found.append(change(before, replace(after, harm=harm)))
    return found


def show(title: str, told: Mapping[str, Sequence[Told]]) -> None:
    """By class: the decisions, the time they took, and the causes that were named."""
    print(f"\n{title}\n{'':<36}{'kept':>8}{'back':>8}{'open':>8}{'s, median':>11}")
    for name, some in told.items():
        seconds = sorted(one.seconds for one in some)
        shares = (share(some, decision).value for decision in (KEEP, ROLL_BACK, OPEN))
        print(f"{name:<36}" + "".join(f"{value:>8.1%}" for value in shares) + f"{seconds[len(seconds) // 2]:>11.1f}")
        back = Counter(f"{one.cause or 'no cause'}: {one.reason[:110]}" for one in some if one.decision == ROLL_BACK)
        if back and title == NOTHING:
            print(f"  {back.most_common(1)}")


NOTHING = "gated_change, nothing changed"


def share(told: Sequence[Told], decision: str) -> Share:
    found = Share()
    for one in told:
        found.add(one.decision == decision)
    return found


def run(many: int) -> list[Figure]:
    """Nothing changed, and changes that do harm."""
    nulls = {name: trials(cases, max(2, many // 5), name) for name, cases in NULLS.items()}
    show(NOTHING, nulls)
    alone = {name: trials(cases, max(2, many // 10), name) for name, cases in ALONE.items()}
    show("gated_change, nothing changed, but Redis alone is disturbed in one of the two windows (not counted)", alone)
    harmed = {
        f"{effect}, {name}": trials(cases, max(2, many // 5), f"{effect} {name}", harm)
        for name, cases in HARMED.items()
        for effect, harm in harms(name).items()
    }
    show("gated_change, twice what the gates allow", harmed)
    back = together(share(some, ROLL_BACK) for some in nulls.values())
    kept = together(share(some, KEEP) for some in harmed.values())
    worst = max((share(some, KEEP) for some in harmed.values()), key=lambda one: one.value)
    left = together(share(some, OPEN) for some in nulls.values())
    return [
        Figure("gated_false_rollbacks", back.hits, 0, "gated_change: nothing, taken back", note=f"({back})"),
        Figure("gated_false_keeps", kept.value, 0.01, "gated_change: twice the limit, kept", note=f"({kept})"),
        Figure("gated_worst_false_keeps", worst.value, 0.01, "of the worst of its classes", note=f"({worst})"),
        Figure("gated_inconclusive", left.value, 0.15, "gated_change: nothing, left open", note=f"({left})"),
    ]
