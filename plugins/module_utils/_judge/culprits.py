# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What toggling told of the settings at fault, how it left the host, and what is applied again without them. Imports
nothing of a target's libraries: the controller asks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .blame import ROLL_BACK, ROLL_BACK_SETTINGS

#: What setting_effect found, without what Ansible puts beside it.
_FOUND = (
    "verdict",
    "effects",
    "confirmation",
    "culprits",
    "suspects",
    "groups",
    "tests",
    "joint",
    "null_quads",
    "settings",
    "left_out",
    "left_as_found",
    "foreign",
    "quads",
    "seconds",
    "seed",
)

Settings = Sequence[Mapping[str, Any]]


def toggled(result: Mapping[str, Any]) -> dict[str, Any]:
    """What became of toggling the settings of a change; empty where there was nothing to toggle.

    A search that failed gives its ``error`` in the module's own words, ``left_as_found`` (None where nobody knows), and
    what is ``left`` and ``foreign``.
    """
    found = {name: value for name, value in result.items() if name in _FOUND}
    if any(found.get(name) for name in ("tests", "effects", "left_out")):
        return found
    if not result or "verdict" in found:
        return {}
    return {
        "error": str(result.get("msg", "")) or "it broke off without a word",
        # What is refused in the module's own words was refused before anything was toggled, unless it says otherwise.
        "left_as_found": result.get("left_as_found", True if "error" in result else None),
        "left": list(result.get("left") or []),
        "foreign": [*(result.get("foreign") or []), *(result.get("rewritten") or [])],
    }


def disturbed(found: Mapping[str, Any]) -> str:
    """A sentence for what ``toggled`` gave, where the host is not, or not certainly, as the search found it."""
    if not found.get("error") or found["left_as_found"]:
        return ""
    more = [item for item in [*found["left"], *found["foreign"]] if item not in found["error"]]
    told = "; ".join([found["error"], *more])
    if found["left_as_found"] is None:
        return f"IT IS NOT PROVEN THAT THE SEARCH FOR THE CULPRITS LEFT THE HOST AS IT FOUND IT: {told}"
    return f"BUT THE SEARCH FOR THE CULPRITS DID NOT LEAVE THE HOST AS IT FOUND IT: {told}"


def innocent(written: Settings, applied: Settings, culprits: Settings) -> list[Mapping[str, Any]]:
    """The settings as somebody wrote them, without the culprits; none where it is not clear which those are.

    ``applied`` are the same settings in the same order, by the names that the host has for them, as culprits have.
    """
    if len(written) != len(applied):
        return []
    guilty = {_identity(culprit) for culprit in culprits}
    return [setting for setting, name in zip(written, applied) if _identity(name) not in guilty]


def again(
    decided: Mapping[str, Any], written: Settings, applied: Settings, without: Settings, unaccounted: str = ""
) -> dict[str, Any]:
    """The decision once it is known whether the rest can be applied alone; ``without`` were left out this time.

    Each round leaves out somebody new, or it would never end: an extra variable brings everybody back each time. What
    is ``unaccounted`` for would do its harm again.
    """
    if decided.get("decision") != ROLL_BACK_SETTINGS:
        return dict(decided)
    culprits = decided["culprits"]
    known = {_identity(one) for one in without}
    back = [f"{culprit['kind']} {culprit['key']}" for culprit in culprits if _identity(culprit) in known]
    if back:
        why = f"{', '.join(back)} came back though it had been left out"
    elif not 0 < len(innocent(written, applied, culprits)) < len(written):
        why = "it is not clear which of the settings they are"
    elif unaccounted:
        why = unaccounted
    else:
        return dict(decided)
    reason = f"{decided.get('reason', '')}; nothing is applied again, since {why}"
    return {**decided, "decision": ROLL_BACK, "reason": reason}


def _identity(setting: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    return setting.get("kind"), setting.get("key"), setting.get("unit") or ""
