# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host keeps of a deadline in a file: twice the first line of a journal, so that each stands by itself.

Damage to one of them costs nothing. Former releases wrote one JSON object without a checksum, which is read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import boot, chain

#: In the directory of a change.
FILE = "armed"
_ENTRY = "armed"
_NUMBER = (int, float)
#: What is needed of it, and of which type: what has no checksum is at least that.
_TYPES: dict[str, tuple[type, ...]] = {
    "seconds": (int,),
    "at": _NUMBER,
    "boot_at": _NUMBER,
    "boot_id": (str,),
    "keeper": (str,),
    "runner": (str,),
    "python": (str,),
    "login": (dict,),
    "unit": (str, type(None)),
}


@dataclass(frozen=True)
class Deadline:
    """``at`` in seconds since the epoch, ``boot_at`` in seconds after the boot ``boot_id``. JSON-ready.

    ``keeper`` is who watches: ``systemd``, or a ``process`` that no reboot survives. ``runner`` is run by ``python``,
    as long as it has the digest that it had then (older releases noted none).
    ``login`` is how the server is reached and may hold a password, so the file is root's alone. ``damage`` is why
    nothing is known of it, else empty: such a deadline has passed, since nobody could prove that it has not.
    """

    seconds: int
    at: float
    boot_at: float
    boot_id: str
    keeper: str
    runner: str
    python: str
    login: dict[str, Any]
    unit: str | None
    damage: str = ""
    runner_digest: str = ""

    def is_other_boot(self) -> bool:
        """Whether the host was booted since, or may have been."""
        return bool(self.damage) or self.boot_id != boot.identity()

    def is_over(self, within: float = 0.0) -> bool:
        """Whether it has passed, or will within so many seconds; after a reboot anyhow, whatever the clock says."""
        return self.is_other_boot() or boot.seconds() + within >= self.boot_at

    def shown(self) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.at))


def encode(facts: Mapping[str, Any]) -> bytes:
    """The file with these facts."""
    ((line, _digest),) = chain.write([{"entry": _ENTRY, **facts}])
    return line + line


def decode(data: bytes) -> dict[str, Any] | None:
    """The facts of its first sound copy, None where there is none. Raises nothing, whatever the bytes are."""
    half = data[len(data) // 2 :]  # where what stands before the second copy has swallowed its beginning
    for entry in (*chain.read(data).entries, *chain.read(half).entries):
        if entry["entry"] == _ENTRY:
            return {name: value for name, value in entry.items() if name != "entry"}
    try:
        facts = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return facts if isinstance(facts, dict) and all(_fits(facts, name) for name in _TYPES) else None


def _fits(facts: Mapping[str, Any], name: str) -> bool:
    return name in facts and isinstance(facts[name], _TYPES[name]) and not isinstance(facts[name], bool)
