# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server without a unit is started as it was, whoever starts it."""

from __future__ import annotations

import errno
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable

import psutil
import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.launch import Launch, is_running, restart_process
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import connecting, until
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._host import environment, surroundings
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address
from ansible_collections.lowlat.redis.plugins.module_utils._settings.setting import Host
from tests.integration._change.conftest import Changer

pytestmark = pytest.mark.slow

OWN = Path("/proc/self/oom_score_adj")


def rank(pid: int) -> int:
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text())


@pytest.fixture
def spared() -> Iterator[int]:
    """This process is killed later than others, as a runner is never; an ordinary user can only be killed earlier."""
    before = OWN.read_text()
    OWN.write_text("700")
    yield int(OWN.read_text())
    OWN.write_text(before)


def answers(connect: Callable[[], Host]) -> bool:
    try:
        return connect().instance.pid > 0
    except ServerError:
        return False


def started_again(host: Changer) -> Host:
    connect = connecting(Address.from_options(host.options("applied")))
    restart_process(connect())
    until(lambda: answers(connect), "the server", "here", 30)
    return connect()


def test_the_kernel_kills_it_as_readily_as_before(changer: Callable[..., Changer], spared: int) -> None:
    host = changer()
    os.write(descriptor := os.open(f"/proc/{host.pid}/oom_score_adj", os.O_WRONLY), b"300")
    os.close(descriptor)
    again = started_again(host)
    assert (rank(again.instance.pid), rank(os.getpid())) == (300, spared)


@pytest.fixture
def surrounded(changer: Callable[..., Changer], monkeypatch: pytest.MonkeyPatch) -> Changer:
    """Started by somebody with an environment, limits and a priority of its own; this process has others."""
    host = changer(persist=True)
    host.server.stop()
    with monkeypatch.context() as here:
        for name, value in ENVIRONMENT.items():
            here.setenv(name, value)
        before = os.umask(0o027)
        host.server.start()
        os.umask(before)
    pid = host.server.pid
    os.setpriority(os.PRIO_PROCESS, pid, 7)
    os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0))
    for which, limits in LIMITS.items():
        resource.prlimit(pid, which, limits)
    return host


ENVIRONMENT = {"TZ": "Asia/Kathmandu", "LOWLAT_TRIAL": "x" * 9000, "LOWLAT_BYTES": "a=b \udcff"}
LIMITS = {resource.RLIMIT_CORE: (4096, 8192), resource.RLIMIT_MEMLOCK: (1 << 16, 1 << 17)}


def _surroundings(pid: int) -> dict[str, Any]:
    status = Path(f"/proc/{pid}/status").read_text()
    return {
        "umask": re.findall(r"^Umask:\s*(\d+)", status, re.MULTILINE),
        "limits": Path(f"/proc/{pid}/limits").read_text(),
        "nice": os.getpriority(os.PRIO_PROCESS, pid),
        "scheduler": os.sched_getscheduler(pid),
        "environment": environment.of(pid),
    }


@pytest.mark.parametrize("killed", [False, True])
def test_it_is_started_with_what_it_was_started_with(surrounded: Changer, killed: bool) -> None:
    host, before = surrounded, _surroundings(surrounded.pid)
    assert (before["umask"], before["nice"], before["scheduler"]) == (["0027"], 7, os.SCHED_BATCH)
    assert re.search(r"^Max core file size +4096 +8192", before["limits"], re.MULTILINE)
    assert ENVIRONMENT.items() <= before["environment"].items()
    pid = host.pid
    host.apply(*host.redis(hz=20) if killed else host.redis(databases=4), restart="allowed")
    if killed:
        host.server.stop()
        assert host.run("rolled_back")["restarted"]
    assert host.pid != pid and _surroundings(host.pid) == before


def test_where_nobody_told_it_is_as_any_other(changer: Callable[..., Changer], spared: int) -> None:
    host = changer()
    connect = connecting(Address.from_options(host.options("applied")))
    launch = Launch.capture(connect())
    assert launch is not None
    facts = asdict(launch)
    assert facts.pop("oom_score_adj") == spared
    for name in ("surroundings", "supervisor", "outputs", "log"):  # likewise
        del facts[name]
    host.server.stop()
    Launch(**facts).start()
    until(lambda: answers(connect), "the server", "here", 30)
    assert (rank(connect().instance.pid), rank(os.getpid())) == (0, spared)


@pytest.fixture
def redirected(changer: Callable[..., Changer]) -> Changer:
    """Its log is what a shell has redirected: the test's own server writes both to a file of its directory."""
    return changer('logfile ""', persist=True)


def _outputs(pid: int) -> list[str]:
    return [os.readlink(f"/proc/{pid}/fd/{number}") for number in (1, 2)]


@pytest.mark.parametrize("killed", [False, True])
def test_it_writes_its_output_where_it_wrote_it(redirected: Changer, killed: bool) -> None:
    host, log = redirected, Path(redirected.server.directory, "stderr")
    pid, before = host.pid, log.read_bytes()
    assert _outputs(pid) == [str(log)] * 2
    host.apply(*host.redis(hz=20) if killed else host.redis(databases=4), restart="allowed")
    if killed:
        host.server.stop()
        assert host.run("rolled_back")["restarted"]
    assert host.pid != pid and _outputs(host.pid) == [str(log)] * 2
    assert log.read_bytes().startswith(before) and f"{host.pid}:".encode() in log.read_bytes()[len(before) :]


def test_such_a_log_tells_of_an_orderly_end(redirected: Changer) -> None:
    redirected.apply(*redirected.redis(hz=20))
    redirected.server.client().shutdown()
    redirected.server.process.wait(10)
    assert redirected.run("rolled_back")["left_stopped"] is True


def test_another_file_of_that_name_is_not_written_to(redirected: Changer, tmp_path: Path) -> None:
    """Root opens it, and others may own its directory."""
    host, log = redirected, Path(redirected.server.directory, "stderr")
    host.apply(*host.redis(hz=20))
    host.server.stop()
    log.unlink()
    (tmp_path / "precious").write_text("as it was")
    log.symlink_to(tmp_path / "precious")
    assert host.run("rolled_back")["restarted"]
    assert (tmp_path / "precious").read_text() == "as it was" and _outputs(host.pid) == [os.devnull] * 2


@pytest.mark.parametrize(
    ("call", "lost"),
    [
        ("sched_getscheduler", {"scheduler"}),
        ("sched_getparam", {"scheduler"}),
        ("getpriority", {"nice"}),
    ],
)
def test_what_a_library_does_not_tell_is_left_out(
    changer: Callable[..., Changer], monkeypatch: pytest.MonkeyPatch, call: str, lost: set[str]
) -> None:
    """Some C libraries have no such calls, and say so."""
    host = changer(persist=True)
    whole = surroundings.of(host.pid)

    def fails(*_arguments: Any) -> Any:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    with monkeypatch.context() as here:
        here.setattr(os, call, fails)
        assert surroundings.of(host.pid) == {name: value for name, value in whole.items() if name not in lost}
        host.apply(*host.redis(databases=4), restart="allowed")
    assert host.live("databases") == "4"


def test_one_that_is_dying_runs_until_its_last_thread_has_ended() -> None:
    """Its first thread may be over, and looks like a zombie, while the others still hold its port."""
    program = "import ctypes, sys, threading; threading.Thread(target=sys.stdin.read).start()"
    words = [sys.executable, "-c", f"{program}; ctypes.CDLL(None).pthread_exit(None)"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        assert process.stdin
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE, "its first thread", "here")
        assert is_running(process.pid)
        process.stdin.close()
        until(lambda: not is_running(process.pid), "its last thread", "here", 30.0)
