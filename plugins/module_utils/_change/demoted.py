# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that was made the master by command alone: its start makes it a replica, whose data its master replaces."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping

from .._errors import ChangeError, LowlatError
from .._server import config_reader
from . import farewell, preimage, stored
from .store import Change


def refuse(change: Change, stored_now: Mapping[str, str], options: Mapping[str, str]) -> None:
    """ChangeError where starting its dead server would have it take over the data of a master that it had left.

    ``stored_now`` is what a start would bring, ``options`` what of that its unit's command line does. Who has written
    that master into the file since, a failover say, means it.
    """
    runtime, master = change.opened["runtime"], stored_now.get("replicaof", "")
    was_replica = runtime.get("replicaof", master) and not farewell.made_master(change)
    if was_replica or master.lower() in ("", "no one"):
        return
    if options.get("replicaof") != master and not _was_there(change, master):
        return
    raise ChangeError(
        "The server is dead and was not started, since another one's data would replace its own",
        where=str(change.opened["server"]["config_file"]),
        why=f"it would start with replicaof {master}, and the server was a master by command alone",
        remedy="Take that out and start it, if its data is the one that counts, then roll back again; or roll "
        "back with accept_lost_data",
    )


def _was_there(change: Change, master: str) -> bool:
    """Whether the file had it when the change was opened."""
    path = stored.config_path(change)
    with contextlib.suppress(LowlatError, OSError):
        for image in preimage.file_images(change):
            if image.path == path:
                found = config_reader.lines(image.content, image.path, stored.version(change))
                return config_reader.values(found).get("replicaof") == master
        return path is not None and os.stat(path).st_mtime <= float(change.opened["opened_at"])
    return False
