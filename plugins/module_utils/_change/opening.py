# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The opening of a change in its journal: a line for each pre-image, so that damage costs one of them and not all.

What is small and needed for any of them, and the names of all, stands in the first and again in the last line.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .journal import Journal

_FIRST, _LAST = "opened", "ready"
#: Facts that get a line each, or a line for each item of a list.
_LISTS = {"settings": "setting", "files": "file"}
_SINGLE = ("runtime", "stored", "launch", "services", "lines")


@dataclass(frozen=True)
class Opening:
    """``facts`` as they were given to ``entries``, as far as they are certain; ``lost`` names the others."""

    facts: dict[str, Any]
    lost: list[str]


def entries(facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries of an opening with these facts."""
    split = {*_LISTS, *_SINGLE}
    head = {name: value for name, value in facts.items() if name not in split}
    names = {name: [_name_of(item) for item in facts.get(name, ())] for name in _LISTS}
    names.update({name: [] for name in _SINGLE if name in facts})
    yield {"entry": _FIRST, "facts": head, "names": names}
    for name, entry in _LISTS.items():
        for number, item in enumerate(facts.get(name, ())):
            yield {"entry": entry, "number": number, "facts": item}
    for name in _SINGLE:
        if name in facts:
            yield {"entry": name, "facts": facts[name]}
    yield {"entry": _LAST, "facts": head, "names": names}


def read(change_id: str, journal: Journal) -> Opening:
    """Put the opening together again. Nothing is guessed: what is not certain gets a value that does nothing."""
    first = next((entry for entry in journal.entries if entry["entry"] in (_FIRST, _LAST)), None)
    if first is None:
        return Opening({**_unknown(change_id), **_parts(journal)}, ["all that it wrote: its journal does not tell"])
    if "facts" not in first:  # version 1: all in one line
        facts = {name: value for name, value in first.items() if name not in ("entry", "version")}
        return Opening({**_unknown(change_id), **facts}, [])
    facts = {**_unknown(change_id), **first["facts"], **_parts(journal)}
    return Opening(facts, list(_missing(journal, first["names"])))


def lost_steps(journal: Journal) -> list[int]:
    """The numbers of lost lines that came after the opening."""
    inside = {_FIRST, _LAST, *_LISTS.values(), *_SINGLE}
    known = [entry for entry in journal.entries if entry["entry"] in inside]
    lost = journal.lost_since(known[-1] if known else None)
    if not known:
        return []  # it is not even certain that there was one
    whole = known[-1]["entry"] == _LAST or int(known[0]["version"]) == 1
    return lost if whole else lost[1:]


def _parts(journal: Journal) -> dict[str, Any]:
    lists: dict[str, Any] = {
        name: [each["facts"] for each in sorted(_all(journal, entry), key=lambda each: int(each["number"]))]
        for name, entry in _LISTS.items()
    }
    return {**lists, **{name: found["facts"] for name in _SINGLE for found in _all(journal, name)}}


def _missing(journal: Journal, names: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name, entry in _LISTS.items():
        here = {int(found["number"]) for found in _all(journal, entry)}
        yield from (item for number, item in enumerate(names.get(name, ())) if number not in here)
    told = {
        "runtime": "what only the running server knew",
        "stored": "what its config file said",
        "launch": "how the server was started",
        "services": "how other services ran",
        "lines": "which lines of its files were its own",
    }
    yield from (told[name] for name in _SINGLE if name in names and not _all(journal, name))


def _all(journal: Journal, entry: str) -> list[dict[str, Any]]:
    return [found for found in journal.entries if found["entry"] == entry]


def _name_of(item: Mapping[str, Any]) -> str:
    if "path" in item:
        return f"file {item['path']}"
    setting = item["setting"]
    return f"{setting['kind']} {setting['key']}" + (f" of {setting['unit']}" if setting.get("unit") else "")


def _unknown(change_id: str) -> dict[str, Any]:
    """What stands for facts that are lost, or that older journals do not tell; the name tells some of them."""
    stamp, _dash, rest = change_id.partition("-")
    try:
        opened_at = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        opened_at = 0
    return {
        "name": rest.rpartition("-")[0],
        "owner": "unknown",
        "opened_at": opened_at,
        "sequence": None,
        "mode": "refuse",
        "on_foreign_change": "restore",
        "settings": [],
        "files": [],
        "runtime": {},
        "stored": None,
        "unit": None,
        "launch": None,
        "server": {},
        "connection": {},
        "services": {},
        "lines": {},
        "boot_id": "",
        "keys": None,
        "expiring": None,
    }
