# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The responder as a process: where it runs, who can reach it, and that it never outlives what it is for."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from array import array
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._probe import echo
from ansible_collections.lowlat.redis.plugins.module_utils._probe.commands import ping
from ansible_collections.lowlat.redis.plugins.module_utils._probe.echo import Responder, responder
from ansible_collections.lowlat.redis.plugins.module_utils._probe.loop import Channel, Disconnected, run_block

pytestmark = pytest.mark.slow
CPU = max(os.sched_getaffinity(0))
FAMILIES = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)


@contextmanager
def running(family: int = socket.AF_INET, cpu: int = CPU) -> Iterator[Responder]:
    with socket.socket(family, socket.SOCK_STREAM) as sock, responder(Channel(sock), cpu) as channel:
        yield channel


def answer(channel: Responder, count: int = 20) -> None:
    times = array("q", bytes(8 * count))
    run_block(channel, ping(), times, count)
    assert min(times) > 0


def is_gone(pid: int) -> bool:
    """Not even a zombie."""
    return not os.path.exists(f"/proc/{pid}")


def listening_ports() -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as file:
            found |= {line.split()[1] for line in file if line.split()[3] == "0A"}
    return found


@pytest.mark.parametrize("family", FAMILIES, ids=["tcp", "tcp6", "unix"])
def test_it_answers_like_a_server_on_the_transport_of_one(family: socket.AddressFamily) -> None:
    with running(family) as channel:
        answer(channel)
        assert channel.socket.family == family
        assert channel.transport == ("unix" if family == socket.AF_UNIX else "tcp")
        assert os.sched_getaffinity(channel.pid) == {CPU}
    assert is_gone(channel.pid)


def test_nobody_else_can_connect() -> None:
    before = listening_ports()
    with running() as channel:
        port = channel.socket.getpeername()[1]
        assert not any(end.endswith(f":{port:04X}") for end in listening_ports() - before)
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 5):
            pass


def test_a_stranger_that_was_faster_is_turned_away() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname(), 5) as stranger,
        socket.create_connection(listener.getsockname(), 5) as ours,
        echo._accept(listener, ours.getsockname()) as theirs,
    ):
        assert theirs.getpeername() == ours.getsockname()
        assert stranger.recv(1) == b""


def test_it_holds_no_connection_of_its_parent() -> None:
    ours, theirs = socket.socketpair()
    with running() as channel:
        answer(channel)
        ours.close()
        theirs.settimeout(30)
        assert theirs.recv(1) == b""
    theirs.close()


def test_two_at_a_time() -> None:
    with running() as first:
        with running() as second:
            answer(first)
            answer(second)
        # The later one must not hold the earlier one's connection open.
        answer(first)
    assert is_gone(first.pid) and is_gone(second.pid)


@pytest.mark.parametrize("ending", [ValueError, KeyboardInterrupt, SystemExit])
def test_it_ends_with_whatever_ends_the_block(ending: type[BaseException]) -> None:
    with pytest.raises(ending), running() as channel:
        answer(channel)
        raise ending
    assert is_gone(channel.pid)


def test_it_ends_even_when_it_was_stopped_or_has_ended_before() -> None:
    for number in (signal.SIGSTOP, signal.SIGKILL):
        with running() as channel:
            answer(channel)
            os.kill(channel.pid, number)
        assert is_gone(channel.pid)


def test_a_cpu_that_is_not_there_is_the_end_of_it_alone() -> None:
    with running(cpu=8000) as channel:
        with pytest.raises((Disconnected, OSError)):
            answer(channel)
        os.waitid(os.P_PID, channel.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(channel.pid)


def test_a_signal_to_the_group_does_not_end_it_before_its_parent() -> None:
    with running() as channel:
        answer(channel)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(channel.pid, number)
        answer(channel)


PARENT = """
import os, signal, socket, sys
from tests.integration._probe.test_echo import answer, running
with running() as channel:
    answer(channel)
    print(channel.pid, flush=True)
    {ending}
"""


@pytest.mark.parametrize(
    "ending", ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(0)", "os.kill(os.getpid(), signal.SIGTERM)"]
)
def test_it_does_not_outlive_its_parent(ending: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PARENT.format(ending=ending)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        with handle_of(pid) as handle:
            # Its end is seen through the handle, however long that takes; nobody waits here for a time to pass.
            assert handle < 0 or select.select([handle], [], [], 30)[0]


@contextmanager
def handle_of(pid: int) -> Iterator[int]:
    """A descriptor that becomes readable when the process has ended; -1 where it has already."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        yield -1
        return
    try:
        yield handle
    finally:
        os.close(handle)
