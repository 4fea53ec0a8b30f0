# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A unit that ends its server before that has saved: what clients write after our own save is in no dump then."""

from __future__ import annotations

import math

from .._errors import ChangeError
from .._server import unit_files
from .._settings.setting import Host
from . import persistence

#: The save at the end may take longer than the last one: of more keys, with a disk that others use.
_ROOM = 2.0


def found(host: Host, files: unit_files.UnitFiles, just_saved: bool = False) -> tuple[str, str] | None:
    """How, and the files of the unit; None where the data does not come from a save at the end.

    ``just_saved``: the server's last child was a save to its disk for certain.
    """
    how = files.stops_hard or _stops_early(host, files, just_saved)
    if not how:
        return None
    state = persistence.persistence(host)
    return None if state.aof or state.replica_in_sync or not state.keys else (how, ", ".join(files.paths))


def _stops_early(host: Host, files: unit_files.UnitFiles, just_saved: bool) -> str:
    """By a SIGKILL, in the middle of its save, or while it waits for a replica, as from 7.0 on."""
    if files.stops_within == math.inf:
        return ""
    took = max(0, int(host.client.info("persistence").get("rdb_last_bgsave_time_sec", 0)))  # -1 before the first
    waits = 0
    if host.instance.replicas:
        shown = {str(name): str(value) for name, value in host.client.config_get("shutdown-timeout").items()}
        waits = int(shown.get("shutdown-timeout") or 0)
        if not just_saved and host.client.config_get("repl-diskless-sync").get("repl-diskless-sync") == "yes":
            took = 0  # it may have sent a replica its data, which takes as long as that one and the network do
    if took * _ROOM + waits <= files.stops_within:
        return ""
    replicas = f" and it may wait {waits} s for its replicas" if waits else ""
    return f"a TimeoutStopSec= of {files.stops_within:g} s, where its last save took {took} s{replicas}"


def refuse(host: Host) -> None:
    """ChangeError right before the stop: somebody may have edited the unit since."""
    hard = found(host, unit_files.look(host.instance), just_saved=True)
    if hard:
        how, where = hard
        raise ChangeError(
            "The server would be stopped before it has saved, so it was not restarted",
            where=str(host.instance.unit),
            why=f"{where} says {how}",
            remedy="Take that out or give it more time, run systemctl daemon-reload; then try again",
        )
