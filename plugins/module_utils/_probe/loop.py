# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timed loop. Hot code: read the whole file before you change a line, then run the probe bench.

Between the two clock reads stand one write and one read and nothing else. Whatever else a block needs (the comparison
of the reply, the subtraction, the bookkeeping) comes after the second clock read. Both calls go to C functions that are
bound to local names; the read asks for exactly the reply's length, so that no buffer is shrunk afterwards. They are
methods of an io.FileIO, which cost a little less than os.write and os.read, to which the descriptor is an argument.
"""

from __future__ import annotations

import io
import select
import socket
import ssl
import time
from array import array
from collections.abc import Callable
from typing import Any

from .commands import Command, complete

# The longest reply that is read to its end to find out what is wrong with it.
_LONGEST = 4096
_BEGINNINGS = (b"+", b"-", b":", b"$")
# A pause shorter than this is spun away: the kernel wakes a sleeper up to 60 us late.
_SPIN_NS = 150_000


class ErrorReply(Exception):
    """The server answered with an error; the text is the server's."""


class Disconnected(Exception):
    """The server closed the connection."""


class Desynchronised(Exception):
    """A reply that does not belong to the request."""


class Channel:
    """The socket of a connection, reduced to ``write(bytes)`` and ``read(size)``, bound to the plain descriptor or TLS.

    Like the descriptor it ends with the socket, which stays the caller's to close.
    """

    def __init__(self, sock: Any) -> None:
        self.socket = sock
        self.tls = isinstance(sock, ssl.SSLSocket)
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fd: int = sock.fileno()
        plain = sock if self.tls else io.FileIO(self.fd, "r+b", closefd=False)
        self.write: Callable[[bytes], Any] = plain.write
        self.read: Callable[[int], bytes] = plain.read

    def settle(self, command: Command, reply: bytes) -> None:
        """Look at a reply that is not the expected one: read on while it is incomplete, and raise unless it is good."""
        if not reply:
            raise Disconnected("it closed the connection")
        # What does not begin like a reply has no end to wait for.
        while reply[:1] in _BEGINNINGS and not complete(reply) and len(reply) < _LONGEST:
            more = self.read(_LONGEST)
            if not more:
                raise Disconnected("it closed the connection")
            reply += more
        if reply == command.reply or command.accepts(reply):
            return
        if reply[:1] == b"-" and reply.count(b"\r\n") == 1:
            raise ErrorReply(reply[1:].strip().decode("utf-8", "backslashreplace"))
        raise Desynchronised(f"it answered {command.name.upper()} with {reply[:80]!r}")

    def expect_silence(self) -> None:
        """Between blocks nothing is asked for, so nothing may come."""
        waiting = self.tls and self.socket.pending()
        if not waiting and select.select([self.fd], [], [], 0)[0]:
            # Over TLS what waits may be a session ticket, which is no reply.
            waiting = not self.tls
        if waiting:
            data = self.socket.recv(80)
            raise Desynchronised(f"it sent {data!r} unasked") if data else Disconnected("it closed the connection")


def run_block(channel: Channel, command: Command, times: array[int], count: int) -> None:
    """``count`` round trips one after the other; their times in nanoseconds go to ``times[0:count]``.

    Raises ErrorReply, Disconnected or Desynchronised; OSError where the socket fails.
    """
    now = time.perf_counter_ns
    write = channel.write
    read = channel.read
    request = command.request
    good = command.reply
    size = command.size
    for i in range(count):
        start = now()
        write(request)
        reply = read(size)
        end = now()
        times[i] = end - start
        if reply != good and not command.accepts(reply):
            channel.settle(command, reply)
            # It came in pieces: the round trip ends with the last one.
            times[i] = now() - start
    channel.expect_silence()


def run_paced_block(
    channel: Channel,
    command: Command,
    times: array[int],
    count: int,
    interval_ns: int,
    now: Callable[[], int] = time.perf_counter_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """As ``run_block``, at a fixed rate; returns by how many nanoseconds the last request was behind its schedule.

    A time counts from the moment at which the request was due, not from when it could be sent: a stall shows up in
    every request that it held back.
    """
    write = channel.write
    read = channel.read
    due = now() + interval_ns
    behind = 0
    for i in range(count):
        wait = due - now()
        if wait > _SPIN_NS:
            sleep((wait - _SPIN_NS) / 1e9)
        while True:
            sent = now()
            if sent >= due:
                break
        behind = sent - due
        write(command.request)
        reply = read(command.size)
        times[i] = now() - due
        if reply != command.reply and not command.accepts(reply):
            channel.settle(command, reply)
            times[i] = now() - due
        due += interval_ns
    channel.expect_silence()
    return behind
