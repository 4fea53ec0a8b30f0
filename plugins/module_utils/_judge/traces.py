# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traces that each kind of cause leaves in a measurement, held against one taken before. Sentences with numbers.

The ledger says who used the time that an operation takes longer. Time is in microseconds per operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from .between import BETWEEN
from .comparison import EQUIVALENT, Comparison, unpaired
from .facts import Facts
from .placed import FLAGS, otherwise

# What matters.
MARGINS = {"p50": 0.02, "p99": 0.05}
_ALPHA = 0.01
# Shares of wall time that are worth a word.
_FOREIGN_SHARE = 0.015
_STOLEN_SHARE = 0.005
# The server's CPU time over the probe's is as steady as the ratio of their p50s.
_WORK_SHARE = 0.015
_IDLE_SHARE = 0.02
# Caches that others left cold make the server work longer too, but not twice as long beside a probe that has the same.
_BEYOND_CACHES = 1.0
# Stalls are rare: most of what they cost lies in fewer blocks than this.
_RARE = 0.25

Found = tuple[list[str], float]


def of_others(before: Facts, here: Facts, metrics: Sequence[str]) -> Found:
    """Traces of somebody or something that kept probe or server from running, and what it cost at least."""
    placed = _placement(before, here)
    told = placed + _moved(before, here)
    # What a bad placement costs nobody counts; it explains anything.
    cost = float("inf") if placed else 0.0
    walls = [wall for wall in (here.term(metric, "wall") for metric in metrics) if wall]
    for name, sentence in (("steal", "the hypervisor took"), ("throttled", "a CPU quota took")):
        now, then = here.amount(name), before.amount(name) or 0.0
        if now is not None and now - then > _STOLEN_SHARE:
            told.append(f"{sentence} {now:.1%} of the time{_then(before, f'{then:.1%}')}")
            cost = max([cost, *((now - then) * wall for wall in walls)])
    for metric in metrics:
        wall, other = here.term(metric, "wall"), here.kept_away(metric)
        if not wall or other is None:
            continue
        then = before.kept_away(metric) or 0.0
        if other - then > _FOREIGN_SHARE * wall:
            share = then / (before.term(metric, "wall") or wall)
            told.append(f"others took {other / wall:.1%} of the time of {metric}{_then(before, f'{share:.1%}')}")
            cost = max(cost, other - then)
    return told, cost


def _then(before: Facts, amount: str) -> str:
    """What it was before, where there was a before."""
    return f", {amount} before" if before else ""


def _placement(before: Facts, here: Facts) -> list[str]:
    """Where it stood better before, it explains a difference; where it stood as badly, it does not."""
    return [how for flag, how in FLAGS.items() if here.flag(flag) is False and before.flag(flag) is not False]


def _moved(before: Facts, here: Facts) -> list[str]:
    told = []
    for who in ("probe", "server"):
        now, then = here.amount("migrations", who), before.amount("migrations", who) or 0.0
        if now is not None and now > max(1.0, 2.0 * then):
            told.append(f"the {who} moved to another CPU {now:.0f} times{_then(before, f'{then:.0f}')}")
    return told


def of_host(before: Facts, here: Facts, metrics: Sequence[str]) -> list[str]:
    """The reference slowed down by more than its margin, and Redis no more than it did."""
    told = []
    for figure, margin in MARGINS.items():
        floor = _compared(before.blocks(f"reference.{figure}"), here.blocks(f"reference.{figure}"), figure)
        low = floor.interval[0]
        if floor.effect is None or low is None or low <= 0.0 or floor.effect <= margin:
            continue
        for metric in metrics:
            relative = _compared(before.ratios(metric, figure), here.ratios(metric, figure), figure)
            if _explained(relative, floor.effect):
                told.append(
                    f"the reference's {figure} changed by {floor.effect:+.1%}, that of {metric} relative to it "
                    f"by {relative.effect:+.1%}"
                )
    return told


def _explained(relative: Comparison, floor: float) -> bool:
    """Whether what is left of the harm once the reference is taken out is nothing, or much less than that."""
    high = relative.interval[1]
    if relative.effect is None or high is None:
        return False
    return relative.verdict == EQUIVALENT or (relative.interval[0] or 0.0) <= 0.0 and high < floor / 2.0


def slowed(before: Facts, here: Facts, metrics: Sequence[str]) -> float:
    """By how much probe and server together work longer on an operation."""
    found = 0.0
    for metric in metrics:
        now = [here.term(metric, name) for name in ("probe", "server")]
        then = [before.term(metric, name) for name in ("probe", "server")]
        if None not in now and None not in then:
            found = max(found, sum(map(float, filter(None, now))) - sum(map(float, filter(None, then))))
    return found


def of_server(before: Facts, here: Facts, metrics: Sequence[str]) -> Found:
    """Traces of a server that works more or waits, beyond what the probe's own work grew by; and what it costs."""
    told: list[str] = []
    cost = 0.0
    elsewhere = otherwise(before, here)
    for metric in metrics:
        terms = [facts.term(metric, name) for facts in (before, here) for name in ("wall", "probe", "server")]
        if None in terms:
            continue
        wall, probe_then, server_then, _wall, probe, server = (float(term or 0.0) for term in terms)
        if probe <= 0.0 or probe_then <= 0.0 or server_then <= 0.0:
            continue
        change = server / probe * probe_then / server_then - 1.0
        # Beside a probe that was placed otherwise that says nothing, unless it is more by itself.
        more = server > server_then or not elsewhere
        if change > _WORK_SHARE and more and _steadily(before, here, metric):
            told.append(
                f"the server worked {server:.2f} us on each operation of {metric}, {server_then:.2f} us before "
                f"({change:+.1%} beside the probe's work)"
            )
            cost += float("inf") if change > _BEYOND_CACHES else server - server_then * probe / probe_then
        idle, idle_then = here.waited(metric), before.waited(metric)
        if idle is None or idle_then is None or _in_few(here, metric, "idle"):
            continue
        if idle - idle_then > _IDLE_SHARE * wall:
            told.append(f"the server waited {idle:.2f} us in each operation of {metric}, {idle_then:.2f} us before")
            cost += idle - idle_then
    return told, cost


def _steadily(before: Facts, here: Facts, metric: str) -> bool:
    """Whether the server works more in the typical block as well, and not only in a few that were disturbed."""
    shares = [_over(facts.blocks(f"{metric}.server"), facts.blocks(f"{metric}.probe")) for facts in (before, here)]
    if not all(shares):
        return False
    found = unpaired(shares[0], shares[1], _WORK_SHARE, _ALPHA, BETWEEN["p50"])
    return found.interval[0] is not None and found.interval[0] > 0.0


def of_stalls(before: Facts, here: Facts, metrics: Sequence[str]) -> list[str]:
    """Idle time that lies in a few blocks: something held the server up now and then, and it was not working."""
    told = []
    for metric in metrics:
        idle, wall = here.term(metric, "idle"), here.term(metric, "wall")
        if idle is None or not wall or not _in_few(here, metric, "idle"):
            continue
        if idle - (before.term(metric, "idle") or 0.0) > _FOREIGN_SHARE * wall:
            blocks = here.blocks(f"{metric}.idle")
            many = sum(value > wall * _IDLE_SHARE for value in blocks)
            told.append(f"{metric} stood still in {many} of {len(blocks)} blocks while the CPU idled")
    return told


def of_events(before: Facts, here: Facts) -> list[str]:
    """What the server or its counters tell of themselves. No proof, but a hint at what it was doing."""
    told = [f"{name} was running" for name in here.names("background") if name not in before.names("background")]
    new = [name for name in here.names("latency_events") if name not in before.names("latency_events")]
    if new:
        told.append(f"the server noted latency events: {', '.join(new)}")
    for name, sentence in (("slowlog", "the slow log has {:.0f} new entries"), ("monitors", "MONITOR clients: {:.0f}")):
        now = here.amount(name)
        if now is not None and now > (before.amount(name) or 0.0):
            told.append(sentence.format(now))
    return told


def _compared(before: Sequence[float], here: Sequence[float], figure: str) -> Comparison:
    return unpaired(before, here, MARGINS[figure], _ALPHA, BETWEEN[figure], harm=0.0)


def _in_few(facts: Facts, metric: str, term: str) -> bool:
    """Whether the typical block has next to nothing of this term, although the mean one has."""
    blocks = facts.blocks(f"{metric}.{term}")
    if not blocks:
        return False
    ordered = sorted(blocks, reverse=True)
    most = ordered[: max(1, int(len(ordered) * _RARE))]
    return sum(most) > 0.8 * sum(ordered) and median(blocks) < 0.25 * fmean(blocks)


def _over(above: Sequence[float], below: Sequence[float]) -> list[float]:
    return [value / other for value, other in zip(above, below) if value > 0.0 and other > 0.0]
