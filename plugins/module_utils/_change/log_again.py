# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An AOF that a rollback turns on again: until it is written anew an old one lies there, and a start must not load it.

So the config file names it when it is whole, and not before.
"""

from __future__ import annotations

from .._server.connection import server_errors
from .._settings.setting import Host
from . import persistence, preimage
from .store import Change
from .undone import Undone, collecting

KEY = frozenset({"appendonly"})


def is_wanted(change: Change) -> bool:
    """Whether the change has turned it off."""
    changed = preimage.changed_settings(change)
    return any(
        (setting.kind, setting.key, before.live) == ("redis", "appendonly", "yes")
        for setting, before, _facts in changed
    )


def turn_on(change: Change, host: Host, result: Undone) -> None:
    """Before its files go back. Where it cannot be written, its line stays as the change left it."""
    if not is_wanted(change) or result.data_missing:
        return
    result.hurting -= KEY
    told = len(result.left)
    with collecting(result, "write the AOF anew that was on"), server_errors(host.address):
        if host.client.config_get("appendonly")["appendonly"] != "yes":
            host.client.config_set("appendonly", "yes")
        persistence.wait_for_aof(host)
    if len(result.left) > told:
        result.hurting |= KEY
