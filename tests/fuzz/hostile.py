# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Input that nobody meant, and whether it is answered as it should be: with a result, or with an error of our own."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput, LowlatError

TEXTS: Sequence[str] = (
    *(
        "",
        " ",
        "\t",
        "yes",
        "no",
        "auto",
        "0",
        "-1",
        "8",
        "08",
        "+8",
        "1.5",
        "1e3",
        "1_000",
        "0x10",
        "null",
        "~",
        "None",
    ),
    *("NaN", "nan", "inf", "-Infinity", "18446744073709551616", "9" * 400, "-" + "9" * 400, "1" * 5000),
    *("1gb", "1 gb", "1GB", "1gib", "1tb", "100%", "-5%", "%", "5ms", "1k k", "0-1", "0,0,0", "3-1", "0-99999999999"),
    *("normal 0 0 0", "replica 1mb 1mb 5 pubsub", "3600 1", "60", '""', "''", '"', "\\", "$(reboot)", "; rm -rf /"),
    *("../../etc/passwd", "/etc/passwd", "/", ".", "..", "//", "a" * 300, "a" * 70_000, "{{ lookup('env') }}", "%n%s"),
    *(
        "line\nslaveof evil 1",
        "cr\rlf\n",
        "nul\0nul",
        "\x1b[31m",
        "\u202egpj",
        "\u0663",
        "\u00bd",
        "\uff11",
        "\u2028",
        "\U0001f9e8",
    ),
    *(
        "e\u0301\u0301" * 50,
        "\udcff\udcfe",
        "\ud800",
        "\ufeff8",
        "\u00a08",
        "b'8'",
        "[8]",
        "*",
        "?",
        "[",
        "hz 8",
        "#",
        "!vault |",
    ),
)
ODD: Sequence[Any] = (
    *(None, True, False, 0, 1, -1, 8, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 1.5, -0.0, 1e308, 5e-324),
    *(
        float("nan"),
        float("inf"),
        float("-inf"),
        b"8",
        b"\xff\xfe",
        bytearray(b"8"),
        1j,
        (),
        [],
        {},
        set(),
        [8],
        ["a", "b"],
    ),
    *({"value": 8}, {"a": {"b": {"c": [1, [2, [3]]]}}}, [[[[[[[[]]]]]]]], range(3), object, ...),
)


def text(random: Random) -> str:
    """One of the above, or a few of them, or any characters."""
    place = random.random()
    if place < 0.6:
        return random.choice(TEXTS)
    if place < 0.8:
        return random.choice(("", " ", ",", "-", ".", "/")).join(random.choice(TEXTS) for _part in range(2))
    return "".join(
        chr(random.choice((random.randrange(128), random.randrange(0x3000)))) for _each in range(random.randrange(20))
    )


def anything(random: Random, depth: int = 0) -> Any:
    """Text, or a value of any type, with such values in it."""
    place = random.random()
    if place < 0.5:
        return text(random)
    if place < 0.85 or depth > 3:
        return random.choice(ODD)
    if place < 0.92:
        return [anything(random, depth + 1) for _each in range(random.randrange(4))]
    return {text(random): anything(random, depth + 1) for _each in range(random.randrange(4))}


@dataclass(frozen=True)
class Answer:
    """``crash`` is empty where the answer is a result or a proper error (``refused``)."""

    refused: bool
    crash: str = ""
    result: Any = None


def answer(call: Callable[[], Any]) -> Answer:
    """Make the call. An exception that is not ours is a crash, and so is what could not be shown to anybody."""
    try:
        result = call()
    except LowlatError as error:
        return Answer(True, _unclear(error))
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Answer(
            False, f"{type(error).__name__}: {str(error)[:400]} ({place.filename.rpartition('/')[2]}:{place.lineno})"
        )
    return Answer(False, result=result)


def shown(result: Any) -> str:
    """Why a module could not return that; empty if it can."""
    try:
        json.dumps(result).encode()
    except (TypeError, ValueError) as error:
        return f"the result is no JSON: {error}"
    return ""


def _unclear(error: LowlatError) -> str:
    whole = error.why and error.remedy if isinstance(error, BadInput) else error.why or error.remedy
    if not error.what or not whole:
        return f"an error that explains nothing: {error.message[:200]!r}"
    if len(error.message) > 4000:
        return f"an error of {len(error.message)} characters: {error.message[:80]!r}"
    return shown(error.details)
