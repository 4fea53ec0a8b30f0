# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restart by the operator has taken from the server, told where the change that waited for it is kept.

Nothing is put back there: the operator may have meant it. A rollback gives it back (``given_back``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._server import directives
from .._server.connection import server_errors
from .._settings.setting import Host
from . import preimage, remembered, said, sealed
from .store import Change


def told(change: Change, host: Host) -> list[str]:
    """A warning that names all of it, with the values of before. Empty where the server is still the same process."""
    known = change.opened["server"]
    if not known or remembered.is_same_process(host, known):
        return []
    with server_errors(host.address):
        found = sorted(_values(change, host))
    cpus = known.get("cpus") or []
    if cpus and not remembered.PINNING & preimage.ours(change) and remembered.cpus(host) != cpus:
        found.append(f"the CPUs of its threads (they were {', '.join(map(str, cpus))})")
    if not found:
        return []
    return [
        f"the server was started again since the change, and is without what stood in no file: {'; '.join(found)}. "
        "The change was kept with the values of now: set them again if they are to stay, and write them into its "
        "config file or its unit"
    ]


def _values(change: Change, host: Host) -> Iterator[str]:
    """Of the directives that the change is not about, those of before that the new process has not got."""
    runtime, stored_now = change.opened["runtime"], said.now(change)
    theirs = preimage.ours(change) | said.edited(change, stored_now)
    for name, now in directives.running(host.client).items():
        then, primary = runtime.get(name, now), directives.primary(name)
        if then == now or sealed.is_sealed(then) or not theirs.isdisjoint((name, primary)):
            continue  # what is sealed stood in the file
        # Another value than the file's was set since that start: by somebody, or by a failover.
        if primary not in stored_now or directives.same(name, stored_now[primary], now):
            yield name if directives.secret(name) else _with_its_value(name, then)


def _with_its_value(name: str, then: Any) -> str:
    return f"{name} (it was {str(then)!r})"
