# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dead server: what its old limits would destroy nobody can ask.

It starts with limits that destroy nothing, whether they are those of before or the change's own, and is asked then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .._settings.setting import Host
from . import guards_rollback, log_again, lost_data, preimage
from .restoring import restore_files, restore_live
from .reviving import restart_where_needed, start_again
from .store import Change
from .undone import Undone


def make_room(change: Change, result: Undone) -> None:
    """Before it is started as the change left it: not with fewer databases than it has had all the time.

    They may wait for a restart, and hold keys. It would die of them, or mix them into others, out of an AOF.
    """
    if _spares(change):
        kept = guards_rollback.asked(change) | {"appendonly"} & preimage.ours(change)
        result.hurting = kept - _spares(change) | result.held_back
        restore_files(change, result)


def hold(change: Change, result: Undone) -> None:
    """Before its files go back."""
    result.hurting = guards_rollback.asked(change) - _spares(change) | result.held_back | _old_log(change)


def _spares(change: Change) -> frozenset[str]:
    """Those of which the value of before hides nothing that the change's own shows."""
    changed = ((setting, before.live) for setting, before, _facts in preimage.changed_settings(change))
    return frozenset(
        setting.key for setting, then in changed if setting.key == "databases" and int(then) > int(setting.value)
    )


def _old_log(change: Change) -> frozenset[str]:
    """It is older than the dump."""
    return log_again.KEY if log_again.is_wanted(change) else frozenset()


def start(change: Change, connect: Callable[[], Host], lost: Mapping[str, Any], result: Undone) -> Host:
    """With these files; then it is asked, and what would destroy nothing goes back as well."""
    asked = guards_rollback.asked(change)
    waiting = asked | _old_log(change)
    files = sorted(preimage.config_files(change)) if waiting - _spares(change) else []
    waits = [f"put {path} back: nobody could ask the server what it holds by now" for path in files]
    result.left.extend(waits)
    host = start_again(change, connect, lost, result, waiting)
    result.left[:] = [step for step in result.left if step not in waits]
    result.hurting = result.held_back
    guards_rollback.look(change, host, result)
    lost_data.look(change, host, result)
    if waiting:
        log_again.turn_on(change, host, result)
        restore_files(change, result)
        restore_live(change, host, result)
        host = restart_where_needed(change, host, result)
    return host
