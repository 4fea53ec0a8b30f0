# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of the file that holds a deadline: twice the first line of a journal, so that each stands by itself. Pure.

Damage to one of them costs nothing. Former releases wrote one JSON object without a checksum, which is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import chain

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
