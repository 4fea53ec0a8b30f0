# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the culprits that toggling found can be all of the harm. Imports nothing else: the controller asks it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

_RELATIVE = "relative."
#: A gate's p99 is that of all samples, toggling's that of the typical block beside it.
_TOGGLED_AS = {"p99": ("p99", "p99_all")}


def unaccounted(
    effects: Mapping[str, Any], gates: Sequence[Mapping[str, Any]], changed: Sequence[Mapping[str, Any]]
) -> str:
    """Why the harm may be that of a setting which nobody could toggle; empty where the culprits can be all of it.

    ``effects`` as ``culprits.toggled`` gives them, ``gates`` those that failed, ``changed`` all settings of the change.
    Where every setting was toggled, the search itself has shown that the rest does no harm.
    """
    toggled = {(one["kind"], one["key"]) for one in effects.get("settings") or []}
    others = [f"{one['kind']} {one['key']}" for one in changed if (one["kind"], one["key"]) not in toggled]
    if not others:
        return ""
    for gate in gates:
        excess, share = _excess(gate), _at_most(gate, effects)
        if share is None:
            told = f"and nothing tells how much of {gate['query']} is theirs"
        elif share < excess:
            told = f"and they make {gate['query']} at most {share:.3g} times as long"
            told += f", which was {excess:.3g} times its limit"
        else:
            continue
        return f"{', '.join(others)} could not be toggled, {told}"
    return ""


def _excess(gate: Mapping[str, Any]) -> float:
    """How many times its limit the figure was."""
    value, limit = gate.get("value"), gate.get("limit")
    return math.inf if value is None or not limit else float(value) / float(limit)


def _at_most(gate: Mapping[str, Any], effects: Mapping[str, Any]) -> float | None:
    """How many times as long the culprits make the gate's figure, by the upper end of the interval."""
    query = str(gate["query"])
    shown = query[len(_RELATIVE) :] if query.startswith(_RELATIVE) else query
    metric, _dot, figure = shown.partition(".")
    # In a bundle of one there is nothing to join; what was toggled is the culprit.
    found = (effects.get("joint") or {}).get("effects") or effects.get("effects") or {}
    figures = [found.get(metric, {}).get(name) or {} for name in _TOGGLED_AS.get(figure, (figure,))]
    highs = [one.get("interval", [None, None])[1] for one in figures]
    return max((1.0 + high for high in highs if high is not None), default=None)
