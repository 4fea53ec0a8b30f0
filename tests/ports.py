# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports on loopback for servers that tests start, and start again."""

from __future__ import annotations

import contextlib
import random
import socket

#: A cluster's bus listens so far above its server.
_BUS = 10_000
_held: dict[int, socket.socket] = {}


def free_port() -> int:
    """Nobody else gets it until it is given back or this process ends, however often its server is down.

    What holds it is a UDP socket on the same number, which every other process that asks here sees and no server of
    TCP minds. It and the bus are below the ports that the kernel gives to clients.
    """
    while True:
        port = random.randrange(15_000, 22_700)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            held = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            held.bind(("127.0.0.1", port))
            for one in (port, port + _BUS):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", one))
            _held[port] = held.dup()
            return port


def give_back(port: int) -> None:
    """Its server will not start again."""
    if port in _held:
        _held.pop(port).close()
