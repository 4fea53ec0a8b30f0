# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What taking a change back would make of the host as it is now. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Callable

from .._errors import LowlatError
from .._server import supervisor
from .._settings.setting import Host, Reading, Setting
from . import drift, foreign, foreign_files, not_in_effect, preimage, stored, waiting
from .diff_lines import Lines
from .store import Change

#: What becomes of a file that somebody has edited.
_BECOMES = {
    "restored": "as it was before the change, with a copy kept of what stands there",
    "kept": "without the lines of the change",
    "left": "left alone",
}
#: And of a live value that somebody has set.
_STAYS = {"restore": "", "keep": "(kept as it is)", "fail": "(left alone, and the rollback fails for it)"}


@dataclass
class WayBack:
    """Every value that would go back, and the keys that the server must be restarted for: by whom if not by us."""

    lines: Lines = field(default_factory=Lines)
    restart: list[str] = field(default_factory=list)
    supervisor: str = ""

    def diff(self, check: bool) -> dict[str, str]:
        """To be asked for once."""
        self.lines.restart(self.restart, check, self.supervisor)
        return self.lines.told()


def look(change: Change, connect: Callable[[], Host], policy: str | None) -> WayBack:
    """``policy``: what becomes of values that others have set, where it is another than the change was opened with."""
    way = WayBack()
    if change.state == "rolled_back":
        return way
    policy = policy or str(change.opened["on_foreign_change"])
    edited = list(foreign_files.edited(change, policy))
    becomes = {path: done for path, _what, done in edited}
    host, unreachable = waiting.reach(connect)
    for setting, before, facts in preimage.changed_settings(change):
        now, why = _live(setting, host, unreachable)
        if now is None:
            if facts["live"]:
                way.lines.unknown(setting, "live", why, before.live)
        elif _is_foreign(change, setting, before, now, host):
            way.lines.foreign(setting, now.live, before.live, _STAYS[policy])
            if facts["restart"] and policy == "restore":
                way.restart.append(setting.key)
        else:
            if now.live != before.live:
                way.lines.value(setting, "live", now.live, before.live)
            needed = facts["restart"] and (now.live != before.live or _cannot_be_read(change, setting))
            if needed and not _is_left(change, setting, before, becomes):
                way.restart.append(setting.key)
        _stored(change, setting, before, becomes, way.lines)
    for path, what, done in edited:
        way.lines.change(f"file {path}", f"edited by somebody since the change ({what})", _BECOMES[done])
    if host and way.restart and not host.instance.unit:
        found = supervisor.of(host.instance.pid)
        way.supervisor = found.name if found else ""
    return way


def _live(setting: Setting, host: Host | None, unreachable: LowlatError | None) -> tuple[Reading | None, str]:
    try:
        return drift.read(setting, host), unreachable.what if unreachable else "only the server could tell"
    except LowlatError as error:
        return None, error.what
    except OSError as error:
        return None, str(error)


def _is_foreign(change: Change, setting: Setting, before: Reading, now: Reading, host: Host | None) -> bool:
    reached = preimage.readable(host) or preimage.without_server()
    return foreign.is_foreign(change, setting, before, now, reached)


def _cannot_be_read(change: Change, setting: Setting) -> bool:
    """What systemd started a process with: it goes as it came, by a restart."""
    return setting.kind == "systemd" and change.journal.last("restarting") is not None


def _is_left(change: Change, setting: Setting, before: Reading, becomes: Mapping[str, str]) -> bool:
    """As ``not_in_effect.file_is_left``, before anything is in the journal."""
    left = becomes.get(stored.path(change, setting) or "") == "left"
    return left and not_in_effect.tells_otherwise(change, setting, before)


def _stored(change: Change, setting: Setting, before: Reading, becomes: Mapping[str, str], lines: Lines) -> None:
    """Its file goes back whole, unless somebody has edited it and that is to stay."""
    path = stored.path(change, setting)
    done = becomes.get(path or "", "restored")
    if path not in {image["path"] for image in change.opened["files"]} or done == "left":
        return
    try:
        now = stored.value(change, setting)
    except (LowlatError, OSError) as error:
        lines.unknown(setting, "stored", error.what if isinstance(error, LowlatError) else str(error), before.persisted)
        return
    goes_back = done == "restored" or preimage.persisted_holds(setting, Reading(None, now))
    if now != before.persisted and goes_back:
        lines.value(setting, "stored", now, before.persisted)
