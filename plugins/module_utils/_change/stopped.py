# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that somebody has shut down on purpose: whoever did that has a reason, and it is not ours to start.

A resource manager of a cluster holds a server stopped because another one is the master by now.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from .._host import systemd
from . import boot, remembered, waiting
from .store import Change

#: What Redis and Valkey write as the last line when they end in order, whoever asked for it.
_FAREWELL = "is now ready to exit, bye bye"
#: The last line is never longer. Bytes.
_TAIL = 4096
_ASKED = ("ActiveState", "Result", "Job")


def on_purpose(change: Change) -> bool:
    """Whether somebody else has ended the server in order, for a change whose server is dead.

    One that this change itself has stopped and not started again was stopped by nobody else.
    """
    if remembered.interrupted(change) is not None:
        return False
    unit = change.opened["unit"]
    if unit:
        waiting.until(lambda: _told(unit).get("ActiveState") != "deactivating", "the server to stop", unit)
        return is_at_rest(_told(unit))
    return _said_farewell(change) or _took_its_pidfile_away(change)


def is_at_rest(shown: Mapping[str, str]) -> bool:
    """Of a unit's properties: stopped or never started, not failed, and nobody is about to start it."""
    at_rest = (shown.get("ActiveState"), shown.get("Result")) == ("inactive", "success")
    return at_rest and shown.get("Job", "") in ("", "0")


def _told(unit: str) -> dict[str, str]:
    return systemd.show(unit, _ASKED)


def _said_farewell(change: Change) -> bool:
    """Killed, or in a crash, it does not."""
    name = str(change.opened["runtime"].get("logfile") or "")
    launch = change.opened["launch"]
    path = os.path.join(launch["directory"] if launch else "/", name)
    if not name or not os.path.isfile(path):
        return False  # a log that is a device or a pipe tells nobody a second time
    with open(path, "rb") as log:
        log.seek(max(0, os.path.getsize(path) - _TAIL))
        lines = log.read().decode("utf-8", "replace").splitlines()
    return bool(lines) and _FAREWELL in lines[-1]


def _took_its_pidfile_away(change: Change) -> bool:
    """As it does when it ends in order; a reboot does that as well."""
    path = change.opened["server"].get("pidfile")
    return bool(path) and change.opened["boot_id"] == boot.identity() and not os.path.lexists(str(path))
