# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the server of a change is reached, as its journal tells, whether it answers there or not."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from .._server.connection import Address
from .store import Change

_LOOPBACK = ("127.0.0.1", "::1")
#: What a server binds that listens everywhere.
_EVERYWHERE = frozenset({"*", "0.0.0.0", "::", "::*"})


def opened_at(change: Change) -> Address | None:
    """By which the change was made, without a login; None where that is lost."""
    text = str(change.opened["server"].get("address", ""))
    if text.startswith("unix:"):
        return Address(unix_socket=text[len("unix:") :])
    host, _colon, port = text.rpartition(":")
    if not (host and port.isdigit()):
        return None
    return Address(host=host.strip("[]"), port=int(port), **change.opened["connection"])


def leads_to(change: Change, asked: Address) -> bool:
    """Whether this is that address or another one of the same server, as far as the journal tells.

    One that tells nothing, as it is damaged or old, contradicts nobody.
    """
    known, runtime = opened_at(change), change.opened["runtime"]
    if known is None:
        return True
    if asked.unix_socket:
        return _is_one_of(asked.unix_socket, (known.unix_socket, runtime.get("unixsocket")))
    if str(asked) == str(known):
        return bool(change.opened["connection"].get("tls", asked.tls) == asked.tls)
    if str(asked.port) != runtime.get("tls-port" if asked.tls else "port"):
        return False
    hosts = [known.host] if known.unix_socket is None else _bound(runtime)
    return bool(_resolved(asked.host) & {each for host in hosts for each in _resolved(host)})


def _is_one_of(path: str, known: tuple[str | None, ...]) -> bool:
    return any(each and os.path.realpath(each) == os.path.realpath(path) for each in known)


def _bound(runtime: Mapping[str, str]) -> list[str]:
    words = [word.lstrip("-") for word in str(runtime.get("bind", "")).split()]
    return list(_LOOPBACK) if not words or _EVERYWHERE.intersection(words) else words


def _resolved(host: str) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        return {host}
