# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A config file that goes back without those directives whose old values would hurt the server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Set
from itertools import combinations

from .._errors import BadInput
from .._server import config_file, config_reader, directives
from .._settings.setting import Reading, Setting
from . import guards_rollback, origin, preimage, stored
from .store import Change

#: What no line means, of each that may be left in.
_SILENT = {**origin.LIMITS, "maxclients": "10000", "min-replicas-to-write": "0", "appendonly": "no"}


def with_the_changes(change: Change, path: str, content: bytes, names: Set[str], now: bytes = b"") -> bytes:
    """These bytes with the values that the change gave to the directives of these names. BadInput if unreadable.

    ``now`` is what the file holds: a value that somebody has given one of them there since is theirs, and stays.
    """
    if not names or path not in preimage.config_files(change):
        return content
    version = stored.version(change)
    here = config_reader.values(config_reader.lines(now, path, version)) if now else None
    for setting, before, facts in preimage.changed_settings(change):
        if setting.kind == "redis" and setting.key in names and facts["persisted"]:
            value = _theirs(setting, before, here) or str(setting.value)
            content = config_file.edit(content, path, setting.key, value, version)
    return content


def _theirs(setting: Setting, before: Reading, here: Mapping[str, str] | None) -> str | None:
    """The value that the file has neither from the change nor from before; without a line, what that means."""
    if here is None:
        return None
    name = directives.primary(setting.key)
    found = here.get(name)
    if found == before.persisted or preimage.persisted_holds(setting, Reading(None, found)):
        return None
    return found or _SILENT.get(name)


def all_of(change: Change, path: str, content: bytes) -> Iterator[bytes]:
    """Whatever ``with_the_changes`` can have made of it."""
    asked = sorted(guards_rollback.may_hurt(change) | {"appendonly"} & preimage.ours(change))
    for count in range(1, len(asked) + 1):
        for names in combinations(asked, count):
            with contextlib.suppress(BadInput):
                yield with_the_changes(change, path, content, frozenset(names))
