# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that somebody has shut down on purpose: whoever did that has a reason, and it is not ours to start.

A resource manager of a cluster holds a server stopped because another one is the master by now.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from .._host import systemd
from . import boot, farewell, preimage, remembered, unasked, waiting
from .restoring import activate, differences, restore_files, restore_live
from .reviving import ABOUT_DATA
from .store import Change
from .undone import Undone, answer, collecting

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
    return farewell.was_said(change) or _took_its_pidfile_away(change)


def restore_for_its_next_start(change: Change, result: Undone) -> None:
    """Of a server that somebody has shut down: it is not ours to start, and what it has live goes with the process."""
    unasked.make_room(change, result)  # whoever starts it starts it with what the file says then
    # With these settings the file says where the newest data is.
    about_data = sorted(ABOUT_DATA & preimage.ours(change))
    images = preimage.file_images(change) if about_data else []
    waits = frozenset(image.path for image in images if image.path in preimage.config_files(change) and image.differs())
    restore_files(change, result, waits)
    restore_live(change, None, result)
    activate(change, None, result)
    result.left.extend(
        f"start the server when it may run again, then roll back again: {path} stays as the change left it until then, "
        f"since with the one from before ({', '.join(about_data)}) it could start with older data, or without some"
        for path in sorted(waits)
    )
    with collecting(result, "compare the host with its pre-images"):
        result.left.extend(differences(result, None, waits))
    # A reboot ends a server in order as well, and what starts it then asks nobody.
    same_boot = change.opened["boot_id"] in ("", boot.identity())
    result.unheard = bool(waits) and not same_boot and not change.opened["unit"]
    if answer(result, "the server is still stopped", lambda: on_purpose(change), otherwise=True):
        result.warnings.append("the server was stopped by somebody, who may have a reason, and was left so")
    else:
        result.blocked = True  # it was started meanwhile, with old files or new ones: it is taken back alive


def is_at_rest(shown: Mapping[str, str]) -> bool:
    """Of a unit's properties: stopped or never started, not failed, and nobody is about to start it."""
    at_rest = (shown.get("ActiveState"), shown.get("Result")) == ("inactive", "success")
    return at_rest and shown.get("Job", "") in ("", "0")


def _told(unit: str) -> dict[str, str]:
    return systemd.show(unit, _ASKED)


def _took_its_pidfile_away(change: Change) -> bool:
    """As it does when it ends in order; a reboot does that as well."""
    path = change.opened["server"].get("pidfile")
    return bool(path) and change.opened["boot_id"] == boot.identity() and not os.path.lexists(str(path))
