# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts on a real server beside real noise, and on recorded streams with noise and harm put in.

The engine against the usual rules. --live 0 leaves the real server out; --streams held_out takes streams that nobody
had looked at when the engine was made.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from _table import Figure, arguments, at_least, report
from scoreboard import causes, coverage, gated_table, live_table, measures, parallel, stream
from scoreboard.measures import Class, Share, timed, together
from scoreboard.replay import NOISES, QUIET_SOURCE, scale, tail
from scoreboard.rules import RULES
from scoreboard.trial import ONE, THREE

QUIET = "quiet"
EVERYWHERE = {QUIET: [QUIET_SOURCE], **NOISES}


def null_table(title: str, classes: dict[str, Class]) -> None:
    """By class of noise: false rollbacks of the engine and of every usual rule, and what the engine leaves open."""
    print(f"\n{title}: share rolled back\n{'':<18}{'engine':>8}{'open':>8}{'seconds':>9}", end="")
    print("".join(f"{name:>18}" for name in RULES))
    for name, found in classes.items():
        seconds = sorted(found.seconds)
        print(f"{name:<18}{found.rollbacks.value:>8.1%}{found.undecided.value:>8.1%}", end="")
        print(f"{seconds[len(seconds) // 2]:>9.1f}", end="")
        print("".join(f"{found.rules[rule].value:>18.1%}" for rule in RULES))
    for name, found in classes.items():
        for reason, number in found.reasons.most_common(2):
            if number > found.undecided.trials // 20:
                print(f"  open, {name}: {number} x {reason}")


def detail(title: str, shares: dict[str, Share]) -> None:
    print(f"\n{title}", flush=True)
    for name, share in shares.items():
        print(f"  {name:<45} {share.value:7.2%}  ({share})")


def null_parts(many: int) -> dict[str, Callable[[], Any]]:
    """Toggles that change nothing, by class of noise.

    With PING alone, as everything else here; and some with the commands of the module's default.
    """
    alone = {
        f"null {name}": partial(measures.null_trials, variants, many * (1 + (name == QUIET)), name)
        for name, variants in EVERYWHERE.items()
    }
    three = {
        f"three {name}": partial(measures.null_trials, variants, max(1, many // 10), f"three {name}", THREE)
        for name, variants in EVERYWHERE.items()
    }
    return {**alone, **three}


def nulls(found: dict[str, Any]) -> tuple[Share, Class, Share]:
    """False rollbacks, the quiet class, and what is left open in the others."""
    alone, three = ({name: found[f"{which} {name}"] for name in EVERYWHERE} for which in ("null", "three"))
    null_table("nothing changed", alone)
    null_table("nothing changed, three commands", three)
    rollbacks = together(one.rollbacks for one in (*alone.values(), *three.values()))
    return rollbacks, alone[QUIET], together(alone[name].undecided for name in NOISES)


def powers(many: int) -> list[Figure]:
    """What is found of true effects, and in what time."""
    p50, p50_seconds = measures.power(scale(0.02), 5.0, 2 * many, "p50")
    typical, typical_seconds = measures.power(tail(0.05), 20.0, 2 * many, "typical p99")
    pooled, pooled_seconds = measures.power(tail(0.10), 60.0, many, "pooled p99")
    waits, _seconds = measures.power(measures.waits(0.10), 60.0, many // 2, "waits")
    noisy = measures.noisy_power(tail(0.10), 240.0, NOISES, max(4, many // 10))
    print()
    print(timed("p50 +2 %", p50_seconds))
    print(timed("typical p99 +5 %", typical_seconds))
    print(timed("pooled p99 +10 %, a longer tail", pooled_seconds))
    detail("pooled p99 +10 %, a longer tail, found within 240 s", {name: pair[0] for name, pair in noisy.items()})
    late, wrong = (together(pair[place] for pair in noisy.values()) for place in (0, 1))
    return [
        at_least("power_p50_2pct", p50.value, 0.99, "p50 +2 % found within 5 s", f"({p50})"),
        at_least("power_typical_p99_5pct", typical.value, 0.95, "typical p99 +5 % within 20 s", f"({typical})"),
        at_least("power_pooled_p99_10pct", pooled.value, 0.95, "pooled p99 +10 %, longer tail, 60 s", f"({pooled})"),
        at_least("power_pooled_p99_10pct_waits", waits.value, 0.95, "the same, few that wait", f"({waits})"),
        at_least("power_pooled_p99_10pct_noisy", late.value, 0.95, "longer tail, noisy, 240 s", f"({late})"),
        Figure("wrong_pooled_p99_10pct_noisy", wrong.hits, 0, "of these called none or a gain", note=f"({wrong})"),
    ]


def keeps(many: int) -> Figure:
    """What is kept of effects of twice the margin."""
    medians = measures.false_keeps(scale(0.04), EVERYWHERE, max(2, many // 3), "p50")
    tails = measures.false_keeps(tail(0.10), EVERYWHERE, max(2, many // 3), "typical p99")
    detail("kept at twice the margin, p50", medians)
    detail("kept at twice the margin, typical p99", tails)
    few = measures.false_keeps(measures.waits(0.20), {QUIET: [QUIET_SOURCE]}, many // 6, "waits")
    detail("kept, where few round trips wait so that the pooled p99, which is not judged, is longer by 20 %", few)
    kept = together([*medians.values(), *tails.values()])
    return Figure("false_keep_2delta", kept.value, 0.01, "twice the margin kept, noise or not", note=f"({kept})")


def covered(many: int) -> list[Figure]:
    """How often nominal 95 % intervals hold the truth."""
    compared, gates = coverage.comparisons(max(10, many // 3)), coverage.gates(many)
    detail("95 % intervals that hold the effect", compared)
    detail("95 % intervals that hold the p99 of the stream", gates)
    few = max(10, many // 5)
    rest = [(figure, size, THREE) for figure in ("p50", "p99", "p999") for size in (12, 48, 192)]
    rest = [*rest, *(("p99", size, ONE) for size in (12, 48, 192))]
    others = {one: coverage.gates(few, *one) for one in rest if one != ("p99", 48, THREE)}
    by_name = {name: share for shares in others.values() for name, share in shares.items()}
    detail("the same of other figures, sizes and PING alone", by_name)
    both, small = (together(compared.values()), together(gates.values())), together(others["p99", 12, THREE].values())
    return [
        Figure("coverage_95", both[0].value, 0.97, "intervals of comparisons hold the truth", 0.93, f"({both[0]})"),
        Figure("coverage_95_p99", both[1].value, 0.97, "intervals of a measured p99 do", 0.93, f"({both[1]})"),
        Figure("coverage_95_p99_12", small.value, 0.97, "the same of 12 blocks of each command", 0.93, f"({small})"),
    ]


def live_figures(live: live_table.Live) -> list[Figure]:
    """What of the live part is a figure of its own."""
    found, named = live.found, live.named
    return [
        Figure("live_false_rollbacks", live.rollbacks.hits, 0, "of these on a server", note=f"({live.rollbacks})"),
        at_least("live_effects_found", found.value, 1.0, "harm that nobody could miss, found", f"({found})"),
        at_least("live_monitors_named", named.value, 1.0, "MONITOR named by the evidence", f"({named})"),
    ]


def caused(many: int) -> Figure:
    """What is said to be the cause of breaches whose cause is known."""
    table, by_case = causes.confusion(max(10, many // 3))
    print("\ncauses that were said")
    for name, said in by_case.items():
        print(f"  {name:<25} {dict(said.most_common())}")
    low, high = causes.interval(by_case)
    return at_least("cause_macro_f1", causes.macro_f1(table), 0.95, "causes of breaches", f"({low:.3f} to {high:.3f})")


def accused(many: int) -> Figure:
    """Who is accused of eight."""
    share, seconds = measures.culprits(many // 2)
    print(timed("\nculprits of eight", seconds))
    return at_least("culprit_accuracy", share.value, 0.95, "culprits of 8 settings in 90 s", f"({share})")


def usual(many: int) -> None:
    """What the usual rules find."""
    for effect, shares in measures.rules_power(many // 2).items():
        detail(f"usual rules, quiet, {effect}: share rolled back", shares)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--trials", type=int, default=300, help="null trials in each class of noise (default 300)")
    parser.add_argument("--live", type=float, default=240.0, help="seconds of null toggles on a server (default 240)")
    parser.add_argument("--streams", default=stream.HERE, help="read streams from here, such as held_out")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes that replay")
    chosen = parser.parse_args()
    stream.use(chosen.streams)
    live = live_table.run(chosen.live) if chosen.live > 0 else None
    if live:
        live_table.show(live)
    start, many = time.monotonic(), chosen.trials
    parts = {
        "powers": partial(powers, many),
        "usual": partial(usual, many),
        "keeps": partial(keeps, many),
        "covered": partial(covered, many),
        "caused": partial(caused, many),
        "accused": partial(accused, many),
        "gated": partial(gated_table.run, many),
    }
    found = parallel.run({**null_parts(many), **parts}, chosen.jobs)
    rollbacks, quiet, open_noisy = nulls(found)
    if live:
        rollbacks = together([rollbacks, live.rollbacks])
    figures = [
        at_least("aa_trials", rollbacks.trials, 3000, "toggles that change nothing"),
        Figure("false_rollbacks", rollbacks.hits, 0, "of these rolled back", note=f"({rollbacks})"),
        *found["powers"],
        found["keeps"],
        found["caused"],
        found["accused"],
        Figure("inconclusive_quiet", quiet.undecided.value, 0.02, "left open, quiet", note=f"({quiet.undecided})"),
        Figure("inconclusive_noisy", open_noisy.value, 0.15, "left open, noisy", note=f"({open_noisy})"),
        *found["covered"],
        *found["gated"],
    ]
    if live:
        figures += live_figures(live)
    context = {
        "replay": f"recorded rounds, resampled, through the engine of setting_effect; {time.monotonic() - start:.0f} s",
    }
    return report("verdict", figures, chosen.json, context)


if __name__ == "__main__":
    sys.exit(main())
