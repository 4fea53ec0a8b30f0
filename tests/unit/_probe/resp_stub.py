# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that answers with whatever the test says, in the pieces that the test says."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
import termios
import threading
from collections.abc import Sequence

CLOSE = b""


class Stub:
    """Each entry of ``answers`` is the list of pieces for one request; the last entry is repeated.

    A piece is sent only when the one before it has been taken from the socket's buffer; CLOSE ends the connection.
    """

    def __init__(self, answers: Sequence[Sequence[bytes]]) -> None:
        self.client, self._server = socket.socketpair()
        self.answers = list(answers)
        self.requests = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        # A test that has seen enough closes its end at any moment.
        with self._server, contextlib.suppress(OSError, ValueError):
            while self._server.recv(4096):
                pieces = self.answers[min(self.requests, len(self.answers) - 1)]
                self.requests += 1
                for piece in pieces:
                    if piece == CLOSE:
                        return
                    self._server.sendall(piece)
                    self._wait_until_read()

    def _wait_until_read(self) -> None:
        unread = 1
        # Bounded: a reader that never comes must not hang the test.
        for _try in range(100_000):
            if not unread or self.client.fileno() < 0:
                return
            packed = fcntl.ioctl(self.client.fileno(), termios.FIONREAD, b"\0\0\0\0")
            unread = struct.unpack("i", packed)[0]

    def close(self) -> None:
        self.client.close()
        self._thread.join()
