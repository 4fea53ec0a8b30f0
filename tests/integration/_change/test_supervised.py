# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that another supervisor than systemd starts again: it alone does, or two would be on one data directory."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import psutil
import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._change import settling, unasked
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import until
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._server import supervisor

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
#: Starts its server again and again, unless it is told to hold on or to end. The kernel calls it by its file's name.
AGAIN = """#!/bin/sh
while [ ! -e "$1/down" ]; do
    if [ -e "$1/hold" ]; then sleep 0.05; else {start} "$1/redis.conf"; fi
done
"""


@dataclass
class Supervised:
    """A server under a supervisor of some name."""

    host: Any
    keeper: subprocess.Popen[bytes]

    @property
    def directory(self) -> Path:
        return Path(self.host.server.directory)

    def answers(self) -> bool:
        return _listens(self.host)

    def servers(self) -> int:
        """Processes that listen there, or want to."""
        own = f"127.0.0.1:{self.host.server.port}"
        found = (" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))
        return sum(own in line and "redis-server" in line for line in found)


@pytest.fixture
def under(changer: Make, tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    """A factory: ``under("runsv")``."""
    made: list[Supervised] = []

    def make(name: str, start: str = "redis-server", **options: Any) -> Supervised:
        host = changer(**{"persist": True, **options})
        host.server.stop()
        program = tmp_path / name
        program.write_text(AGAIN.format(start=start))
        program.chmod(0o755)
        found = Supervised(host, subprocess.Popen([program, host.server.directory], stderr=subprocess.DEVNULL))
        made.append(found)
        until(found.answers, "the server", name, 30)
        return found

    yield make
    for one in made:
        (one.directory / "down").touch()
        if one.answers():
            psutil.Process(one.host.pid).kill()
        one.keeper.wait(10)


@pytest.mark.parametrize("name", ["runsv", "supervise", "s6-supervise", "supervisord", "monit", "containerd-shim"])
def test_it_is_not_restarted_beside_its_supervisor(under: Callable[..., Supervised], name: str) -> None:
    one = under(name)
    pid = one.host.pid
    (hazard,) = one.host.refused(*one.host.redis(databases=1), restart="allowed")
    assert hazard["id"] == "foreign_supervisor" and name in hazard["reason"]
    assert "restart: defer" in hazard["remedy"] and supervisor.PARENTS[name] in hazard["remedy"]
    assert (one.host.pid, one.servers()) == (pid, 1)


@pytest.mark.parametrize("start", ["sh -c 'redis-server \"$0\"; true'", "timeout 3600 redis-server"])
def test_what_stands_between_is_looked_through(under: Callable[..., Supervised], start: str) -> None:
    (hazard,) = (one := under("runsv", start)).host.refused(*one.host.redis(databases=1), restart="allowed")
    assert hazard["id"] == "foreign_supervisor"


def test_one_that_nobody_looks_after_is_restarted(under: Callable[..., Supervised]) -> None:
    """A shell, or a program of any name that is not known, may be its parent."""
    one = under("run-my-tests")
    assert one.host.apply(*one.host.redis(databases=1), restart="allowed", check=True)["changed"]


def test_without_a_restart_it_is_changed_like_any_other(under: Callable[..., Supervised]) -> None:
    one = under("runsv")
    one.host.apply(*one.host.redis(hz=20))
    assert one.host.run("rolled_back")["state"] == "rolled_back" and one.host.live("hz") == "10"


def test_deferred_it_is_restarted_by_its_supervisor_there_and_back(under: Callable[..., Supervised]) -> None:
    one = under("runsv")
    host, before = one.host, one.host.config
    applied = host.apply(*host.redis(databases=4), restart="defer")
    assert applied["pending_restart"] == ["databases"]
    _restarted_by_it(one)
    assert host.live("databases") == "4"
    pid = host.pid
    rehearsed = host.run("rolled_back", check=True)
    assert "server: would have to be restarted by runsv (for: databases)\n" in rehearsed["diff"]["after"]
    assert rehearsed["restarted"] is False
    with pytest.raises(ChangeError, match="runsv.*sv restart") as caught:
        host.run("rolled_back")
    assert caught.value.details["state"] == "rollback_failed"
    assert (host.config, host.pid, one.servers()) == (before, pid, 1)
    assert host.server.client().set("nobody", "has paused it")
    _restarted_by_it(one)
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.live("databases"), one.servers()) == ("16", 1)


def _restarted_by_it(one: Supervised) -> None:
    pid = one.host.pid
    one.host.server.client().shutdown()
    until(lambda: one.answers() and one.host.pid != pid, "its next process", "runsv", 30)


def test_killed_it_comes_back_by_its_supervisor_alone(
    under: Callable[..., Supervised], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = under("runsv")
    start_again = unasked.start_again

    def go_on_and_start(*arguments: Any) -> Any:
        (one.directory / "hold").unlink()
        return start_again(*arguments)

    monkeypatch.setattr(unasked, "start_again", go_on_and_start)
    one.host.apply(*one.host.redis(hz=20))
    (one.directory / "hold").touch()
    psutil.Process(one.host.pid).kill()
    until(lambda: not one.answers(), "its end", "runsv", 30)
    undone = one.host.run("rolled_back")
    assert (undone["state"], one.host.live("hz"), one.servers()) == ("rolled_back", "10", 1)
    assert psutil.Process(one.host.pid).ppid() == one.keeper.pid


def test_one_that_does_not_come_back_is_left_to_its_supervisor(
    under: Callable[..., Supervised], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "DEAD_AFTER", 0.5)
    one = under("runsv")
    before = one.host.config
    one.host.apply(*one.host.redis(hz=20))
    (one.directory / "hold").touch()
    psutil.Process(one.host.pid).kill()
    until(lambda: not one.answers(), "its end", "runsv", 30)
    with pytest.raises(ChangeError, match="runsv.*sv restart"):
        one.host.run("rolled_back")
    assert (one.host.config, one.servers()) == (before, 0)
    (one.directory / "hold").unlink()
    until(one.answers, "the server", "runsv", 30)
    assert one.host.run("rolled_back")["state"] == "rolled_back"


def test_the_first_process_of_a_container_is_known(under: Callable[..., Supervised], tmp_path: Path) -> None:
    """It ends with its oldest child, and has adopted the others."""
    one = under("tini", 'sleep 600 & oldest=$!; trap "kill $oldest" EXIT; redis-server')
    found = supervisor.of(one.host.pid)
    assert found is None
    oldest = min(psutil.Process(one.keeper.pid).children(), key=lambda child: child.create_time())
    assert str(supervisor.of(oldest.pid)) == "tini (a restart of its container)"
    oldest.kill()
    assert str(supervisor.of(1)) == "its container (a restart of its container)"
    assert supervisor.of(os.getpid()) is None


def script(path: Path, *lines: str) -> str:
    """A program that the kernel calls by its file's name, and whose server is its child."""
    path.write_text("\n".join(["#!/bin/sh", *lines, "true"]) + "\n")
    path.chmod(0o755)
    return str(path)


def test_where_it_listens_by_its_command_line_is_its_supervisors(
    under: Callable[..., Supervised], changer: Make, tmp_path: Path
) -> None:
    """Which starts it so again. Of one that was started by hand nobody knows how it is started the next time."""
    one = under("runsv", script(tmp_path / "run", 'exec redis-server "$1" --unixsocket "$1.sock"'))
    by_hand = changer(arguments=("--unixsocket", str(tmp_path / "by-hand")))
    told = []
    for host in (one.host, by_hand):
        host.apply(*host.redis(hz=20))
        undone = host.run("rolled_back")
        told.append([warning for warning in undone["warnings"] if "differ in unixsocket" in warning])
    assert told[0] == [] and "listen" in told[1][0]


@pytest.mark.parametrize("name", ["run", "start-redis.sh", "a-name-that-is-longer-than-the-kernel-keeps"])
def test_a_script_stands_between_like_a_shell(under: Callable[..., Supervised], tmp_path: Path, name: str) -> None:
    one = under("runsv", script(tmp_path / name, 'redis-server "$1"'))
    (hazard,) = one.host.refused(*one.host.redis(databases=1), restart="allowed")
    assert hazard["id"] == "foreign_supervisor" and one.servers() == 1


def test_a_unit_whose_main_process_is_a_script_is_its_supervisor(
    under: Callable[..., Supervised], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What systemd says of that unit is said here by hand."""
    one = under(
        "start-redis",
        script(
            tmp_path / "anything", 'python3 -c "import subprocess, sys; subprocess.run(sys.argv[1:])" redis-server "$1"'
        ),
    )
    assert supervisor.of(one.host.pid) is None
    unit = "by-script.service"
    monkeypatch.setattr(supervisor, "unit_in_cgroup", lambda _text: unit)
    monkeypatch.setattr(supervisor.systemd, "available", lambda: True)
    monkeypatch.setattr(supervisor.systemd, "show", lambda *_words: {"MainPID": str(one.keeper.pid)})
    assert str(supervisor.of(one.host.pid)) == f"{unit} (systemctl restart {unit})"
    monkeypatch.setattr(supervisor.systemd, "show", lambda *_words: {"MainPID": str(one.host.pid)})
    assert supervisor.of(one.host.pid) is None
    unit = "ssh.service"
    monkeypatch.setattr(supervisor.systemd, "show", lambda *_words: {"MainPID": str(one.keeper.pid)})
    assert supervisor.of(one.host.pid) is None  # somebody's session


#: Asks within the namespace of a container, where the server's pid is another one.
ASK = """
import psutil
from ansible_collections.lowlat.redis.plugins.module_utils._server import supervisor
servers = [one.pid for one in psutil.process_iter() if "redis-server" in one.name()]
print(*(supervisor.of(pid) for pid in servers))
"""


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (['redis-server "$1"'], "entrypoint.sh (a restart of its container)"),
        (["sleep 600 &", 'redis-server "$1"'], "entrypoint.sh (a restart of its container)"),
        (['sh -c \'redis-server "$0"; true\' "$1"'], "entrypoint.sh (a restart of its container)"),
        (["sleep 600 &", 'redis-server "$1" --daemonize yes', "sleep 600"], "None"),
    ],
)
def test_a_script_that_is_process_1_ends_with_its_server(
    changer: Make, tmp_path: Path, lines: list[str], told: str
) -> None:
    host = changer()
    host.server.stop()
    entry = script(tmp_path / "entrypoint.sh", *lines)
    own = () if os.geteuid() == 0 else ("--map-root-user",)
    container = subprocess.Popen(
        ["unshare", *own, "--pid", "--fork", "--kill-child", "--mount-proc", entry, host.server.config_file],
        stdout=subprocess.DEVNULL,
    )
    until(lambda: _listens(host), "the server", "there", 30)
    try:
        (first,) = psutil.Process(container.pid).children()
        enter = ["nsenter", *(("--user", "--preserve-credentials") if own else ()), "--pid", "--mount", "--target"]
        said = subprocess.run(
            [*enter, str(first.pid), sys.executable, "-c", ASK],
            env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        container.kill()
        container.wait(10)
    assert said.stdout.strip() == told, said.stderr


def _listens(host: Any) -> bool:
    with contextlib.suppress(redis.RedisError):
        return bool(host.server.client().ping())
    return False
