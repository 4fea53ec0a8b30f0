# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts on a real server beside real noise, and on recorded streams with noise and harm put in.

The engine against the usual rules. --live 0 leaves the real server out; --streams held_out takes streams that nobody
had looked at when the engine was made.
"""

from __future__ import annotations

import sys
import time

from _table import Figure, arguments, at_least, report
from scoreboard import causes, live_table, measures, stream
from scoreboard.measures import Class, Share, together
from scoreboard.replay import NOISES, QUIET_SOURCE, tail
from scoreboard.rules import RULES

QUIET = "quiet"


def null_table(classes: dict[str, Class], pace: float) -> None:
    """By class of noise: false rollbacks of the engine and of every usual rule, and what the engine leaves open."""
    print(f"\nnothing changed: share rolled back\n{'':<18}{'engine':>8}{'open':>8}{'seconds':>9}", end="")
    print("".join(f"{name:>18}" for name in RULES))
    for name, found in classes.items():
        rounds = sorted(found.rounds)
        print(f"{name:<18}{found.rollbacks.value:>8.1%}{found.undecided.value:>8.1%}", end="")
        print(f"{rounds[len(rounds) // 2] * pace:>9.1f}", end="")
        print("".join(f"{found.rules[rule].value:>18.1%}" for rule in RULES))
    for name, found in classes.items():
        for reason, number in found.reasons.most_common(2):
            if number > found.undecided.trials // 20:
                print(f"  open, {name}: {number} x {reason}")


def detail(title: str, shares: dict[str, Share]) -> None:
    print(f"\n{title}")
    for name, share in shares.items():
        print(f"  {name:<45} {share.value:7.2%}  ({share})")


def timed(name: str, seconds: list[float]) -> str:
    middle, late = seconds[len(seconds) // 2], seconds[len(seconds) * 95 // 100]
    return f"{name}: {middle:.1f} s of sampling in the median, {late:.1f} s in 95 %"


def live_figures(live: live_table.Live) -> list[Figure]:
    """What of the live part is a figure of its own."""
    found, named = live.found, live.named
    return [
        Figure("live_false_rollbacks", live.rollbacks.hits, 0, "of these on a server", note=f"({live.rollbacks})"),
        at_least("live_effects_found", found.value, 1.0, "harm that nobody could miss, found", f"({found})"),
        at_least("live_monitors_named", named.value, 1.0, "MONITOR named by the evidence", f"({named})"),
    ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--trials", type=int, default=300, help="null trials in each class of noise (default 300)")
    parser.add_argument("--live", type=float, default=240.0, help="seconds of null toggles on a server (default 240)")
    parser.add_argument("--streams", default=stream.HERE, help="read streams from here, such as held_out")
    chosen = parser.parse_args()
    stream.use(chosen.streams)
    live = live_table.run(chosen.live) if chosen.live > 0 else None
    if live:
        live_table.show(live)
    start, many = time.monotonic(), chosen.trials
    pace = measures.seconds_a_round()
    noisy = {name: measures.null_trials(variants, many, name, pooled_every=10) for name, variants in NOISES.items()}
    quiet = measures.null_trials([QUIET_SOURCE], 2 * many, QUIET, pooled_every=10)
    null_table({QUIET: quiet, **noisy}, pace)
    p50, p50_seconds = measures.power("p50", 0.02, 2 * many)
    typical, typical_seconds = measures.power("typical_p99", 0.05, 2 * many)
    pooled, pooled_seconds = measures.power("pooled_p99", 0.10, many // 2)
    longer = measures.power_of_all(tail(0.10), 60.0, many // 2)
    for line in (
        timed("p50 +2 %", p50_seconds),
        timed("typical p99 +5 %", typical_seconds),
        timed("pooled p99 +10 %", pooled_seconds),
    ):
        print(line)
    for effect, shares in measures.rules_power(many // 2).items():
        detail(f"usual rules, quiet, {effect}: share rolled back", shares)
    keeps = {
        **measures.false_keeps("p50", 0.04, {QUIET: [QUIET_SOURCE], **NOISES}, many // 3),
    }
    tails = measures.false_keeps("typical_p99", 0.10, {QUIET: [QUIET_SOURCE], **NOISES}, many // 3)
    pooled_keeps = measures.false_keeps("pooled_p99", 0.20, {QUIET: [QUIET_SOURCE]}, many // 6)
    detail("kept at twice the margin, p50", keeps)
    detail("kept at twice the margin, typical p99", tails)
    detail("kept at twice the margin, pooled p99", pooled_keeps)
    covered = measures.coverage(many // 2)
    detail("95 % intervals that hold the effect", covered)
    table, by_case = causes.confusion(many // 3)
    print("\ncauses that were said")
    for name, said in by_case.items():
        print(f"  {name:<25} {dict(said.most_common())}")
    found_culprits, culprit_seconds = measures.culprits(many // 2)
    print(timed("\nculprits of eight", culprit_seconds))
    kept = together([*keeps.values(), *tails.values(), *pooled_keeps.values()])
    rollbacks = together([quiet.rollbacks, *(found.rollbacks for found in noisy.values())])
    if live:
        rollbacks = together([rollbacks, live.rollbacks])
    open_noisy = together(found.undecided for found in noisy.values())
    coverage = together(covered.values())
    figures = [
        at_least("aa_trials", rollbacks.trials, 3000, "toggles that change nothing"),
        Figure("false_rollbacks", rollbacks.hits, 0, "of these rolled back", note=f"({rollbacks})"),
        at_least("power_p50_2pct", p50.value, 0.99, "p50 +2 % found within 5 s", f"({p50})"),
        at_least("power_typical_p99_5pct", typical.value, 0.95, "typical p99 +5 % within 20 s", f"({typical})"),
        at_least("power_pooled_p99_10pct", pooled.value, 0.95, "pooled p99 +10 % within 60 s", f"({pooled})"),
        at_least("power_tail_10pct_any", longer.value, 0.95, "the same harm found by any figure", f"({longer})"),
        Figure("false_keep_2delta", kept.value, 0.01, "twice the margin kept, noise or not", note=f"({kept})"),
        at_least("cause_macro_f1", causes.macro_f1(table), 0.95, f"causes of {table.total()} breaches"),
        at_least("culprit_accuracy", found_culprits.value, 0.95, "culprits of 8 settings", f"({found_culprits})"),
        Figure("inconclusive_quiet", quiet.undecided.value, 0.02, "left open, quiet", note=f"({quiet.undecided})"),
        Figure("inconclusive_noisy", open_noisy.value, 0.15, "left open, noisy", note=f"({open_noisy})"),
        Figure("coverage_95", coverage.value, 0.97, "intervals hold the truth", 0.93, f"({coverage})"),
    ]
    if live:
        figures += live_figures(live)
    context = {
        "replay": f"recorded rounds of {pace * 1000:.1f} ms, resampled; {time.monotonic() - start:.0f} s",
        "rollback": "by p50 or typical p99, by pooled p99 in one trial of ten",
    }
    return report("verdict", figures, chosen.json, context)


if __name__ == "__main__":
    sys.exit(main())
