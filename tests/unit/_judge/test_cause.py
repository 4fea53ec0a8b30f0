# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes: each leaves its traces in ledger, reference and evidence; without traces nothing is claimed."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge import series
from ansible_collections.lowlat.redis.plugins.module_utils._judge.cause import attribute

TERMS = ("wall", "probe", "server", "idle", "foreign")
WORSE = {"rtt.p50": {"verdict": "regression", "effect": 0.08, "interval": [0.06, 0.1]}}
SAME = {"rtt.p50": {"verdict": "equivalent", "effect": 0.001, "interval": [-0.002, 0.004]}}


def measurement(
    seed: int = 1,
    host: float = 1.0,
    server: float = 0.0,
    idle: float = 0.0,
    foreign: float = 0.0,
    stalls: float = 0.0,
    **evidence: Any,
) -> dict[str, Any]:
    """As the probe returns it: a host slower by ``host``, a server that works ``server`` us longer, and so on.

    ``foreign`` is taken in a tenth of the blocks, ``stalls`` idles in a twentieth.
    """
    random = Random(seed)
    blocks: dict[str, list[float]] = {}
    for metric, own in (("rtt", 3.5 + server), ("reference", 3.3)):
        for number in range(60):
            jitter = host * random.gauss(1.0, 0.004)
            taken = 10 * foreign if number % 10 == 3 else 0.0
            still = 20 * stalls * (metric == "rtt") if number % 20 == 5 else 0.0
            waits = idle * (metric == "rtt")
            terms = [3.4 * jitter, own * jitter, waits + still, taken]
            for name, value in zip(TERMS, [sum(terms), *terms]):
                blocks.setdefault(f"{metric}.{name}", []).append(value)
            for figure, factor in (("p50", 1.0), ("p90", 1.05), ("p99", 1.15)):
                value = (terms[0] + terms[1] + waits) * factor
                blocks.setdefault(f"{metric}.{figure}", []).append(value * random.gauss(1.0, 0.003))
    ledger: dict[str, Any] = {
        metric: {name: sum(blocks[f"{metric}.{name}"]) / 60 for name in TERMS} for metric in ("rtt", "reference")
    }
    return {
        "rtt": {"p50": 6.9, "p99": 8.0},
        "ledger": {**ledger, "lacking": {}},
        "series": series.encode(blocks),
        "evidence": {"pinned": True, "same_cpu": True, "steal": 0.0, "throttled": 0.0, **evidence},
    }


QUIET = measurement()


@pytest.mark.parametrize(
    ("breached", "cause", "words"),
    [
        (measurement(2, foreign=1.0), "artifact", "others took 1"),
        (measurement(2, steal=0.04), "artifact", "hypervisor took 4.0%"),
        (measurement(2, throttled=0.2), "artifact", "quota took 20.0%"),
        (measurement(2, pinned=False), "artifact", "free to move"),
        (measurement(2, same_cpu=False), "artifact", "different CPUs"),
        (measurement(2, migrations={"probe": 0, "server": 7}), "artifact", "server moved to another CPU 7 times"),
        (measurement(2, stalls=0.4), "artifact", "stood still in 3 of 60 blocks"),
        (measurement(2, host=1.1), "environment", "reference's p50 changed by +9"),
        (measurement(2, server=0.4, background=["rdb save"]), "genuine", "rdb save was running"),
        (measurement(2, server=0.4), "unexplained", "server worked"),
        (measurement(2), "unexplained", "nothing in the first measurement"),
    ],
)
def test_a_breach_that_is_gone(breached: dict[str, Any], cause: str, words: str) -> None:
    found = attribute(QUIET, breached, measurement(3), SAME)
    assert found["cause"] == cause
    assert any(words in sentence for sentence in found["evidence"]), found["evidence"]


@pytest.mark.parametrize(
    ("verification", "cause", "words"),
    [
        (measurement(3, server=0.5), "genuine", "server worked 4.0"),
        (measurement(3, server=0.5, monitors=1), "genuine", "MONITOR clients: 1"),
        (measurement(3, idle=20.0), "genuine", "waited 20"),
        (measurement(3, foreign=2.0), "artifact", "others took"),
        (measurement(3, foreign=2.0, server=0.2), "artifact", "others took"),
        (measurement(3, foreign=20.0, server=8.0), "genuine", "server worked 11."),
        (measurement(3), "unexplained", "does not say why"),
    ],
)
def test_a_harm_that_lasts(verification: dict[str, Any], cause: str, words: str) -> None:
    found = attribute(QUIET, measurement(2), verification, WORSE)
    assert found["cause"] == cause
    assert "rtt.p50 relative to the reference changed by +8.0%" in found["evidence"][0]
    assert any(words in sentence for sentence in found["evidence"]), found["evidence"]


@pytest.mark.parametrize(("foreign", "cause"), [(0.4, "artifact"), (0.12, "environment")])
def test_others_explain_the_cold_caches_that_they_leave_and_no_more(foreign: float, cause: str) -> None:
    assert attribute(QUIET, measurement(2, host=1.1, foreign=foreign), measurement(3), SAME)["cause"] == cause


def test_more_work_that_both_measurements_show_is_the_servers_own() -> None:
    found = attribute(QUIET, measurement(2, server=0.1), measurement(3, server=0.1), SAME)
    assert found["cause"] == "genuine"
    assert attribute(QUIET, measurement(2, server=0.1), measurement(3), SAME)["cause"] == "unexplained"


def test_a_few_moves_do_not_excuse_a_server_that_works_more() -> None:
    verification = measurement(3, server=0.5, migrations={"probe": 3, "server": 2})
    assert attribute(QUIET, measurement(2), verification, WORSE)["cause"] == "genuine"


def test_a_toggle_is_proof() -> None:
    effect = {"kind": "redis", "key": "hz", "verdict": "regression", "effect": 0.043}
    found = attribute(None, {}, None, None, [effect, {"key": "other", "verdict": "equivalent"}])
    assert found == {"cause": "genuine", "evidence": ["toggling redis hz slows the server down by +4.3%, and back"]}


def test_the_host_is_not_blamed_when_the_server_slowed_down_more() -> None:
    found = attribute(QUIET, measurement(2, host=1.1, server=0.8), measurement(3), SAME)
    assert found["cause"] != "environment"


def test_a_trace_that_was_there_before_explains_nothing() -> None:
    before = measurement(1, pinned=False, steal=0.04, foreign=1.0)
    after = measurement(2, pinned=False, steal=0.04, foreign=1.0)
    assert attribute(before, after, before, SAME)["cause"] == "unexplained"


def test_without_a_baseline_the_verification_is_what_it_is_held_against() -> None:
    assert attribute(None, measurement(2, host=1.1), measurement(3), {})["cause"] == "environment"
    assert attribute(None, measurement(2, pinned=False), measurement(3), {})["cause"] == "artifact"
    # Alone, it can only say what is wrong in itself.
    assert attribute(None, measurement(2, host=1.1))["cause"] == "unexplained"
    alone = attribute(None, measurement(2, foreign=1.0, steal=0.04))
    assert alone["cause"] == "artifact"
    assert not [sentence for sentence in alone["evidence"] if "before" in sentence]


def without(whole: dict[str, Any], *path: str) -> dict[str, Any]:
    found = copy.deepcopy(whole)
    part = found
    for name in path[:-1]:
        part = part[name]
    del part[path[-1]]
    return found


@pytest.mark.parametrize(
    ("whole", "comparisons", "path"),
    [
        (measurement(2, foreign=1.0), SAME, ("ledger", "rtt", "foreign")),
        (measurement(2, foreign=1.0), SAME, ("ledger",)),
        (measurement(2, host=1.1), SAME, ("series",)),
        (measurement(2, steal=0.04), SAME, ("evidence",)),
        (measurement(2, stalls=0.4), SAME, ("ledger", "rtt", "idle")),
        (measurement(2, server=0.5), WORSE, ("ledger", "rtt", "probe")),
        (measurement(2, server=0.5), WORSE, ("ledger", "rtt", "server")),
        (measurement(2, server=0.5), WORSE, ("series",)),
        (measurement(2, idle=9.0), WORSE, ("ledger", "rtt", "idle")),
    ],
)
def test_what_is_missing_makes_it_claim_less(
    whole: dict[str, Any], comparisons: dict[str, Any], path: tuple[str, ...]
) -> None:
    def cause(one: dict[str, Any]) -> str:
        return str(attribute(QUIET, one, one, comparisons)["cause"])

    assert cause(whole) != "unexplained"
    assert cause(without(whole, *path)) == "unexplained"


@pytest.mark.parametrize(
    "garbled",
    [
        {},
        {"ledger": None, "evidence": [], "series": 5},
        {"ledger": {"rtt": None}, "series": "ls1:broken"},
        {"ledger": {"rtt": {"wall": None, "foreign": "much"}}, "evidence": {"steal": float("nan"), "pinned": None}},
        {"evidence": {"background": "rdb", "migrations": 3, "steal": True}},
    ],
)
def test_garbled_measurements_explain_nothing(garbled: dict[str, Any]) -> None:
    for comparisons in (SAME, WORSE, {"rtt.p50": None}, {}):
        for baseline in (QUIET, garbled, None):
            assert attribute(baseline, garbled, garbled, comparisons)["cause"] == "unexplained"  # type: ignore[arg-type]


def test_the_same_input_gives_the_same_bytes() -> None:
    texts = {
        json.dumps(attribute(QUIET, measurement(2, host=1.1, foreign=0.4), measurement(3), SAME)) for _time in range(3)
    }
    assert len(texts) == 1
