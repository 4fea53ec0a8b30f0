# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes of this host: one directory each below the state directory, and one lock."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from .._errors import BadInput, ChangeError
from . import lock
from .damaged import Damaged
from .journal import Journal, sync_directory

STATE_DIRECTORY = "/var/lib/lowlat"

#: What the newest entry of a journal says about the change.
STATES = {
    "opened": "open",
    "applied": "applied",
    "confirmed": "confirmed",
    "rolling_back": "rolling_back",
    "rolled_back": "rolled_back",
    "rollback_failed": "rollback_failed",
}
#: Nobody else may start a change before one in these states has come to an end.
UNFINISHED = ("open", "applied", "rolling_back", "rollback_failed")


@dataclass
class Change:
    """One phase applied to one host, as its journal tells."""

    change_id: str
    directory: Path
    journal: Journal

    @property
    def opened(self) -> dict[str, Any]:
        """The first entry: name, owner, time, settings with their pre-images, file images."""
        return self.journal.entries[0]

    @property
    def name(self) -> str:
        return str(self.opened["name"])

    @property
    def state(self) -> str:
        entry = self.journal.last(*STATES)
        return STATES[entry["entry"]] if entry else "open"

    @property
    def age(self) -> int:
        """Seconds since it was opened."""
        return max(0, int(time.time() - float(self.opened["opened_at"])))

    def describe(self) -> str:
        opened = self.opened
        return f"{self.change_id} (phase {self.name}, {self.state}, by {opened['owner']}, {self.age} s ago)"


class Store:
    """The state directory (0700). Nothing is created before the first change is opened."""

    def __init__(self, path: str = STATE_DIRECTORY) -> None:
        self.path = Path(path)
        self._changes = self.path / "changes"

    @contextlib.contextmanager
    def locked(self, patience: float = 0.0, doing: str = "") -> Iterator[None]:
        """Hold the host's lock; ChangeError where another process holds it for longer than ``patience`` seconds.

        ``doing`` is told to whoever finds it held.
        """
        self._make(self.path)
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not lock.take(descriptor, patience, doing):
                raise self._held(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _held(self, descriptor: int) -> ChangeError:
        """Nobody may change anything, but everybody may look which change is worked on."""
        try:
            other = self.unfinished()
        except ChangeError:
            other = None
        return ChangeError(
            "Another change is being worked on at this moment",
            where=str(self.path / "lock"),
            why=lock.told(lock.holder(descriptor)) + (f"; open is {other.describe()}" if other else ""),
            remedy="Wait for it to end, then try again",
            **({"open_change": other.change_id} if other else {}),
        )

    def open(self, name: str, prepare: Callable[[Path], Any] = lambda directory: None, **facts: Any) -> Change:
        """A new change whose first entry is durable.

        ``prepare`` is called with its directory before that; where it fails nothing was opened.
        """
        change_id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{name}-{secrets.token_hex(2)}"
        self._make(self.path)
        self._make(self._changes)
        directory = self._changes / change_id
        directory.mkdir(mode=0o700)
        sync_directory(self._changes)
        prepare(directory)
        journal = Journal.create(directory / "journal")
        # The clock may be set; the order of changes must not depend on it. The caller holds the lock.
        sequence = 1 + max((int(change.opened["sequence"]) for change in self.all()), default=0)
        journal.append("opened", name=name, opened_at=time.time(), sequence=sequence, **facts)
        return Change(change_id, directory, journal)

    def all(self) -> list[Change]:
        """Every change that was opened here and can be read, oldest first.

        ChangeError for one that is damaged, unless it is long over (``damaged``).
        """
        changes, damaged = self._load()
        sound = {int(change.opened["sequence"]) for change in changes}
        for one in damaged:
            if not one.is_over(sound):
                raise one.error
        return changes

    def damaged(self) -> list[Damaged]:
        """Changes whose journals cannot be read."""
        return self._load()[1]

    def _load(self) -> tuple[list[Change], list[Damaged]]:
        changes: list[Change] = []
        damaged: list[Damaged] = []
        for directory in sorted(self._changes.iterdir()) if self._changes.is_dir() else ():
            path = directory / "journal"
            if not path.exists():
                continue
            try:
                journal = Journal.load(path)
            except ChangeError as error:
                damaged.append(Damaged.look(directory, error))
                continue
            if journal.entries:  # else: died before its first entry, so before any write
                changes.append(Change(directory.name, directory, journal))
        return sorted(changes, key=lambda change: int(change.opened["sequence"])), damaged

    def unfinished(self) -> Change | None:
        return next((change for change in reversed(self.all()) if change.state in UNFINISHED), None)

    def find(self, change_id: str | None = None, name: str | None = None) -> Change:
        """By id; else the unfinished one; else the newest (of that name), whatever became of it."""
        changes = self.all()
        if change_id:
            for change in changes:
                if change.change_id == change_id:
                    return change
            for one in self.damaged():
                if one.change_id == change_id:
                    raise one.error
            raise BadInput(
                f"There is no change {change_id!r} on this host",
                where=str(self._changes),
                why="known are: " + (", ".join(change.change_id for change in changes) or "none"),
                remedy="Ask lowlat.redis.change_info for the changes of this host",
            )
        named = [change for change in changes if name in (None, change.name)]
        unfinished = [change for change in named if change.state in UNFINISHED]
        if unfinished or named:
            return (unfinished or named)[-1]
        raise BadInput(
            "There is no change" + (f" named {name!r}" if name else "") + " on this host",
            where=str(self._changes),
            why="none was ever opened here",
            remedy="Apply one first, or name the state directory it was made in",
        )

    @staticmethod
    def _make(path: Path) -> None:
        if not path.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700, exist_ok=True)
            sync_directory(path.parent)
