# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates, their queries, baselines, block series and plans of a measurement as nobody should write them."""

from __future__ import annotations

import base64
import copy
import json
import zlib
from collections.abc import Mapping
from random import Random
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._judge import gates, series, verdict
from ansible_collections.lowlat.redis.plugins.module_utils._judge.schema import METRICS, SCHEMA_EXAMPLE
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan

from . import hostile

_TOKENS = (
    *METRICS,
    *(
        "reference",
        "relative",
        "by_run",
        "p50",
        "p99",
        "jitter",
        "count",
        "ledger",
        "evidence",
        "p99_interval",
        "p9",
        "rt",
    ),
    *(
        ".",
        ".",
        ".",
        "[]",
        "[0]",
        "[-1]",
        "[*]",
        "[::2]",
        "[99999999999]",
        "*",
        "|",
        "||",
        "&&",
        "!",
        "@",
        "(",
        ")",
        "{",
        "}",
        ",",
    ),
    *(
        "max(",
        "min(",
        "sum(",
        "avg(",
        "length(",
        "to_number(",
        "sort_by(",
        "nothing(",
        "&",
        "`1`",
        "`nan`",
        "'a'",
        '"',
        "==",
        "<",
    ),
)
_QUERIES = ("rtt.p99", "set.jitter", "max(by_run[].rtt.p99)", "relative.rtt.p50", "reference.p50", "ledger.rtt.idle")
_NAMES = ("name", "query", "max", "tolerance", "severity", "against", "abort")


def gate(random: Random) -> Any:
    """One gate, some of whose parts are wrong."""
    if random.random() < 0.05:
        return hostile.anything(random)
    made: dict[Any, Any] = {
        "name": random.choice(("a", "b", "rtt_p99")),
        "query": random.choice(_QUERIES) if random.random() < 0.5 else query(random),
        "max": random.choice((12, 12.0, "12.0", 0, 1.5)),
        "severity": random.choice(("hard", "soft")),
        "against": random.choice(("absolute", "baseline")),
    }
    while random.random() < 0.4:
        made[random.choice(_NAMES)] = hostile.anything(random)
    if random.random() < 0.1:
        made.pop(random.choice(list(made)))
    return made


def query(random: Random) -> str:
    return "".join(random.choice(_TOKENS) for _token in range(random.randint(1, 8)))


def garbled(random: Random, measurement: Mapping[str, Any]) -> Any:
    """A measurement with some of its parts replaced, as of a baseline that somebody edited."""
    made = copy.deepcopy(dict(measurement))
    for _part in range(random.randint(0, 4)):
        here: Any = made
        while isinstance(here, (dict, list)) and here:
            at = random.choice(list(here)) if isinstance(here, dict) else random.randrange(len(here))
            if random.random() < 0.4 or not isinstance(here[at], (dict, list)) or not here[at]:
                here[at] = hostile.anything(random)
                break
            here = here[at]
    return made


def judged(random: Random) -> str:
    """Gates parsed, and if they are any, judged on a measurement against a garbled baseline."""
    raw = [gate(random) for _each in range(random.choice((1, 1, 2)))]
    found = hostile.answer(lambda: gates.parse(raw))
    if found.crash or found.refused:
        return f"{found.crash} of {raw!r:.300}" if found.crash else ""
    baseline = garbled(random, SCHEMA_EXAMPLE)
    judged = hostile.answer(lambda: gates.judge(found.result, SCHEMA_EXAMPLE, baseline))
    explained = hostile.answer(lambda: verdict.explain(baseline, SCHEMA_EXAMPLE))
    for answer in (judged, explained):
        crash = answer.crash or hostile.shown(answer.result)
        if crash:
            return f"{crash} of {raw!r:.200} and {baseline!r:.300}"
    return ""


def planned(random: Random) -> str:
    """The figures of a measurement, of the types that a module lets through."""
    numbers = (0, 1, -1, 2000, 10**9, 2**63, 10**30)
    real = (0.0, 0.5, 1.0, -1.0, 1e308, 5e-324, float("nan"), float("inf"))
    params = {
        "samples": random.choice(numbers),
        "runs": random.choice(numbers),
        "duty": random.choice(real),
        "rate": random.choice(real),
        "commands": [hostile.text(random) for _each in range(random.randrange(3))] or ["rtt"],
        "cpu": hostile.text(random),
    }
    found = hostile.answer(lambda: sum(1 for _block, _size in zip(range(9), Plan(**params).blocks())))
    return f"{found.crash} of {params!r:.300}" if found.crash else ""


def decoded(random: Random) -> str:
    """A block series: garbled text, and content that is none; what is one comes back as it was."""
    honest = {"rtt.p50": [random.uniform(0, 99) for _block in range(random.randrange(5))]}
    whole = series.encode(honest)
    place = random.random()
    if place < 0.3:
        at = random.randrange(len(whole))
        text: Any = whole[:at] + random.choice(("", "A", "=", "\n", "\u00e9")) + whole[at + random.randrange(3) :]
    elif place < 0.6:
        raw = json.dumps(
            random.choice((honest, [honest], None, 8, {"rtt.p50": hostile.text(random)}, {"a": [1e999, None]}))
        )
        raw = (
            raw
            if random.random() < 0.7
            else random.choice(("[" * 99_999, raw[:-1], "{" + raw, '{"a": [' + "9" * 5000 + "]}"))
        )
        text = "ls1:" + base64.b64encode(zlib.compress(raw.encode(), random.randrange(10))).decode()
    elif place < 0.62:
        text = "ls1:" + base64.b64encode(zlib.compress(b" " * (1 << 23))).decode()
    else:
        text = hostile.anything(random) if random.random() < 0.5 else "ls1:" + hostile.text(random)
    found = hostile.answer(lambda: series.decode(text))
    if not found.crash and not found.refused:
        again = hostile.answer(lambda: series.decode(series.encode(found.result)))
        close = again.result is not None and again.result.keys() == found.result.keys()
        return "" if close else f"{again.crash or 'not the same again'} of {text!r:.300}"
    return f"{found.crash} of {text!r:.300}" if found.crash else ""
