# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host takes back by itself what nobody confirms: here without systemd, by the process and the commands."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import (
    boot,
    deadline,
    request,
    tries,
    waiting,
    watching,
    writing,
)
from ansible_collections.lowlat.redis.plugins.module_utils._change.armed import Deadline
from ansible_collections.lowlat.redis.plugins.module_utils._change.journal import Journal
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput, ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._runner import commands, copy
from tests.integration._change.conftest import Changer

pytestmark = pytest.mark.slow

Make = Callable[..., Changer]
LONG = 600


def apply(host: Changer, *settings: dict[str, Any], seconds: int = LONG, **params: Any) -> dict[str, Any]:
    options = host.options("applied", name="trial", settings=list(settings), confirm_within=seconds, **params)
    return request.run(options, check=False, install=copy.install)


def directory(host: Changer, applied: dict[str, Any]) -> Path:
    return Path(host.state_directory, "changes", applied["change_id"])


def runner(host: Changer) -> Path:
    return next(Path(host.state_directory, "runner").iterdir())


def run(host: Changer, *words: str) -> subprocess.CompletedProcess[str]:
    """The host's own commands, as a unit runs them: nothing of the collection's is on its path."""
    environment = {"PATH": os.environ["PATH"]}
    command = [sys.executable, "-P", os.fspath(runner(host)), *words]
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def state(host: Changer) -> str:
    return str(host.history()["changes"][-1]["state"])


def test_what_nobody_confirms_comes_back_by_itself(changer: Make) -> None:
    host = changer(password="s3cret", login={"login_password": "s3cret"})
    before = host.config
    applied = apply(host, *host.redis(hz=20, timeout=7), seconds=1)
    assert applied["deadline"] and "reboot" in applied["warnings"][0]
    until(lambda: state(host) == "rolled_back")
    assert (host.config, host.live("hz"), host.live("timeout")) == (before, "10", "0")
    until(lambda: not (directory(host, applied) / "armed").exists())


def test_what_is_confirmed_in_time_stays_and_nobody_watches_any_more(changer: Make) -> None:
    host = changer()
    applied = apply(host, *host.redis(hz=20))
    armed = directory(host, applied) / "armed"
    assert armed.stat().st_mode & 0o777 == 0o600
    host.run("confirmed")
    assert not armed.exists() and state(host) == "confirmed"
    assert run(host, "recover", host.state_directory).returncode == 0
    assert (state(host), host.live("hz")) == ("confirmed", "20")


def test_a_rollback_by_the_operator_ends_the_watch(changer: Make) -> None:
    host = changer()
    applied = apply(host, *host.redis(hz=20))
    host.run("rolled_back")
    assert not (directory(host, applied) / "armed").exists()


def test_before_its_deadline_nobody_takes_it_back(changer: Make) -> None:
    """A timer may fire early: somebody set the clock."""
    host = changer()
    applied = apply(host, *host.redis(hz=20))
    assert run(host, "expire", os.fspath(directory(host, applied))).returncode == 0
    assert (state(host), host.live("hz")) == ("applied", "20")


def test_who_takes_everything_back_waits_for_who_confirms(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    applied = apply(host, *host.redis(hz=20))
    lock = os.path.join(host.state_directory, "lock")
    command = [sys.executable, "-P", os.fspath(runner(host)), "recover", host.state_directory]
    prove, others = writing.differing, []

    def meanwhile(*given: Any) -> list[str]:
        other = subprocess.Popen(command, cwd="/", stdout=subprocess.DEVNULL)
        others.append(other)
        files = f"/proc/{other.pid}/fd"
        until(lambda: any(os.path.realpath(os.path.join(files, one)) == lock for one in os.listdir(files)))
        return prove(*given)

    monkeypatch.setattr(writing, "differing", meanwhile)
    host.run("confirmed")
    assert [other.wait() for other in others] == [0]
    assert (state(host), host.live("hz")) == ("confirmed", "20")
    told = [entry["entry"] for entry in Journal.load(directory(host, applied) / "journal").entries]
    assert "rolling_back" not in told


def test_after_a_reboot_it_is_over_whatever_the_clock_says(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    applied = apply(host, *host.redis(hz=20))
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    with pytest.raises(ChangeError, match="deadline"):
        host.run("confirmed")
    assert commands.main(["expire", os.fspath(directory(host, applied))]) == commands.DONE
    assert (state(host), host.live("hz")) == ("rolled_back", "10")


def test_at_boot_the_files_go_back_before_the_server_starts(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    before = host.config
    applied = apply(host, *host.redis(hz=20))
    where = os.fspath(directory(host, applied))
    assert commands.main(["boot", where]) == commands.DONE and host.config != before  # the same boot
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    host.server.stop()
    assert commands.main(["boot", where]) == commands.DONE
    assert host.config == before
    host.server.start()
    assert commands.main(["expire", where]) == commands.DONE
    assert (state(host), host.live("hz")) == ("rolled_back", "10")


def test_at_boot_the_log_stays_where_the_newest_data_is(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer("appendfsync always")  # a write that waits for the disk is gone by SIGKILL
    before = host.config
    applied = apply(host, *host.redis(appendonly=True, hz=20))
    host.server.client().set("written after", "it")
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    host.server.stop()  # by SIGKILL: what is not in the log is gone
    where = os.fspath(directory(host, applied))
    assert commands.main(["boot", where]) == commands.DONE
    host.server.start()
    assert commands.main(["expire", where]) == commands.DONE
    assert (host.config, host.live("appendonly")) == (before, "no")
    assert host.server.client().get("written after") == "it"


def test_past_the_deadline_nobody_confirms(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    apply(host, *host.redis(hz=20))
    monkeypatch.setattr(boot, "seconds", lambda: time.clock_gettime(time.CLOCK_BOOTTIME) + LONG)
    with pytest.raises(ChangeError, match="deadline of this change has passed"):
        host.run("confirmed")


def test_recover_takes_back_every_open_change(changer: Make) -> None:
    host = changer()
    apply(host, *host.redis(hz=20))
    done = run(host, "recover", host.state_directory)
    assert done.returncode == 0, done.stderr
    assert "rolled back" in done.stdout and host.live("hz") == "10"
    assert run(host, "recover", host.state_directory).stdout == ""


def test_recover_names_an_open_change_that_it_has_no_login_for(changer: Make) -> None:
    host = changer()
    apply(host, *host.redis(hz=20))  # leaves the host its commands
    host.run("rolled_back")
    change_id = apply(host, *host.redis(hz=20), seconds=0)["change_id"]
    done = run(host, "recover", host.state_directory)
    assert done.returncode == commands.BY_HAND
    assert f"change {change_id}: applied, and not taken back" in done.stdout
    assert f"-e lowlat_change_id={change_id} -e gated_change_state_directory={host.state_directory}" in done.stdout
    host.run("rolled_back")
    done = run(host, "recover", host.state_directory)
    assert (done.returncode, done.stdout) == (0, "")


def test_recover_of_a_change_that_cannot_be_read_is_no_success(changer: Make) -> None:
    """It may be open: nobody else looks after one without a deadline."""
    host = changer()
    apply(host, *host.redis(hz=20))  # leaves the host its commands
    host.run("rolled_back")
    journal = directory(host, apply(host, *host.redis(hz=20), seconds=0)) / "journal"
    journal.rename(journal.with_suffix(".away"))
    journal.mkdir()  # as unreadable as a broken disk makes it
    done = run(host, "recover", host.state_directory)
    assert done.returncode == commands.AGAIN
    assert f"lowlat: {journal.parent}: " in done.stderr
    journal.rmdir()
    journal.with_suffix(".away").rename(journal)
    host.run("rolled_back")


def test_recover_of_a_directory_that_is_not_there_is_no_success(changer: Make) -> None:
    host = changer()
    apply(host, *host.redis(hz=20))
    done = run(host, "recover", f"{host.state_directory}-misspelt")
    assert done.returncode == commands.BY_HAND
    assert f"{host.state_directory}-misspelt: there is no such state directory" in done.stderr
    host.run("rolled_back")


def test_one_that_was_never_opened_leaves_no_watch(changer: Make) -> None:
    """Killed between arming and the journal's first entry: nothing was written."""
    host = changer()
    apply(host, *host.redis(hz=20))
    host.run("rolled_back")
    where = Path(host.state_directory, "changes", "20260101T000000Z-trial-0000")
    where.mkdir()
    deadline.arm(where, LONG, runner(host), host.options("applied"), None)
    assert run(host, "recover", host.state_directory).returncode == 0
    assert not (where / "armed").exists()


def test_what_cannot_be_armed_is_not_applied(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    before = host.config
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ChangeError, match="No process could be started"):
        apply(host, *host.redis(hz=20))
    assert (host.config, host.live("hz"), host.history()["changes"]) == (before, "10", [])


def test_recover_takes_a_relative_path_from_people(changer: Make) -> None:
    host = changer()
    apply(host, *host.redis(hz=20))
    assert run(host, "recover", os.path.relpath(host.state_directory, "/")).returncode == 0
    assert host.live("hz") == "10"


@pytest.mark.parametrize("seconds", [-1, 2678401, 70_000_000_000_000_000])
def test_a_deadline_in_the_past_or_beyond_a_month_is_refused(changer: Make, seconds: int) -> None:
    host = changer()
    before = host.config
    options = host.options("applied", name="trial", settings=host.redis(hz=20), confirm_within=seconds)
    for check in (True, False):
        with pytest.raises(BadInput, match=f"confirm_within {seconds}") as caught:
            request.run(options, check=check, install=copy.install)
        error = caught.value
        assert error.what and error.where == "confirm_within" and error.why and error.remedy
    assert (host.config, host.live("hz")) == (before, "10")
    assert not Path(host.state_directory).exists()


def test_a_deadline_may_be_a_month_away(changer: Make) -> None:
    host = changer()
    applied = apply(host, *host.redis(hz=20), seconds=2678400)
    assert applied["change_id"] and applied["deadline"]
    host.run("rolled_back")


def test_nothing_fails_after_what_was_applied(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is not told the id of a change does not know what to confirm or to take back."""
    host = changer()

    def cannot(_deadline: object) -> str:
        raise OverflowError

    monkeypatch.setattr(Deadline, "shown", cannot)
    before = host.config
    with pytest.raises(OverflowError):
        apply(host, *host.redis(hz=20))
    assert (host.config, host.live("hz"), host.history()["changes"]) == (before, "10", [])


def test_another_version_leaves_the_copy_of_an_open_change(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    apply(host, *host.redis(hz=20))
    old = runner(host)
    monkeypatch.setattr(copy, "_MAIN", copy._MAIN + "# another version\n")
    sources = copy._sources
    monkeypatch.setattr(
        copy, "_sources", lambda: {**sources(), "ansible_collections/lowlat/redis/plugins/module_utils/_new.py": b""}
    )
    assert copy.install(Path(host.state_directory)) != old and old.exists()
    assert run(host, "recover", host.state_directory).returncode == 0
    monkeypatch.setattr(copy, "_sources", sources)
    newest = copy.install(Path(host.state_directory))
    assert host.live("hz") == "10" and newest.exists()


def test_a_copy_that_cannot_be_read_for_a_moment_is_tried_again(
    changer: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Python itself ends with 2 then: no status of the runner that asks a person may be that one."""
    host = changer()
    applied = apply(host, *host.redis(hz=20))
    away = runner(host).rename(tmp_path / "away.pyz")
    where = os.fspath(directory(host, applied))
    python = [sys.executable, os.fspath(Path(host.state_directory, "runner", away.name)), "expire", where]
    status = subprocess.run(python, stderr=subprocess.DEVNULL, check=False).returncode
    tries: list[int] = []

    def spawn(_mode: int, _program: str, _words: list[str]) -> int:
        tries.append(status)
        return commands.DONE if len(tries) == 3 else status

    monkeypatch.setattr(os, "spawnv", spawn)
    monkeypatch.setattr(watching, "_LONG_PAUSE", 0.0)
    monkeypatch.setattr(watching, "_say_so", lambda: None)
    assert watching.main(["watch", where, "0"]) == 0
    assert len(tries) == 3


def test_who_asks_for_a_person_is_not_started_again(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    applied = apply(host, *host.redis(hz=20))
    tries: list[int] = []
    monkeypatch.setattr(os, "spawnv", lambda *_words: tries.append(1) or commands.BY_HAND)
    monkeypatch.setattr(watching, "_say_so", lambda: None)
    assert watching.main(["watch", os.fspath(directory(host, applied)), "0"]) == 0 and len(tries) == 1


@pytest.fixture
def full(changer: Make) -> Iterator[tuple[Changer, str, contextlib.ExitStack]]:
    """An open change of a server that takes no more clients, its directory, and what holds the clients."""
    host = changer("maxclients 20")
    where = os.fspath(directory(host, apply(host, *host.redis(hz=20))))
    with contextlib.ExitStack() as clients:
        deaf = False
        while not deaf:
            client = clients.enter_context(socket.create_connection(("127.0.0.1", host.server.port)))
            client.sendall(b"PING\r\n")
            deaf = client.recv(64).startswith(b"-ERR max")
        yield host, where, clients


@pytest.mark.parametrize("words", ["expire", "recover"])
def test_a_live_server_that_lets_nobody_in_is_waited_for(
    full: tuple[Changer, str, contextlib.ExitStack], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    host, where, clients = full
    monkeypatch.setattr(boot, "seconds", lambda: time.clock_gettime(time.CLOCK_BOOTTIME) + LONG)
    command = [words, where if words == "expire" else host.state_directory]
    assert commands.main(command) == commands.AGAIN
    assert (state(host), Path(where, "armed").exists()) == ("rolling_back", True)
    clients.close()
    until(lambda: host.live("hz") == "20")
    assert commands.main(command) == commands.DONE
    assert (state(host), host.live("hz"), Path(where, "armed").exists()) == ("rolled_back", "10", False)


def test_it_is_not_waited_for_without_end(
    full: tuple[Changer, str, contextlib.ExitStack], monkeypatch: pytest.MonkeyPatch
) -> None:
    host, where, _clients = full
    assert commands.main(["recover", host.state_directory]) == commands.AGAIN
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    assert commands.main(["recover", host.state_directory]) == commands.BY_HAND
    assert (state(host), Path(where, "armed").exists()) == ("rollback_failed", False)


@pytest.mark.parametrize("then", [0.0, 4e9], ids=["set to the right time", "set back"])
def test_who_sets_the_clock_changes_nothing_about_that(
    full: tuple[Changer, str, contextlib.ExitStack], monkeypatch: pytest.MonkeyPatch, then: float
) -> None:
    """At boot it may be 1970, until the network tells the time."""
    host, where, _clients = full
    monkeypatch.setattr(waiting, "PATIENCE", float(LONG))
    uptime = boot.seconds()
    with monkeypatch.context() as at_first:
        at_first.setattr(time, "time", lambda: then)
        assert commands.main(["recover", host.state_directory]) == commands.AGAIN
    assert commands.main(["recover", host.state_directory]) == commands.AGAIN
    monkeypatch.setattr(boot, "seconds", lambda: uptime + 2 * LONG)
    assert commands.main(["recover", host.state_directory]) == commands.BY_HAND
    assert (state(host), Path(where, "armed").exists()) == ("rollback_failed", False)


def test_another_boot_starts_anew(
    full: tuple[Changer, str, contextlib.ExitStack], monkeypatch: pytest.MonkeyPatch
) -> None:
    host, _where, _clients = full
    monkeypatch.setattr(waiting, "PATIENCE", float(LONG))
    uptime = boot.seconds()
    assert commands.main(["recover", host.state_directory]) == commands.AGAIN
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    monkeypatch.setattr(boot, "seconds", lambda: uptime + 2 * LONG)
    assert commands.main(["recover", host.state_directory]) == commands.AGAIN
    monkeypatch.setattr(boot, "seconds", lambda: uptime + 4 * LONG)
    assert commands.main(["recover", host.state_directory]) == commands.BY_HAND


def test_tries_of_an_older_release_count_by_the_clock(full: tuple[Changer, str, contextlib.ExitStack]) -> None:
    host, where, _clients = full
    change = Store(host.state_directory).at(Path(where))
    assert change is not None
    for at, goes_on in ((time.time() - 1, True), (1000.0, False)):
        change.journal.entries = [{"entry": "rolling_back", "by": "boot", "at": at}]
        assert tries.go_on(change, "boot") is goes_on


def test_an_operator_is_told_at_once(full: tuple[Changer, str, contextlib.ExitStack]) -> None:
    host, _where, _clients = full
    with pytest.raises(ChangeError, match="did not bring everything back"):
        host.run("rolled_back")
    assert state(host) == "rollback_failed"


def test_whoever_confirms_is_told_what_still_watches(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    applied = apply(host, *host.redis(hz=20))
    armed = directory(host, applied) / "armed"
    unlink = os.unlink

    def refuse(path: Any, **options: Any) -> None:
        if os.fspath(path) == os.fspath(armed):
            raise OSError(errno.EIO, os.strerror(errno.EIO), os.fspath(path))
        unlink(path, **options)

    monkeypatch.setattr(os, "unlink", refuse)
    confirmed = host.run("confirmed")
    assert confirmed["state"] == "confirmed" and any(os.fspath(armed) in one for one in confirmed["warnings"])
    monkeypatch.setattr(os, "unlink", unlink)
    again = host.run("confirmed")
    assert (again["changed"], again["warnings"], armed.exists()) == (False, [], False)
