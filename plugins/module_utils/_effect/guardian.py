# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that outlives the module: when that is killed, it puts the live values back.

It is forked before the first toggle, belongs to no terminal, session or parent of the module's, and holds the host's
lock until it has ended. Both sides hold one end of a pipe: the module's end closes with it, however it dies.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Callable, NoReturn

from .._errors import ChangeError
from .._host import cpus, systemd
from .restoring import Restored

_READY = b"r"
_DISMISSED = b"d"
_GONE = b""
_LATE = b"l"
#: How long it goes on trying, in seconds: a server may be paused, busy with a script, or loading.
PATIENCE = 900.0
#: How often it looks whether the module still lives: a child of the module could hold the pipe open.
_LOOK = 1.0
_NAME = "lowlat-guardian"
_SYSTEMD = "org.freedesktop.systemd1"


class Guardian:
    """``post`` it before the first toggle and ``dismiss`` it after the last value is back."""

    def __init__(self, pid: int, orders: int, answers: int) -> None:
        self.pid = pid
        self._orders = orders
        self._answers = answers

    @classmethod
    def post(
        cls,
        restore: Callable[[], Restored],
        keep: Sequence[int] = (),
        limit: float | None = None,
        stand: Callable[[], None] = lambda: None,
    ) -> Guardian:
        """Fork it and wait until it stands. It keeps the descriptors in ``keep`` open, and calls ``stand`` first.

        ``restore`` is called until nothing is left to put back, when the module is gone or ``limit`` seconds are over
        (a module that hangs is as bad as one that is dead). ChangeError if it does not stand.
        """
        their_orders, orders = os.pipe()
        answers, their_answers = os.pipe()
        module = os.getpid()
        child = os.fork()
        if not child:
            _child(module, restore, their_orders, their_answers, keep, limit, stand)
        os.close(their_orders)
        os.close(their_answers)
        os.waitpid(child, 0)
        said = os.read(answers, 32)
        if not said.startswith(_READY):
            os.close(orders)
            os.close(answers)
            raise ChangeError(
                "No guardian could be posted, so nothing was toggled",
                why="the process that is to put the values back ended at once",
                remedy="See whether the host has memory and processes left",
            )
        return cls(int(said[1:]), orders, answers)

    def dismiss(self, proven: bool) -> None:
        """Everything is back (``proven``), or the guardian is to try on. Returns when it has ended, or tries on."""
        if proven:
            with contextlib.suppress(OSError):
                os.write(self._orders, _DISMISSED)
        os.close(self._orders)
        if proven:
            select.select([self._answers], [], [], 5.0)
        os.close(self._answers)


def _child(
    module: int,
    restore: Callable[[], Restored],
    orders: int,
    answers: int,
    keep: Sequence[int],
    limit: float | None,
    stand: Callable[[], None],
) -> NoReturn:
    """Never returns: whatever happens, the module's own code must not go on in a second process."""
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        started = _started(module)
        _leave(orders, answers, keep)
        with contextlib.suppress(Exception):  # it tries anew when it is needed
            stand()
        os.write(answers, _READY + b"%d" % os.getpid())
        order = _wait(module, started, orders, limit)
        if order == _LATE:
            _put_back(restore)
            # It only hung, and may go on and toggle again.
            order = _wait(module, started, orders, None)
        if order == _GONE:
            _put_back(restore)
    except BaseException:
        os._exit(1)
    os._exit(0)


def _leave(orders: int, answers: int, keep: Sequence[int]) -> None:
    """Give up whatever ties this process to the module: signals, files, CPU, cgroup."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0)
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        # Whoever waits for the module's output to end must not wait for this process.
        os.dup2(nothing, standard)
    needed = {0, 1, 2, orders, answers, *keep}
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in needed:
            with contextlib.suppress(OSError):
                os.close(int(name))
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, cpus.online())
    for path, text in (("/proc/self/comm", _NAME), ("/proc/self/oom_score_adj", "-1000")):
        with contextlib.suppress(OSError), open(path, "w", encoding="ascii") as file:
            file.write(text)
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        _move_out_of_the_session()


def _move_out_of_the_session() -> None:
    """Into a scope of its own, so that the end of a login session does not end this process with it."""
    if not systemd.available() or os.geteuid():
        return
    scope = f"{_NAME}-{os.getpid()}.scope"
    words = ["busctl", "call", _SYSTEMD, "/org/freedesktop/systemd1", f"{_SYSTEMD}.Manager", "StartTransientUnit"]
    words += ["ssa(sv)a(sa(sv))", scope, "fail", "1", "PIDs", "au", "1", str(os.getpid()), "0"]
    subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False)


def _wait(module: int, started: str, orders: int, limit: float | None) -> bytes:
    """Until the module says that all is back, is gone, or has taken too long."""
    end = None if limit is None else time.monotonic() + limit
    while True:
        if select.select([orders], [], [], _LOOK)[0]:
            return os.read(orders, 1)  # at its end: nothing
        if _started(module) != started:
            return _GONE
        if end is not None and time.monotonic() > end:
            return _LATE


def _put_back(restore: Callable[[], Restored]) -> None:
    end = time.monotonic() + PATIENCE
    pause = 0.1
    while time.monotonic() < end:
        with contextlib.suppress(Exception):  # nobody is there who could be told
            if not restore().left:
                return
        time.sleep(pause)
        pause = min(2 * pause, 2.0)


def _started(pid: int) -> str:
    """When that process began, in ticks after boot; empty if it is gone, or dead and only not yet taken note of."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()
