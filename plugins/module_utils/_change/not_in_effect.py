# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others have written into the config file under a change, and the server has not been started with.

Of a file that does not go back whole: what it says and what runs are two things, and only a start makes them one.
"""

from __future__ import annotations

from .._errors import LowlatError
from .._server import directives
from .._server.connection import server_errors
from .._settings.setting import Host, Reading, Setting
from . import foreign, persistence, said, stored
from .plan import MASK
from .store import Change
from .undone import Undone, collecting


def look(change: Change, host: Host, result: Undone) -> None:
    """When all else is done: name each, with what runs in its place.

    Where the data comes from is told by its own warning. What nobody knows to be an edit is no edit, and what stands on
    the command line no start takes from the file.
    """
    if not said.is_known(change):
        return
    beyond = {*persistence.ORIGIN, *map(directives.primary, host.instance.command_line_overrides or ())}
    with collecting(result, "compare the config file with the running server"), server_errors(host.address):
        here, running = said.now(change), directives.running(host.client)
        edited, told = said.edited(change, here) - beyond, {}
        for name, value in running.items():
            primary = directives.primary(name)
            if primary in edited and primary in here and not directives.same(name, here[primary], value):
                secret = directives.secret(name)
                told[name] = f"{name} {MASK if secret else here[primary]} (the server runs with "
                told[name] += f"{'another one' if secret else value})"
        if told:
            result.pending = sorted(told)
            result.warnings.append(
                f"{stored.config_path(change)} was edited after the change, and is not in effect before the next "
                f"start of the server: {', '.join(told[name] for name in result.pending)}"
            )


def brought_by_a_start(change: Change, host: Host) -> frozenset[str]:
    """Directives that a restart makes as somebody has written them: what ran before is not missing then."""
    theirs, version = said.edited(change, said.now(change)), host.instance.version
    with server_errors(host.address):
        names = directives.running(host.client)
    return frozenset(
        name for name in names if directives.primary(name) in theirs and directives.immutable(name, version)
    )


def file_is_left(result: Undone, setting: Setting, before: Reading) -> bool:
    """Whether a restart would not bring the old value: by ``on_foreign_change`` its file is nobody's to put back."""
    path = stored.path(result.change, setting)
    entry = foreign.latest(result, "file", ("file", path, None)) if path else None
    return entry is not None and entry["done"] == "left" and tells_otherwise(result.change, setting, before)


def tells_otherwise(change: Change, setting: Setting, before: Reading) -> bool:
    """Whether its file has another value than before, for all that anybody can tell."""
    try:
        return stored.value(change, setting) != before.persisted
    except (LowlatError, OSError):
        return True
