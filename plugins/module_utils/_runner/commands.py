# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host does by itself about changes that nobody confirmed.

``expire DIRECTORY``    take back the change in this directory, if its deadline has passed
``boot DIRECTORY``      after a reboot, before the server starts: put back what needs no server
``recover DIRECTORY``   take back every open change in this state directory; name those without a deadline

Ends with 0 where nothing is left to do, 1 where it should be tried again, 78 where something is left to do by hand.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Callable, TextIO

from .. import _libraries
from .._change import deadline, unopened
from .._change.armed import Deadline
from .._change.store import UNFINISHED, Change, Store
from .._change.watching import BY_HAND
from .._errors import LowlatError

DONE, AGAIN = 0, 1
#: Who works on the change at this moment may be waiting for the server to load its data. Seconds.
_PATIENCE = 1200.0
_REASON = {
    "deadline": "nobody confirmed it within {} s",
    "boot": "the host was booted before anybody confirmed it",
    "recover": "somebody had every open change taken back",
}
_DAMAGED = "what was kept of its deadline is damaged ({}), so it counts as passed"


def main(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    commands = {"expire": _expire, "boot": _boot, "recover": _recover}
    if len(arguments) != 2 or arguments[0] not in commands:
        _write(f"{__doc__}", sys.stderr)
        return BY_HAND
    missing = [name for name in ("psutil", "redis") if getattr(_libraries, name) is None]
    if missing:
        what = f"{sys.executable} has no {' and no '.join(missing)} any more, so nothing was put back yet"
        _write(f"lowlat: {arguments[1]}: {what}. Install it again: the host tries again every five seconds", sys.stderr)
        return AGAIN
    return _tried(commands[arguments[0]], Path(os.path.abspath(arguments[1])))  # people type relative ones


def _tried(command: Callable[[Path], int], directory: Path) -> int:
    try:
        return command(directory)
    except (LowlatError, OSError) as error:
        _write(f"lowlat: {directory}: {error}", sys.stderr)
        return AGAIN


def _expire(directory: Path) -> int:
    return _with_change(directory, _take_back)


def _boot(directory: Path) -> int:
    armed = deadline.load(directory)
    if armed is None or not armed.is_other_boot():
        return DONE  # somebody started the unit by hand
    return _with_change(directory, _before_start)


def _recover(state_directory: Path) -> int:
    """One that cannot be taken back keeps no other from it. The worst that came of any."""
    if not state_directory.is_dir():
        _write(f"lowlat: {state_directory}: there is no such state directory: nothing was taken back", sys.stderr)
        return BY_HAND
    # The newest first: later changes were made on what earlier ones had left.
    found = (path.parent for path in sorted(state_directory.glob("changes/*/armed"), reverse=True))
    ends = [_tried(lambda each: _with_change(each, _take_back_now), directory) for directory in found]
    named = (_tried(_unwatched, directory) for directory in sorted(state_directory.glob("changes/*")))
    return max([*ends, _tried(_clear, state_directory), *named])


def _unwatched(directory: Path) -> int:
    """An open change without a deadline: the host has no login to its server, and can only say so."""
    # Looked for first: who confirms a change ends it before its deadline is removed.
    armed = deadline.load(directory)
    change = None if armed else Store(str(directory.parents[1])).at(directory)
    # What is left of a failed rollback was said when it failed.
    if change is None or change.state not in UNFINISHED or change.state == "rollback_failed":
        return DONE
    named = f"-e lowlat_change_id={change.change_id} -e gated_change_state_directory={directory.parents[1]}"
    told = f"{change.state}, and not taken back: it has no deadline, so the host has no login to its server"
    _say(directory, [told, f"take it back by the playbook lowlat.redis.rollback with {named}"])
    return BY_HAND


def _clear(state_directory: Path) -> int:
    if any(map(unopened.is_unopened, state_directory.glob("changes/*"))):
        with Store(str(state_directory)).locked(_PATIENCE):
            unopened.clear_all(state_directory)
    return DONE


def _with_change(directory: Path, act: Callable[[Change, Deadline], int]) -> int:
    """Under the lock, so that confirming and taking back cannot both win."""
    armed = deadline.load(directory)
    if armed is None:
        return DONE
    store = Store(str(directory.parents[1]))
    with store.locked(_PATIENCE):
        change = store.at(directory)
        # One that was not opened has written nothing.
        if change is None or change.state not in UNFINISHED or change.state == "rollback_failed":
            left = deadline.disarm(directory) if change else unopened.clear(directory)
            _say(directory, [f"nothing to take back: it is {change.state if change else 'not opened'}", *left])
            return AGAIN if left else DONE
        return act(change, armed)


def _take_back(change: Change, armed: Deadline) -> int:
    if not armed.is_over():
        return DONE  # the clock was set; the timer's other time is still to come
    return _take_back_now(change, armed, "boot" if armed.is_other_boot() and not armed.damage else "deadline")


def _take_back_now(change: Change, armed: Deadline, by: str = "recover") -> int:
    from .._change import foreign, foreign_words, rollback, waiting, way_in

    with waiting.closed_at_the_end(way_in.connecting(change, armed)) as connect:
        undone = rollback.roll_back(change, connect, by)
    found = [foreign_words.sentence(entry) for entry in foreign.of(change)]
    if undone.left and change.state != "rollback_failed":
        _say(change.directory, [f"not at its end, tried again: {undone.left[0]}", *undone.left[1:], *found])
        return AGAIN
    if undone.left:
        _say(change.directory, [f"ROLLBACK FAILED, left to do by hand: {undone.left[0]}", *undone.left[1:], *found])
        return BY_HAND
    reason = _DAMAGED.format(armed.damage) if armed.damage else _REASON[by].format(armed.seconds)
    _say(change.directory, [f"rolled back: {reason}", *undone.warnings, *found])
    return DONE


def _before_start(change: Change, armed: Deadline) -> int:
    from .._change import rollback

    undone = rollback.before_start(change)
    _say(change.directory, ["put back before the server starts", *undone.left, *undone.warnings])
    return AGAIN if undone.left else DONE


def _say(directory: Path, sentences: list[str]) -> None:
    """To the system's log, by way of the unit."""
    _write(f"lowlat: change {directory.name}: " + "; ".join(sentences), sys.stdout)


def _write(text: str, where: TextIO) -> None:
    """A log that takes no more is no reason to stop."""
    with contextlib.suppress(OSError):
        where.write(f"{text}\n")
        where.flush()
