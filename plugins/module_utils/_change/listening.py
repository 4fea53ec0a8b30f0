# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a server listens: a start takes that from its file, and leaves what a command or a command line had said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._errors import ChangeError
from .store import Change

#: With what a silent file means.
WHERE = {"port": "6379", "tls-port": "0", "unixsocket": ""}


def moved(running: Mapping[str, Any], stored: Mapping[str, str], overrides: Iterable[str]) -> list[str]:
    """Directives by which nobody would find it again there; ``overrides`` are those of a command line that is kept."""
    return [
        name
        for name, silent in WHERE.items()
        if name in running and name not in overrides and stored.get(name, silent) != running[name]
    ]


def refuse_start(change: Change, stored_now: Mapping[str, str]) -> None:
    """ChangeError where its dead server, which we start with its file alone, would listen somewhere else.

    Maybe in the place of another one. ``stored_now`` is what the file would bring. One that has a unit or another
    supervisor starts by that one's command line.
    """
    ours_to_start = not change.opened["unit"] and not (change.opened["launch"] or {}).get("supervisor")
    names = moved(change.opened["runtime"], stored_now, ()) if stored_now and ours_to_start else []
    if names:
        raise ChangeError(
            "The server is dead and was not started, since it would listen somewhere else",
            where=str(change.opened["server"]["config_file"]),
            why=f"{', '.join(names)} stood on its command line, or came by command, and the file says otherwise",
            remedy="Start it as it was started before, or write that into the file; then roll back again",
        )
