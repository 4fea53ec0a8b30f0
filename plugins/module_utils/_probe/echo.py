# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference: a bare echo responder in a process of its own, on the server's CPU and transport.

It does what an event loop cannot do without: wait, read, write. What a round trip to it takes is the host's floor at
that moment, and whatever slows it down has nothing to do with the server.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import NoReturn

from .commands import Command, ping
from .loop import Channel

METRIC = "reference"
_LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
# Others may knock before our own connection is taken; more than this is no accident.
_STRANGERS = 64
_PATIENCE = 5.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Responder(Channel):
    """The channel to the responder. ``transport`` is tcp or unix, ``pid`` the responder's process."""

    def __init__(self, sock: socket.socket, pid: int) -> None:
        super().__init__(sock)
        self.pid = pid
        self.transport = "unix" if sock.family == socket.AF_UNIX else "tcp"


def reference() -> Command:
    """PING by another name: the responder answers it as Redis would."""
    return replace(ping(), name=METRIC, metric=METRIC)


@contextmanager
def responder(beside: Channel, cpu: int) -> Iterator[Responder]:
    """A responder on ``cpu``, reached in the same way as the server behind ``beside``; TLS becomes plain TCP.

    It is gone when the block is left, and ends by itself when this process is gone. OSError if there can be none.
    """
    ours, theirs = _connected(beside.socket.family)
    pid = 0
    try:
        with _signals_held():
            pid = _fork(theirs, cpu)
            theirs.close()
        yield Responder(ours, pid)
    finally:
        with _signals_held():
            ours.close()
            theirs.close()
            if pid:
                # Not reaped yet, so the number is still its own. It may be stopped, and then would never see the end.
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                with suppress(ChildProcessError):
                    os.waitpid(pid, 0)


def _connected(family: int) -> tuple[socket.socket, socket.socket]:
    """Two ends of one connection to which nobody else has an end."""
    if family == socket.AF_UNIX:
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind((_LOOPBACK[socket.AddressFamily(family)], 0))
        listener.listen(_STRANGERS)
        listener.settimeout(_PATIENCE)
        ours = socket.socket(family, socket.SOCK_STREAM)
        try:
            ours.settimeout(_PATIENCE)
            ours.connect(listener.getsockname())
            theirs = _accept(listener, ours.getsockname())
        except BaseException:
            ours.close()
            raise
    ours.settimeout(None)
    theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return ours, theirs


def _accept(listener: socket.socket, wanted: object) -> socket.socket:
    for _attempt in range(_STRANGERS):
        accepted, peer = listener.accept()
        if peer == wanted:
            accepted.settimeout(None)
            return accepted
        accepted.close()
    raise ConnectionError("others connect to the reference's port faster than it does itself")


@contextmanager
def _signals_held() -> Iterator[None]:
    """The signals that end a measurement come only afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _fork(sock: socket.socket, cpu: int) -> int:
    """The process id of the responder on ``sock``.

    The signals are held, and stay so in the child: it must not run our handlers. A signal to the whole group ends the
    parent, and the end of the parent ends the child.
    """
    with warnings.catch_warnings():
        # From Python 3.12 on, for a process with threads. The child takes no lock that a thread could hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _child(sock.fileno(), cpu)
    return pid


def _child(fd: int, cpu: int) -> NoReturn:
    """Never returns, whatever happens: there must not be two of the parent."""
    try:
        gc.disable()
        # The parent's connections must close when the parent does, its own end of ours above all.
        for name in os.listdir("/proc/self/fd"):
            if int(name) != fd:
                with suppress(OSError):
                    os.close(int(name))
        os.sched_setaffinity(0, {cpu})
        _serve(fd)
    finally:
        os._exit(0)


def _serve(fd: int) -> None:
    """Hot code: as an event loop does it, and no more."""
    command = reference()
    most = len(command.request)
    reply = command.reply
    read = os.read
    write = os.write
    with select.epoll() as poller:
        poller.register(fd, select.EPOLLIN)
        poll = poller.poll
        while True:
            poll(-1, 1)
            if not read(fd, most):
                return
            write(fd, reply)
