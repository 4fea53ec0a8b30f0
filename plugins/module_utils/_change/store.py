# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes of this host: one directory each below the state directory, and one lock."""

from __future__ import annotations

import contextlib
import difflib
import functools
import math
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from .._errors import BadInput, ChangeError
from .._host import files
from .._host.absolute import refuse_relative
from . import lock, opening
from .journal import Journal

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
ENDS = ("confirmed", "rolled_back", "rollback_failed")
#: Nobody else may start a change before one in these states has come to an end.
UNFINISHED = ("open", "applied", "rolling_back", "rollback_failed")
_ELSEWHERE = (
    "If one was made in another state directory, name that: state_directory, or -e gated_change_state_directory=... "
    "for a playbook. lowlat.redis.status tells which changes there are in one"
)


@dataclass
class Change:
    """One phase applied to one host, as its journal tells."""

    change_id: str
    directory: Path
    journal: Journal

    @functools.cached_property
    def _opening(self) -> opening.Opening:
        return opening.read(self.change_id, self.journal)

    @property
    def opened(self) -> dict[str, Any]:
        """Name, owner, time, settings with their pre-images, file images: what is certain of them."""
        return self._opening.facts

    @property
    def lost(self) -> list[str]:
        """What its journal told and tells no more, a phrase each. Empty for one that is sound."""
        steps = (f"a step that the journal told in its line {line}" for line in opening.lost_steps(self.journal))
        return [*self._opening.lost, *steps]

    @property
    def name(self) -> str:
        return str(self.opened["name"])

    @property
    def sequence(self) -> int | None:
        """Its place among the changes of this host; None if that is lost."""
        return self.opened["sequence"]  # type: ignore[no-any-return]

    @property
    def state(self) -> str:
        entry = self.journal.last(*STATES)
        state = STATES[entry["entry"]] if entry else "open"
        # Nothing but a rollback comes after that.
        return "rolling_back" if state == "confirmed" and self.journal.lost_since(entry) else state

    @property
    def end(self) -> dict[str, Any]:
        """The entry that ended it: when (``at``) and who did it (``by``), which older journals do not tell."""
        return (self.journal.last(*STATES) or {}) if self.state in ENDS else {}

    @property
    def pending_restart(self) -> list[str]:
        """Keys that were written and wait for a restart, as far as was known when it was applied, confirmed or ended.

        Of one that was taken back those that somebody else has written.
        """
        if self.state in ("rolled_back", "rollback_failed"):
            return list(self.end.get("pending", []))
        if self.state not in ("applied", "confirmed"):
            return []
        applied, confirmed = self.journal.last("applied") or {}, self.journal.last("confirmed") or {}
        return list(confirmed.get("pending", applied.get("pending", [])))

    @property
    def age(self) -> int:
        """Seconds since it was opened."""
        return max(0, int(time.time() - float(self.opened["opened_at"])))

    def describe(self) -> str:
        opened = self.opened
        return f"{self.change_id} (phase {self.name}, {self.state}, by {opened['owner']}, {self.age} s ago)"


class Store:
    """The state directory (0700). Nothing is created before the first change is opened.

    BadInput for a relative path: the units of a deadline, and whoever looks later, work in other directories.
    """

    def __init__(self, path: str = STATE_DIRECTORY) -> None:
        refuse_relative("state_directory", path)
        self.path = Path(path)
        self._changes = self.path / "changes"
        self._journals: dict[Path, tuple[tuple[int, ...], Journal]] = {}

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

    def may_be_worked_in(self) -> bool:
        """Whether whoever held the lock last still runs, or nobody can tell; it is not touched. OSError."""
        try:
            descriptor = os.open(self.path / "lock", os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            last = lock.holder(descriptor)
            return last is None or last.runs()
        finally:
            os.close(descriptor)

    def _held(self, descriptor: int) -> ChangeError:
        """Nobody may change anything, but everybody may look which change is worked on."""
        other = self.unfinished()
        return ChangeError(
            "Another change is being worked on at this moment",
            where=str(self.path / "lock"),
            why=lock.told(lock.holder(descriptor)) + (f"; open is {other.describe()}" if other else ""),
            remedy="Wait for it to end, then try again",
            **({"open_change": other.change_id} if other else {}),
        )

    def open(self, name: str, prepare: Callable[[Path], Any] = lambda directory: None, **facts: Any) -> Change:
        """A new change whose opening is durable; ``facts`` are its pre-images and what else it needs.

        ``prepare`` is called with its directory before that; where it fails nothing was opened.
        """
        # The clock may be set; the order of changes must not depend on it. The caller holds the lock.
        known = self.all()
        sequence = 1 + max((change.sequence or 0 for change in known), default=0)
        sequence += sum(change.sequence is None for change in known)
        change_id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{name}-{secrets.token_hex(2)}"
        for path in (self.path, self._changes):
            self._make(path)
        directory = self._changes / change_id
        self._make(directory)
        prepare(directory)
        entries = opening.entries({"name": name, "opened_at": time.time(), "sequence": sequence, **facts})
        return Change(change_id, directory, Journal.create(directory / "journal", list(entries)))

    def all(self) -> list[Change]:
        """Every change that was opened here, oldest first, those too whose journals are damaged."""
        directories = sorted(self._changes.iterdir()) if self._changes.is_dir() else ()
        # One without a journal died before it was opened, so before any write.
        changes = [change for change in map(self.at, directories) if change]
        return sorted(changes, key=lambda change: _order(change, changes))

    def at(self, directory: Path) -> Change | None:
        """The change in this directory of the store, None where none was opened. What others hold is not looked at."""
        journal = directory / "journal"
        return Change(directory.name, directory, self._journal(journal)) if journal.exists() else None

    def _journal(self, path: Path) -> Journal:
        """Read again only if its file is no longer the one that was read: a host has many, and a request asks often."""
        status = path.stat()
        file = (status.st_ino, status.st_size, status.st_mtime_ns)
        known = self._journals.get(path)
        if known is None or known[0] != file:
            known = self._journals[path] = file, Journal.load(path)
        return known[1]

    def unfinished(self) -> Change | None:
        return next((change for change in reversed(self.all()) if change.state in UNFINISHED), None)

    def find(self, change_id: str | None = None, name: str | None = None) -> Change:
        """By id; else the unfinished one; else the newest (of that name), whatever became of it."""
        changes = self.all()
        if change_id:
            for change in changes:
                if change.change_id == change_id:
                    return change
            raise BadInput(
                f"There is no change {change_id!r} on this host",
                where=str(self._changes),
                why="known are: " + (", ".join(change.change_id for change in changes) or "none"),
                remedy="lowlat.redis.status and lowlat.redis.change_info tell what each is" if changes else _ELSEWHERE,
            )
        named = [change for change in changes if name in (None, change.name)]
        unfinished = [change for change in named if change.state in UNFINISHED]
        if unfinished or named:
            return (unfinished or named)[-1]
        names = sorted({change.name for change in changes})
        near = difflib.get_close_matches(str(name), names, 1)
        instead = f"Did you mean {near[0]}?" if near else "Name one of them"
        raise BadInput(
            "There is no change" + (f" named {name!r}" if name else "") + " on this host",
            where=str(self._changes),
            why=f"the changes of this host are of {', '.join(names)}" if names else "none was ever opened here",
            remedy=instead if names else _ELSEWHERE,
        )

    @staticmethod
    def _make(path: Path) -> None:
        missing = [path, *path.parents][: next(n for n, each in enumerate([path, *path.parents]) if each.is_dir())]
        for each in reversed(missing):
            each.mkdir(mode=0o700 if each == path else 0o755, exist_ok=True)
            files.sync_directory(each.parent)


def _order(change: Change, changes: Sequence[Change]) -> tuple[float, str]:
    """By sequence. One whose own is lost is the newest while nobody could start another, else where its name sorts."""
    place: float | None = change.sequence
    if place is None and change.state in UNFINISHED:
        place = math.inf
    elif place is None:
        place = max((other.sequence or 0 for other in changes if other.change_id < change.change_id), default=0)
    return place, change.change_id
