# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The change's write-ahead record: appended, checksummed, durable before the write it covers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .._errors import ChangeError
from .._host import files
from . import chain
from .chain import Lost

#: 1 had the whole opening in one line; it is still read.
VERSION = 2
#: Stands for a line that was damaged, where it stood.
_DAMAGE = "damage"


class Journal:
    """Certain entries of one change, oldest first, and which lines are lost.

    An entry is a JSON object with the key ``entry``.
    """

    def __init__(self, path: Path, content: chain.Content | None = None) -> None:
        self.path = path
        self._content = content or chain.Content()
        self.entries: list[dict[str, Any]] = []
        self.lost: list[Lost] = []
        for number, entry in enumerate([*self._content.entries, None]):
            here = len(self.entries)
            self.lost.extend(Lost(one.line, here) for one in self._content.lost if one.after == number)
            if entry is not None and entry["entry"] == _DAMAGE:
                self.lost.append(Lost(int(entry["line"]), here))
            elif entry is not None:
                self.entries.append(entry)

    @classmethod
    def create(cls, path: Path, entries: Sequence[dict[str, Any]] = ()) -> Journal:
        """A journal that exists durably with all of these entries or not at all, readable by its owner alone."""
        _write_whole(path, (dict(entry, version=VERSION) for entry in entries))
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> Journal:
        """What is certain, and which lines are not. OSError where the file cannot be read.

        ChangeError where a newer release has written to it: nobody guesses here what that means.
        """
        content = chain.read(path.read_bytes())
        for entry in content.entries:
            version = entry.get("version")
            if isinstance(version, int) and version > VERSION:
                raise ChangeError(
                    "A newer release of lowlat.redis has written to the journal of this change",
                    where=str(path),
                    why=f"its entry {entry['entry']} has version {version}, and this release knows {VERSION}",
                    remedy="Use the newer release for the changes of this host",
                )
        return cls(path, content)

    def append(self, entry: str, **facts: Any) -> None:
        """Write one entry and return only when it is on the disk."""
        if not self._content.sound:
            self._mend()
        record = {"entry": entry, "version": VERSION, **facts}
        ((line, digest),) = chain.write([record], self._content.digest)
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
            try:
                os.ftruncate(descriptor, self._content.size)  # what a crash cut short is no entry
                _write(descriptor, line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.truncate(self.path, self._content.size)  # what was not written durably was not written
            # The call knows no name, and the reader wants to know which disk is full.
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        self._content.digest = digest
        self._content.size += len(line)
        self._content.entries.append(record)
        self.entries.append(record)

    def last(self, *names: str) -> dict[str, Any] | None:
        """The newest entry with one of these names."""
        return next((entry for entry in reversed(self.entries) if entry["entry"] in names), None)

    def lost_since(self, entry: dict[str, Any] | None) -> list[int]:
        """The numbers of the lines that are lost after this entry; of all for None."""
        place = next((number for number, one in enumerate(self.entries, start=1) if one is entry), 0)
        return [lost.line for lost in self.lost if lost.after >= place]

    def _mend(self) -> None:
        """Keep the damaged file as it is, and go on in one that holds the certain lines and names the others."""
        entries = list(self._content.entries)
        for lost in reversed(self._content.lost):
            entries.insert(lost.after, {"entry": _DAMAGE, "line": lost.line, "version": VERSION})
        with contextlib.suppress(FileExistsError):
            os.link(self.path, self.path.with_name(f"{self.path.name}.damaged"))
        self._content = _write_whole(self.path, entries)


def _write_whole(path: Path, entries: Iterable[dict[str, Any]]) -> chain.Content:
    """Put a journal of these entries in the place of whatever is there, durably and in one step."""
    data = b"".join(line for line, _digest in chain.write(entries))
    beside = path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _write(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(beside, path)
        files.sync_directory(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise OSError(error.errno, error.strerror, str(path)) from error
    return chain.read(data)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
