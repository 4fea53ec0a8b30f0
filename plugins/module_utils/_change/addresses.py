# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the server of a change is reached, as its journal tells, whether it answers there or not."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
from collections.abc import Sequence

from .._libraries import psutil
from .._server.connection import Address
from .store import Change

#: What a server binds that listens at every address, by the kinds of address that it means.
_EVERYWHERE = {"*": (4,), "0.0.0.0": (4,), "::": (6,), "::*": (6,)}


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
    words = [word.lstrip("-") for word in str(runtime.get("bind", "")).split()]
    hosts = [*([] if known.unix_socket else [known.host]), *(word for word in words if word not in _EVERYWHERE)]
    found = _resolved(asked.host)
    if found & {each for host in hosts for each in _resolved(host)}:
        return True
    return any(_is_listened_at(each, words) for each in found)


def _is_one_of(path: str, known: tuple[str | None, ...]) -> bool:
    return any(each and os.path.realpath(each) == os.path.realpath(path) for each in known)


def _is_listened_at(host: str, words: Sequence[str]) -> bool:
    """Whether a server that binds these (nothing is everything) listens there as at any other address of this host."""
    with contextlib.suppress(ValueError):  # a name that nobody resolves
        address = ipaddress.ip_address(host.partition("%")[0])
        everywhere = not words or any(address.version in _EVERYWHERE.get(word, ()) for word in words)
        return everywhere and (address.is_loopback or str(address) in _own())
    return False


def _own() -> set[str]:
    """The addresses of this host's interfaces."""
    with contextlib.suppress(OSError):
        found = (one for each in psutil.net_if_addrs().values() for one in each)
        return {one.address.partition("%")[0] for one in found if one.family in (socket.AF_INET, socket.AF_INET6)}
    return set()


def _resolved(host: str) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        return {host}
