# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that systemd stops and starts again together with a unit, since theirs say that they need it."""

from __future__ import annotations

import contextlib

from .._host import systemd
from .instance import SERVERS

#: What a stop of the unit is passed on by.
_BONDS = ("RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo")
#: Nobody has as many; what goes round in circles ends.
_MOST = 50


def running(unit: str) -> dict[str, bool]:
    """Those that run now, by name; true of one that is a server like this itself, with data of its own."""
    found: dict[str, bool] = {}
    seen, waiting = {unit}, [unit]
    while waiting and len(seen) < _MOST:
        shown = systemd.show(waiting.pop(), [*_BONDS, "MainPID", "Id"])
        name, pid = shown.get("Id", ""), shown.get("MainPID", "0")
        if name not in ("", unit) and pid not in ("", "0"):
            found[name] = _is_server(pid)
        new = [each for bond in _BONDS for each in shown.get(bond, "").split() if each not in seen]
        seen.update(new)
        waiting.extend(dict.fromkeys(new))
    return found


def servers(unit: str | None) -> list[str]:
    """Those of them that would lose, or load anew, data of their own."""
    return sorted(name for name, server in running(unit).items() if server) if unit else []


def _is_server(pid: str) -> bool:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
        return file.read().strip() in SERVERS
    return False
