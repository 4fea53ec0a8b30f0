# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates: rules on one figure of a measurement, and what becomes of them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import BadInput
from .outcome import ALPHA, Gate, judge_gate
from .query import compile_query

SEVERITIES = ("hard", "soft")
AGAINST = ("absolute", "baseline")
_KEYS = ("name", "query", "max", "tolerance", "severity", "against", "abort")
_REQUIRED = ("name", "query", "max")
#: In characters. Beyond any honest text, and errors repeat it.
_LONGEST = 500


def parse(gates: Sequence[Mapping[str, Any]]) -> list[Gate]:
    """Every gate checked and its query compiled; BadInput says which gate is wrong and how."""
    parsed: list[Gate] = []
    for number, entry in enumerate(gates, start=1):
        gate = _parse_one(entry, f"gate {number}")
        if any(gate.name == other.name for other in parsed):
            raise BadInput(
                f"Two gates are named {gate.name!r}",
                where=f"gate {number}",
                why="results are reported under the name",
                remedy="Give every gate a name of its own",
            )
        parsed.append(gate)
    return parsed


def judge(
    gates: Sequence[Gate],
    measurement: Mapping[str, Any],
    baseline: Mapping[str, Any] | None = None,
    alpha: float = ALPHA,
) -> list[dict[str, Any]]:
    """One outcome for each gate, in their order; ``alpha`` is the error that a failure may be made with.

    An outcome is ``{name, query, against, severity, value, max, limit, tolerance, abort, baseline, interval,
    half_width, outcome, reason, judged, excused, aborted}``. ``limit`` is in the figure's own unit whatever the gate is
    against; ``value``, ``baseline``, ``limit``, ``interval``, ``half_width`` and ``abort`` are None if there is none.
    ``judged`` is false where something was missing or kept from running, so that the value was compared with nothing.
    ``excused`` is true where neither measurement could have the metric on this host, for the same reason.
    """
    return [judge_gate(gate, measurement, baseline, alpha) for gate in gates]


def _parse_one(entry: Mapping[str, Any], where: str) -> Gate:
    if not isinstance(entry, Mapping):
        raise BadInput("A gate is a mapping", where=where, why=f"this is {_shown(entry)}", remedy=_example())
    for key in entry:
        if key not in _KEYS:
            nearest = difflib.get_close_matches(str(key), _KEYS, n=1)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
            raise BadInput(
                f"Unknown key {_shown(key)}{hint}", where=where, why=f"a gate has {', '.join(_KEYS)}", remedy=_example()
            )
    missing = [key for key in _REQUIRED if entry.get(key) is None]
    if missing:
        known = next((f", {_shown(entry[key])}" for key in ("name", "query") if key not in missing), "")
        raise BadInput(
            f"The gate lacks {' and '.join(missing)}", where=where + known, why="it needs them all", remedy=_example()
        )
    name = _text(entry["name"], "name", where)
    where = f"{where}, {name!r}"
    against = _choice(entry, "against", AGAINST, "absolute", where)
    gate = Gate(
        name=name,
        query=compile_query(_text(entry["query"], "query", where), where),
        max=_number(entry["max"], "max", where),
        tolerance=_number(_given(entry, "tolerance", 0.0), "tolerance", where),
        severity=_choice(entry, "severity", SEVERITIES, "hard", where),
        against=against,
        abort=None if entry.get("abort") is None else _number(entry["abort"], "abort", where),
    )
    if gate.abort is not None and gate.abort < gate.max + gate.tolerance:
        raise BadInput(
            f"abort is {gate.abort:g}",
            where=where,
            why=f"that is below max and tolerance, {gate.max + gate.tolerance:g}",
            remedy="Give the level past which nobody wants to look twice",
        )
    if against == "baseline" and gate.max == 0:
        raise BadInput(
            "max is 0", where=where, why="against a baseline it is a ratio", remedy="1.5 is half as much again"
        )
    return gate


def _given(entry: Mapping[str, Any], key: str, default: Any) -> Any:
    value = entry.get(key)
    return default if value is None else value


def _text(value: Any, key: str, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadInput(
            f"{key} is {_shown(value)}", where=where, why="it must be a text that is not empty", remedy=_example()
        )
    if len(value) > _LONGEST:
        raise BadInput(
            f"{key} is {_shown(value)}", where=where, why=f"it has more than {_LONGEST} characters", remedy="Shorten it"
        )
    return value.strip()


def _number(value: Any, key: str, where: str) -> float:
    # Values that came through a template or from the command line arrive as text.
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise BadInput(
            f"{key} is {_shown(value)}",
            where=where,
            why="it must be a number that is not negative",
            remedy="It is in microseconds, or a ratio where the gate is against: baseline",
        )
    return number


def _choice(entry: Mapping[str, Any], key: str, choices: tuple[str, ...], default: str, where: str) -> str:
    value = _given(entry, key, default)
    if value not in choices:
        raise BadInput(
            f"{key} is {_shown(value)}", where=where, why=f"it is one of {', '.join(choices)}", remedy="Choose one"
        )
    return str(value)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _example() -> str:
    return "A gate reads {name: rtt_p99, query: rtt.p99, max: 12.0, tolerance: 0.1}"
