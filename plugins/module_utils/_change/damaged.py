# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change whose journal is damaged: whether it can be told that it ended before others began."""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._errors import ChangeError
from .journal import follows

_ENDS = ("confirmed", "rolled_back")
_SEQUENCE = re.compile(rb'"sequence":(\d+)')


@dataclass(frozen=True)
class Damaged:
    """``sequence`` and ``end`` are what can still be read, None where that is nothing certain."""

    change_id: str
    error: ChangeError
    sequence: int | None
    end: str | None

    @classmethod
    def look(cls, directory: Path, error: ChangeError) -> Damaged:
        """What an undamaged last line says, and the number that the first one gives."""
        lines = (directory / "journal").read_bytes().split(b"\n")[:-1]
        number = _SEQUENCE.search(lines[0])
        last = follows(lines[-2] if len(lines) > 1 else b"", lines[-1])
        end = last["entry"] if last and last["entry"] in _ENDS else None
        return cls(directory.name, error, int(number[1]) if number else None, end)

    def is_over(self, sound: Collection[int]) -> bool:
        """Whether it is in nobody's way: it has ended, and a later change, which could not have begun otherwise,
        has begun. ``sound`` are the numbers of the changes that can be read.
        """
        if self.end is None or self.sequence is None:
            return False
        return self.sequence not in sound and self.sequence < max(sound, default=0)

    def report(self) -> dict[str, Any]:
        """As history tells a change."""
        stamp, _dash, rest = self.change_id.partition("-")
        try:
            opened = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
        except ValueError:
            opened = 0
        return {
            "change_id": self.change_id,
            "name": rest.rpartition("-")[0],
            "state": "damaged",
            "owner": "unknown",
            "opened_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(opened)),
            "age": max(0, int(time.time() - opened)),
            "server": {},
            "settings": [],
            "pending_restart": [],
            "left": [self.error.message],
        }
