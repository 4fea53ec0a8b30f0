# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaches whose cause is known: measurements made of recorded rounds, and what the judge says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from random import Random
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._judge import series, traces
from ansible_collections.lowlat.redis.plugins.module_utils._judge.cause import (
    ARTIFACT,
    CAUSES,
    ENVIRONMENT,
    GENUINE,
    UNEXPLAINED,
    attribute,
)
from ansible_collections.lowlat.redis.plugins.module_utils._judge.comparison import unpaired
from ansible_collections.lowlat.redis.plugins.module_utils._judge.looks import HARM

from .replay import QUIET, Round, none, one_arm, resampled, tail
from .stream import P50, P90, P99, TERMS
from .trial import run

# Blocks of the first measurement (3 runs of 2,000) and of a verification with four times the samples.
_FIRST, _LARGER = 12, 48
_ALPHA = 0.0025
_PLACES = {"p50": P50, "p90": P90, "p99": P99}
_GOOD = {"pinned": True, "same_cpu": True, "steal": 0.0, "throttled": 0.0, "migrations": {"probe": 0, "server": 0}}

Rounds = Sequence[Round]


@dataclass(frozen=True)
class Case:
    """What was the matter, and the three measurements."""

    cause: str
    baseline: dict[str, Any]
    breached: dict[str, Any]
    verification: dict[str, Any]
    metric: str = "rtt"
    effects: tuple[dict[str, Any], ...] = ()


def measurement(rounds: Rounds, metric: str = "rtt", **evidence: Any) -> dict[str, Any]:
    """As the probe would have returned it."""
    blocks: dict[str, list[float]] = {}
    ledger: dict[str, Any] = {}
    for name, arm, terms in (
        (metric, [one.redis for one in rounds], [one.redis_terms for one in rounds]),
        ("reference", [one.reference for one in rounds], [one.reference_terms for one in rounds]),
    ):
        for figure, place in _PLACES.items():
            blocks[f"{name}.{figure}"] = [block[place] for block in arm]
        for term, column in zip(TERMS, zip(*terms)):
            blocks[f"{name}.{term}"] = list(column)
        ledger[name] = {term: sum(column) / len(rounds) for term, column in zip(TERMS, zip(*terms))}
    return {
        "series": series.encode(blocks),
        "ledger": {**ledger, "lacking": {}},
        "evidence": {**_GOOD, **evidence},
    }


def comparisons(case: Case) -> dict[str, dict[str, Any]]:
    """Baseline against verification, relative to the reference."""
    found = {}
    for figure, margin in traces.MARGINS.items():
        sides = []
        for one in (case.baseline, case.verification):
            blocks = series.decode(one["series"])
            floor = blocks[f"reference.{figure}"]
            sides.append([value / low for value, low in zip(blocks[f"{case.metric}.{figure}"], floor)])
        compared = unpaired(sides[0], sides[1], margin, _ALPHA, traces.BETWEEN[figure], HARM)
        found[f"{case.metric}.{figure}"] = compared.to_dict()
    return found


def take(name: str, count: int, random: Random) -> list[Round]:
    return list(islice(resampled(name, random), count))


def _passing(random: Random, breached: Rounds, **evidence: Any) -> Case:
    """The same server is as before when it is verified."""
    name = random.choice(QUIET)
    return Case(
        ARTIFACT,
        measurement(take(name, _FIRST, random)),
        measurement(breached, **evidence),
        measurement(take(name, _LARGER, random)),
    )


def _burner(random: Random) -> Case:
    return _passing(random, take(random.choice(("burner", "burner_short")), _FIRST, random))


def _burner_that_stays(random: Random) -> Case:
    name = random.choice(("burner", "burner_short"))
    verification = measurement(take(name, _LARGER, random))
    return replace(_passing(random, take(name, _FIRST, random)), verification=verification)


def _throttled(random: Random) -> Case:
    return _passing(random, take("throttled", _FIRST, random), throttled=random.uniform(0.2, 0.5))


def _unpinned(random: Random) -> Case:
    moved = {"probe": random.randrange(2, 60), "server": 0}
    return _passing(random, take("unpinned", _FIRST, random), pinned=False, migrations=moved)


def _stopped(random: Random) -> Case:
    """At least one pulse must have hit, or there had been no breach."""
    while True:
        breached = take("stopped", _FIRST, random)
        if any(one.redis_terms[3] > 0.05 * one.redis_terms[0] for one in breached):
            return _passing(random, breached)


def _host(random: Random, lasts: bool) -> Case:
    """Probe, server and reference are slower alike."""
    name, factor = random.choice(QUIET), 1.0 + random.uniform(0.05, 0.4)

    def slow(rounds: Rounds) -> list[Round]:
        return [
            Round(*(tuple(value * factor for value in part) for part in (r.redis, r.reference)), *_terms(r, factor))
            for r in rounds
        ]

    verification = take(name, _LARGER, random)
    return Case(
        ENVIRONMENT,
        measurement(take(name, _FIRST, random)),
        measurement(slow(take(name, _FIRST, random))),
        measurement(slow(verification) if lasts else verification),
    )


def _terms(one: Round, factor: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    first, second = (tuple(value * factor for value in terms) for terms in (one.redis_terms, one.reference_terms))
    return first, second


def _other_server(random: Random, before: Sequence[str], after: str, metric: str) -> Case:
    """The change made Redis itself slower, as recorded."""
    return Case(
        GENUINE,
        measurement(take(random.choice(before), _FIRST, random), metric),
        measurement(take(after, _FIRST, random), metric),
        measurement(take(after, _LARGER, random), metric),
        metric,
    )


def _toggled(random: Random) -> Case:
    """So small an effect shows in alternation only, and of a setting that can be toggled the judge is told of it."""
    found = _other_server(random, QUIET, "slowlog", "rtt")
    verdict = run(one_arm("slowlog", second=True, floor_too=True), [none], str(random.random())).verdict
    return replace(found, effects=({"kind": "redis", "key": "slowlog-log-slower-than", "verdict": verdict},))


def _more_work(random: Random) -> Case:
    """The server works longer on each operation, by 0.15 to 2 us."""
    name, more = random.choice(QUIET), random.uniform(0.15, 2.0)

    def harmed(rounds: Rounds) -> list[Round]:
        return [
            replace(
                one,
                redis=tuple(value + more for value in one.redis),
                redis_terms=tuple(
                    value + more * (term in ("wall", "server")) for term, value in zip(TERMS, one.redis_terms)
                ),
            )
            for one in rounds
        ]

    return Case(
        GENUINE,
        measurement(take(name, _FIRST, random)),
        measurement(harmed(take(name, _FIRST, random))),
        measurement(harmed(take(name, _LARGER, random))),
    )


def _chance(random: Random) -> Case:
    """Nothing was the matter; the gate was too tight for the sample."""
    return replace(_passing(random, take(random.choice(QUIET), _FIRST, random)), cause=UNEXPLAINED)


def _without_ledger(random: Random) -> Case:
    """Redis is slower, and the kernel does not say why."""
    found = replace(_more_work(random), cause=UNEXPLAINED)
    for one in (found.baseline, found.breached, found.verification):
        one["ledger"] = {"lacking": {"server": "no schedstat"}}
    return found


def _tail_without_work(random: Random) -> Case:
    """The tail of Redis is longer, and nobody's time in the ledger is."""
    name, more = random.choice(QUIET), tail(random.uniform(0.3, 0.8))

    def harmed(count: int) -> dict[str, Any]:
        return measurement([replace(one, redis=more(one.redis)) for one in take(name, count, random)])

    return Case(UNEXPLAINED, measurement(take(name, _FIRST, random)), harmed(_FIRST), harmed(_LARGER))


CASES: dict[str, Callable[[Random], Case]] = {
    "burner": _burner,
    "burner that stays": _burner_that_stays,
    "throttled": _throttled,
    "unpinned": _unpinned,
    "SIGSTOP pulses": _stopped,
    "slow host": lambda random: _host(random, lasts=False),
    "slow host that stays": lambda random: _host(random, lasts=True),
    "MONITOR": lambda random: _other_server(random, QUIET, "monitor", "rtt"),
    "slowlog of everything": _toggled,
    "appendfsync always": lambda random: _other_server(random, ("set",), "fsync", "set_rtt"),
    "more work": _more_work,
    "chance": _chance,
    "no ledger": _without_ledger,
    "tail without work": _tail_without_work,
}

Confusion = Counter[tuple[str, str]]


def judge(case: Case) -> str:
    found = attribute(case.baseline, case.breached, case.verification, comparisons(case), case.effects)
    return str(found["cause"])


def confusion(trials: int) -> tuple[Confusion, dict[str, Counter[str]]]:
    """(true cause, said cause) -> number, each true cause having equal weight; and what was said by case."""
    table: Confusion = Counter()
    by_case: dict[str, Counter[str]] = {}
    made = {name: [make(Random(f"{name} {number}")) for number in range(trials)] for name, make in CASES.items()}
    for name, cases in made.items():
        by_case[name] = Counter()
        for case in cases:
            said = judge(case)
            by_case[name][said] += 1
            table[case.cause, said] += 1
    return table, by_case


def interval(by_case: Mapping[str, Counter[str]], draws: int = 400) -> tuple[float, float]:
    """Of the macro-F1, 95 %: the same cases drawn again and again (bootstrap), each kind as often as it was tried."""
    random, truth = Random("causes"), {name: make(Random(f"{name} 0")).cause for name, make in CASES.items()}
    found = []
    for _draw in range(draws):
        table: Confusion = Counter()
        for name, said in by_case.items():
            for cause in random.choices(sorted(said), [said[one] for one in sorted(said)], k=said.total()):
                table[truth[name], cause] += 1
        found.append(macro_f1(table))
    found.sort()
    return found[draws * 25 // 1000], found[draws * 975 // 1000]


def macro_f1(table: Confusion) -> float:
    """The mean over the causes of the harmonic mean of precision and recall, each row scaled to the same size."""
    rows = {cause: sum(table[cause, said] for said in CAUSES) or 1 for cause in CAUSES}
    share = {(true, said): table[true, said] / rows[true] for true in CAUSES for said in CAUSES}
    found = []
    for cause in CAUSES:
        said = sum(share[true, cause] for true in CAUSES)
        found.append(2.0 * share[cause, cause] / (1.0 + said))
    return sum(found) / len(found)
