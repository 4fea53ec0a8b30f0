# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions there are, and what becomes of one when the settings at fault are known. Imports nothing else here:
the controller asks it in every phase, and needs no library of a target for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

KEEP = "keep"
ROLL_BACK = "roll_back"
ROLL_BACK_SETTINGS = "roll_back_settings"


def blame(
    decided: Mapping[str, Any], culprits: Sequence[Mapping[str, Any]], changed: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The decision once the settings at fault are known; ``changed`` are all of the change, each with kind and key.

    Culprits that are some of them are taken back alone; all of them, or none known, leave the decision as it is.
    """
    if decided.get("decision") != ROLL_BACK or not 0 < len(culprits) < len(changed):
        return dict(decided)
    names = ", ".join(f"{culprit['kind']} {culprit['key']}" for culprit in culprits)
    reason = f"{decided.get('reason', '')}; toggled by themselves, {names} did the harm"
    return {**decided, "decision": ROLL_BACK_SETTINGS, "culprits": [dict(one) for one in culprits], "reason": reason}
