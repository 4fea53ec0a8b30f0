# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A unit that ends its server before that has saved: what clients write after our own save is in no dump then."""

from __future__ import annotations

from .._errors import ChangeError
from .._server import unit_files
from .._settings.setting import Host
from . import persistence


def found(host: Host, files: unit_files.UnitFiles) -> tuple[str, str] | None:
    """How, and the files of the unit; None where the data does not come from a save at the end."""
    if not files.stops_hard:
        return None
    state = persistence.persistence(host)
    return None if state.aof or state.replica_in_sync or not state.keys else (files.stops_hard, ", ".join(files.paths))


def refuse(host: Host) -> None:
    """ChangeError right before the stop: somebody may have edited the unit since."""
    hard = found(host, unit_files.look(host.instance))
    if hard:
        how, where = hard
        raise ChangeError(
            "The server would be stopped before it has saved, so it was not restarted",
            where=str(host.instance.unit),
            why=f"{where} says {how}",
            remedy="Take that out, run systemctl daemon-reload; then try again",
        )
