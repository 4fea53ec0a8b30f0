# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that is open on this host in another state directory: the units that watch over it tell.

Two that are open at once would take each other's values for what was there before. A change without systemd has no
units, so nobody sees it from elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from .._errors import ChangeError
from . import armed, deadline_units
from .store import UNFINISHED, Store


def refuse(state_directory: Path) -> None:
    """ChangeError where one is open elsewhere. OSError."""
    for directory in _watched():
        place = directory.parents[1]
        if os.path.realpath(place) == os.path.realpath(state_directory):
            continue
        store = Store(os.fspath(place))
        other = store.at(directory)
        # One that is armed and not opened is another controller's at this moment, or of whom was killed there.
        if other.state not in UNFINISHED if other else not store.may_be_worked_in():
            continue
        remedy = f"Confirm it or roll it back first, with state_directory {place}" if other else "Wait for it to end"
        raise ChangeError(
            "Another change is open on this host, in another state directory",
            where=os.fspath(place),
            why=other.describe() if other else f"{directory.name} is only just being opened",
            remedy=f"{remedy}; best keep all changes in one",
            open_change=directory.name,
        )


def _watched() -> Iterator[Path]:
    """The directories of changes whose deadline is armed, as their units name them."""
    for directory in deadline_units.directories():
        if os.path.lexists(directory / armed.FILE):
            yield directory
