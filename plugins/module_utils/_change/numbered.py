# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases that hold keys and that a start does not bring: a start dies of them, or mixes them into others."""

from __future__ import annotations

from collections.abc import Mapping

from .._errors import ChangeError
from .._server import directives, instance, starting
from .._settings.setting import Host
from .store import Change

_DEFAULT = "16"


def beyond(host: Host) -> tuple[list[int], int]:
    """Their numbers, and how many databases a start would give the server."""
    if not starting.known(host.instance):
        return [], 0
    limit = _limit(starting.values(host.instance))
    held = instance.keys(host.client.info("keyspace"))
    return sorted(number for number, count in held.items() if count and number >= limit), limit


def refuse(host: Host, outcome: str) -> None:
    """ChangeError where there are any: clients may have written to them since the change was looked at."""
    lost, limit = beyond(host)
    if lost:
        raise ChangeError(
            f"The server would not come back with all of its databases, so {outcome}",
            where=str(host.address),
            why=f"it would start with {limit} databases, and database {', '.join(map(str, lost))} holds keys",
            remedy="Move those keys, or write more databases into its config file; then try again",
        )


def highest(host: Host) -> int:
    """The number of the last database with keys, for the journal; -1 where there are none."""
    return max((number for number, count in instance.keys(host.client.info("keyspace")).items() if count), default=-1)


def refuse_start(change: Change, stored_now: Mapping[str, str]) -> None:
    """ChangeError where starting its dead server would cost databases that held keys when the change was opened.

    ``stored_now`` is what a start would bring. Journals of older releases do not tell which database was the last.
    """
    last, limit = int(change.opened["server"].get("highest_database", -1)), _limit(stored_now)
    if stored_now and last >= limit and int(change.opened["runtime"].get("databases", 0)) > limit:
        raise ChangeError(
            "The server is dead and was not started, since it would not come back with all of its databases",
            where=str(change.opened["server"]["config_file"]),
            why=f"it would start with {limit} databases, and database {last} held keys when the change was opened",
            remedy="Give it more databases in that file, or its unit's command line, and roll back again; or roll back "
            "with accept_lost_data",
        )


def _limit(values: Mapping[str, str]) -> int:
    """BadInput for what is no number: no server starts with that."""
    return int(directives.normalise("databases", values.get("databases", _DEFAULT)))
