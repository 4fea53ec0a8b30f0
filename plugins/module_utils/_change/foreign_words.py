# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody else has set, in words. Pure, so that whoever writes a record knows them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def sentence(entry: Mapping[str, Any]) -> str:
    """One entry in words."""
    if entry["where"] == "file":
        return _of_a_file(entry)
    ends = {"restored": "it was put back", "kept": "it stays", "left": "nothing was done about it"}
    unit = f" of {entry['unit']}" if entry["unit"] else ""
    found = f"is {entry['where']} {entry['found']!r}, which somebody set after the change"
    if entry.get("by_start"):
        found = f"is live {entry['found']!r}, which a start has brought from its file, where somebody set it"
    if entry["where"] == "stored" and entry["found"] is None:
        found = "is stored nowhere any more: somebody took it out after the change"
    return (
        f"{entry['kind']} {entry['key']}{unit} {found} (before it {entry['before']!r}, by it {entry['set']!r}): "
        f"{ends[entry['done']]}"
    )


def _of_a_file(entry: Mapping[str, Any]) -> str:
    if entry["found"] == "existence":
        ends = {
            "restored": "it was made again as it was before the change",
            "kept": "it was not made again, so what it held before the change is gone too",
            "left": "it was not made again",
        }
        return f"{entry['key']} was removed after the change: {ends[entry['done']]}"
    ends = {
        "restored": "it was put back as it was before the change",
        "kept": "of it only the change's own lines were taken back, all else stays",
        "left": "nothing was done about it",
    }
    copy = f"; what stood there is in {entry['copy']}" if entry["copy"] else ""
    return f"{entry['key']} was edited after the change (it differs in {entry['found']}): {ends[entry['done']]}{copy}"


def others(warnings: Iterable[str], entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """The warnings that say something else: where the entries stand by themselves, they are told once."""
    told = {sentence(entry) for entry in entries}
    return [warning for warning in warnings if warning not in told]
