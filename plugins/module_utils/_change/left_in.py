# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A config file that goes back without those directives whose old values would hurt the server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Set
from itertools import combinations

from .._errors import BadInput
from .._server import config_file
from .._server.config_reader import NEWEST
from .._server.instance import Version
from . import guards_rollback, preimage
from .store import Change


def with_the_changes(change: Change, path: str, content: bytes, names: Set[str]) -> bytes:
    """These bytes with the values that the change gave to the directives of these names. BadInput if unreadable."""
    if not names or path not in preimage.config_files(change):
        return content
    found = change.opened["server"].get("version")
    version: Version = tuple(found) if found else NEWEST
    for setting, _before, facts in preimage.changed_settings(change):
        if setting.kind == "redis" and setting.key in names and facts["persisted"]:
            content = config_file.edit(content, path, setting.key, str(setting.value), version)
    return content


def all_of(change: Change, path: str, content: bytes) -> Iterator[bytes]:
    """Whatever ``with_the_changes`` can have made of it."""
    asked = sorted(guards_rollback.may_hurt(change))
    for count in range(1, len(asked) + 1):
        for names in combinations(asked, count):
            with contextlib.suppress(BadInput):
                yield with_the_changes(change, path, content, frozenset(names))
