# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives of a config file that say where a server's data comes from and who may in.

Who sets one of them after a change is a failover or the rotation of a password. To put the file of before back over
that would bring old data, an old master or an old password back, and no copy of the file mends lost data.
"""

from __future__ import annotations

from .._errors import BadInput
from .._server import config_reader, directives
from .._server.instance import Version
from .._settings.setting import Reading
from . import persistence, preimage
from .store import Change

Lines = dict[str, list[tuple[str, ...]]]
#: Also how much of its data a start leaves it: the smaller limits of before would evict keys, or hide databases.
LIMITS = {"maxmemory": "0", "maxmemory-policy": "noeviction", "databases": "16"}
_NAMES = frozenset({*persistence.ORIGIN, *LIMITS, "masterauth", "masteruser", "user", "aclfile", "port", "bind"})


def moved(change: Change, path: str, before: bytes, now: bytes) -> list[str]:
    """Those that the file at ``path`` has neither as before nor as the change wrote them."""
    if path not in preimage.config_files(change):
        return []
    found = change.opened["server"].get("version")
    version: Version = tuple(found) if found else config_reader.NEWEST
    try:
        then, here = _own(before, path, version), _own(now, path, version)
    except BadInput:
        return []  # no server starts with such a file, so no server's data comes from it
    ours = {setting.key: setting for setting, _before, _facts in preimage.changed_settings(change)}
    return sorted(
        name
        for name in _NAMES
        if then.get(name) != here.get(name)
        and not (name in LIMITS and (name in ours or _is_one_limit(name, then, here)))
        and not (name in ours and preimage.persisted_holds(ours[name], Reading(None, _value(here.get(name)))))
    )


def by_whom(names: list[str]) -> str:
    """What may have set them: limits are set by nobody but people."""
    return ", by a failover or a new password maybe" if set(names) - set(LIMITS) else ""


def _is_one_limit(name: str, then: Lines, here: Lines) -> bool:
    """However it is written, or not at all. One that the change sets itself is a setting like others."""
    return directives.same(name, _value(then.get(name)) or LIMITS[name], _value(here.get(name)) or LIMITS[name])


def _own(content: bytes, path: str, version: Version) -> Lines:
    """Every line of each, since a file may name several users. What an include says is no part of this file."""
    found: Lines = {}
    for line in config_reader.lines(content, path, version):
        if line.own and line.name in _NAMES:
            found.setdefault(line.name, []).append(line.arguments)
    return found


def _value(lines: list[tuple[str, ...]] | None) -> str | None:
    return " ".join(lines[-1]) if lines else None
