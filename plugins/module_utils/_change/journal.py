# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The change's write-ahead record: appended, checksummed, durable before the write it covers.

A line is ``<digest> <json>\n``. The digest covers the digest before it as well, so that a flipped
bit, a lost line or a changed order shows. A last line that a crash cut short is no entry.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from .._errors import ChangeError

VERSION = 1
_DIGEST_LENGTH = 32  # hexadecimal digits


class Journal:
    """Entries of one change, oldest first. An entry is a JSON object with the key ``entry``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last_digest = ""
        self._size = 0
        self.entries: list[dict[str, Any]] = []

    @classmethod
    def create(cls, path: Path) -> Journal:
        """An empty journal that exists durably, readable by its owner alone."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_directory(path.parent)
        return cls(path)

    @classmethod
    def load(cls, path: Path) -> Journal:
        """Read and check every line; ChangeError where one is damaged."""
        journal = cls(path)
        lines = path.read_bytes().split(b"\n")
        for number, line in enumerate(lines[:-1], start=1):
            entry = journal._checked(line)
            if entry is None:
                raise ChangeError(
                    "The journal of this change is damaged",
                    where=f"{path}, line {number}",
                    why="the line does not match its checksum",
                    remedy="Restore this host by hand from the lines before it; nothing was guessed or written",
                )
            journal.entries.append(entry)
            journal._size += len(line) + 1
        return journal

    def append(self, entry: str, **facts: Any) -> None:
        """Write one entry and return only when it is on the disk."""
        record = {"entry": entry, "version": VERSION, **facts}
        text = json.dumps(record, sort_keys=True, separators=(",", ":"))
        digest = self._digest(text)
        line = f"{digest} {text}\n".encode()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            os.ftruncate(descriptor, self._size)  # what a crash cut short is no entry
            view = memoryview(line)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        except OSError as error:
            # The call knows no name, and the reader wants to know which disk is full.
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        finally:
            os.close(descriptor)
        self._last_digest = digest
        self._size += len(line)
        self.entries.append(record)

    def last(self, *names: str) -> dict[str, Any] | None:
        """The newest entry with one of these names."""
        return next((entry for entry in reversed(self.entries) if entry["entry"] in names), None)

    def _digest(self, text: str) -> str:
        return _digest(self._last_digest, text)

    def _checked(self, line: bytes) -> dict[str, Any] | None:
        digest, _space, text = line.decode("utf-8", "replace").partition(" ")
        if not text or self._digest(text) != digest:
            return None
        self._last_digest = digest
        record: dict[str, Any] = json.loads(text)
        return record


def follows(before: bytes, line: bytes) -> dict[str, Any] | None:
    """The entry of a line, if it is whole and was written after the line before it (empty for the first)."""
    digest, _space, text = line.decode("utf-8", "replace").partition(" ")
    last_digest = before.decode("utf-8", "replace").partition(" ")[0]
    if not text or _digest(last_digest, text) != digest:
        return None
    entry: dict[str, Any] = json.loads(text)
    return entry


def _digest(last_digest: str, text: str) -> str:
    return hashlib.sha256(f"{last_digest} {text}".encode()).hexdigest()[:_DIGEST_LENGTH]


def sync_directory(path: Path) -> None:
    """Make names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
