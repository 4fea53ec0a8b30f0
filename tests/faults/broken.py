# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to break the product: each must be found, or the harness proves nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._change import chain, deadline, given_back, opening
from ansible_collections.lowlat.redis.plugins.module_utils._change.journal import Journal
from ansible_collections.lowlat.redis.plugins.module_utils._host import files

_append = Journal.append


def nobody_watches() -> None:
    """No deadline is armed."""
    nothing: Any = SimpleNamespace(shown=str, keeper="nobody")
    deadline.arm = lambda *_arguments: nothing  # type: ignore[assignment]


def journals_late() -> None:
    """The pre-images reach the disk after the first write."""
    create = Journal.create
    kept: dict[Path, Sequence[dict[str, Any]]] = {}

    def later(path: Path, entries: Sequence[dict[str, Any]] = ()) -> Journal:
        kept[path] = entries
        data = b"".join(line for line, _digest in chain.write(dict(entry, version=2) for entry in entries))
        return Journal(path, chain.read(data))

    def append(self: Journal, entry: str, **facts: Any) -> None:
        if self.path in kept:
            create(self.path, kept.pop(self.path))
        _append(self, entry, **facts)

    Journal.create = staticmethod(later)  # type: ignore[assignment, method-assign]
    Journal.append = append  # type: ignore[method-assign]


def forgets_the_files() -> None:
    """No pre-image of a file is journalled."""
    entries = opening.entries
    opening.entries = lambda facts: entries({**facts, "files": []})


def forgets_what_the_server_knew() -> None:
    """A restart is not announced, and nobody asks what a start has taken from the server."""

    def most(self: Journal, entry: str, **facts: Any) -> None:
        if entry != "restarting":
            _append(self, entry, **facts)

    Journal.append = most  # type: ignore[method-assign]
    given_back.after_others = lambda change, host, result, stored_now: None


def leaves_a_copy() -> None:
    """What a killed write has left beside a file stays there."""
    files.remove_leftovers = lambda path, owner: None


def syncs_no_file() -> None:
    """No content is brought to the disk."""
    sync = os.fsync

    def directories(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            sync(descriptor)

    os.fsync = directories  # type: ignore[assignment]


def syncs_no_directory() -> None:
    """No name is brought to the disk."""
    files.sync_directory = lambda directory: None
