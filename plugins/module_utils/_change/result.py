# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a change, as results show it."""

from __future__ import annotations

from typing import Any

from . import foreign, preimage
from .plan import PlannedSetting
from .store import Change


def of(change: Change, *, changed: bool, restarted: bool = False) -> dict[str, Any]:
    return {
        "changed": changed,
        "change_id": change.change_id,
        "state": change.state,
        "settings": settings_of(change),
        "restarted": restarted,
        "pending_restart": change.pending_restart,
        "reboot_required": False,
        "foreign": foreign.of(change),
        "left_stopped": bool(change.end.get("left_stopped", False)),
    }


def settings_of(change: Change) -> list[dict[str, Any]]:
    """The settings that a change wrote, as results show them."""
    return [
        PlannedSetting(setting, before, facts["live"], facts["persisted"], facts["restart"]).report()
        for setting, before, facts in preimage.changed_settings(change)
    ]
