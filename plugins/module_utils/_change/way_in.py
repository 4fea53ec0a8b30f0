# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the host itself gets in to the server of a change, with what it was left for that or without it."""

from __future__ import annotations

from typing import Callable

from .._errors import ServerError
from .._server.connection import Address
from .._settings.setting import Host
from . import waiting
from .deadline import Deadline
from .store import Change


def opened_at(change: Change) -> Address | None:
    """Where the server of the change was reached, as its journal tells; None where that is lost."""
    text = str(change.opened["server"].get("address", ""))
    if text.startswith("unix:"):
        return Address(unix_socket=text[len("unix:") :])
    host, _colon, port = text.rpartition(":")
    if not (host and port.isdigit()):
        return None
    return Address(host=host.strip("[]"), port=int(port), **change.opened["connection"])


def connecting(change: Change, armed: Deadline) -> Callable[[], Host]:
    """What gets a fresh connection each time it is called, with the login that the deadline holds.

    Where that is damaged, to the address that the journal tells.
    """
    if not armed.damage:
        return waiting.connecting(Address.from_options(armed.login))
    address = opened_at(change)
    return waiting.connecting(address) if address else _nowhere(change)


def _nowhere(change: Change) -> Callable[[], Host]:
    def connect() -> Host:
        raise ServerError(
            "Nobody knows any more which server the change was made on",
            where=change.describe(),
            why="neither its journal nor what was kept for its deadline tells it",
            remedy="Roll the change back by lowlat.redis.change with the address and the login of that server",
            code="unknown",
        )

    return connect
