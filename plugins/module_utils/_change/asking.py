# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to ask for a change to be taken back or kept, in words."""

from __future__ import annotations

import os
from pathlib import Path

from .store import STATE_DIRECTORY


def to_take_back(change_id: str, state_directory: Path) -> str:
    elsewhere = _elsewhere(state_directory)
    return (
        f"by the playbook lowlat.redis.rollback with -e lowlat_change_id={change_id}"
        + (f" -e gated_change_state_directory={elsewhere}" if elsewhere else "")
        + f", or by lowlat.redis.change with state: rolled_back, change_id: {change_id}"
        + (f", state_directory: {elsewhere}" if elsewhere else "")
    )


def to_keep(change_id: str, state_directory: Path) -> str:
    elsewhere = _elsewhere(state_directory)
    return f"by lowlat.redis.change with state: confirmed, change_id: {change_id}" + (
        f", state_directory: {elsewhere}" if elsewhere else ""
    )


def _elsewhere(state_directory: Path) -> str:
    """The directory, where it is another than one that nobody names."""
    place = os.fspath(state_directory)
    return "" if place == STATE_DIRECTORY else place
