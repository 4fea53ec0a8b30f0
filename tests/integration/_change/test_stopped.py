# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that somebody has shut down on purpose is not started by a rollback: it may be another one's turn."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import psutil
import pytest

from ansible_collections.lowlat.redis.plugins.filter.history import FilterModule
from ansible_collections.lowlat.redis.plugins.module_utils._change import boot, farewell, rollback, stopped, waiting
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import connecting
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._host import systemd
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def shut_down(host: Any) -> None:
    """As an operator does it, or a resource manager."""
    host.server.client().shutdown()
    host.server.process.wait(10)


def answers(host: Any) -> bool:
    listening = (one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN)
    return any(one.laddr[1] == host.server.port for one in listening)


def told(host: Any) -> str:
    """Of the newest change, as an operator is told it."""
    lines: list[str] = FilterModule().filters()["history"](host.history())
    return lines[-1]


def test_it_stays_stopped_and_its_files_go_back(changer: Make) -> None:
    host = changer(persist=True)
    before = host.config
    host.apply(*host.redis(hz=20))
    shut_down(host)
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"], undone["left_stopped"]) == ("rolled_back", False, True)
    assert host.config == before and not answers(host)
    assert any("was stopped by somebody" in warning for warning in undone["warnings"])
    assert "the server was stopped by somebody and left so" in told(host)
    assert host.run("rolled_back")["left_stopped"] is True  # the second time, too
    host.server.start()
    assert host.live("hz") == "10"


def test_a_server_that_runs_is_not_called_stopped(changer: Make) -> None:
    host = changer()
    host.apply(*host.redis(hz=20))
    assert host.run("rolled_back")["left_stopped"] is False
    assert "left so" not in told(host)


def test_what_differs_all_the_same_is_left_to_do(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    host.apply(*host.redis(hz=20))
    shut_down(host)
    with monkeypatch.context() as here:
        here.setattr(stopped, "restore_files", lambda *_arguments: None)
        with pytest.raises(ChangeError, match="differs in content"):
            host.run("rolled_back")
    assert host.run("rolled_back")["state"] == "rolled_back"


def test_the_old_file_waits_where_it_could_load_older_data(changer: Make) -> None:
    host = changer()
    before = host.config
    host.apply(*host.redis(appendonly=True, hz=20))
    host.server.client().set("written under", "the change")
    shut_down(host)
    with pytest.raises(ChangeError, match="start the server.*roll back again") as caught:
        host.run("rolled_back")
    assert caught.value.details["state"] == "rollback_failed" and caught.value.details["left_stopped"] is True
    assert b"appendonly yes" in host.config and not answers(host)
    assert "left so" in told(host) and "LEFT TO DO" in told(host)
    host.server.start()
    assert host.server.client().get("written under") == "the change"
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.config, host.live("appendonly"), host.live("hz")) == (before, "no", "10")
    assert host.server.client().get("written under") == "the change"


def by_the_host(host: Any) -> Any:
    change = Store(host.state_directory).find()
    return rollback.roll_back(change, connecting(Address.from_options(host.options("rolled_back"))), "boot")


def test_after_a_reboot_the_one_whose_file_waits_is_waited_for(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """An orderly reboot ends it in order, too; whatever starts it does so without asking, with the file as it is."""
    host = changer(persist=True)
    before = host.config
    host.apply(*host.redis(maxmemory="1gb", hz=20))
    shut_down(host)
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    for _try in range(2):
        assert any("start the server" in left for left in by_the_host(host).left)
        assert host.history()["open"]["state"] == "rolling_back" and not answers(host)
    host.server.start()
    assert host.live("hz") == "20"
    assert by_the_host(host).left == []
    assert (host.config, host.live("maxmemory"), host.live("hz")) == (before, "0", "10")
    assert host.history()["changes"][-1]["state"] == "rolled_back"


def test_but_not_without_end(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(maxmemory="1gb"))
    shut_down(host)
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    by_the_host(host)
    assert host.history()["open"]["state"] == "rolling_back"
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    by_the_host(host)
    assert host.history()["open"]["state"] == "rollback_failed" and "left so" in told(host)


def test_in_the_same_boot_nobody_waits_for_it(changer: Make) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(maxmemory="1gb"))
    shut_down(host)
    by_the_host(host)
    assert host.history()["open"]["state"] == "rollback_failed"


def test_after_a_reboot_an_operator_is_told_at_once(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(maxmemory="1gb"))
    shut_down(host)
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    with pytest.raises(ChangeError, match="start the server"):
        host.run("rolled_back")
    assert host.history()["open"]["state"] == "rollback_failed"


def test_one_that_was_killed_is_started_again(changer: Make) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(hz=20))
    host.server.stop()  # by SIGKILL
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"], undone["left_stopped"]) == ("rolled_back", True, False)
    assert host.live("hz") == "10"


@pytest.fixture
def silent(changer: Make, tmp_path: Path) -> Iterator[Any]:
    """Its log goes nowhere; all that tells is its pidfile."""
    yield changer('logfile ""', f"pidfile {tmp_path}/redis.pid", persist=True)


def test_without_a_log_its_pidfile_tells(silent: Any) -> None:
    silent.apply(*silent.redis(hz=20))
    shut_down(silent)
    assert silent.run("rolled_back")["left_stopped"] is True and not answers(silent)


def test_a_pidfile_that_is_still_there_tells_of_a_crash(silent: Any) -> None:
    silent.apply(*silent.redis(hz=20))
    silent.server.stop()
    assert silent.run("rolled_back")["left_stopped"] is False and answers(silent)


def test_a_pidfile_tells_nothing_after_a_reboot(silent: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent.apply(*silent.redis(hz=20))
    silent.server.stop()
    (tmp_path / "redis.pid").unlink()
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    assert silent.run("rolled_back")["left_stopped"] is False and answers(silent)


def test_one_that_somebody_starts_meanwhile_is_taken_back_alive(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(hz=20))
    shut_down(host)
    restore_files = stopped.restore_files

    def start_and_restore(*arguments: Any) -> None:
        if not answers(host):
            host.server.start()  # with the file of the change
        restore_files(*arguments)

    monkeypatch.setattr(stopped, "restore_files", start_and_restore)
    undone = host.run("rolled_back")
    assert (undone["state"], undone["left_stopped"], host.live("hz")) == ("rolled_back", False, "10")


def test_one_that_is_being_stopped_is_waited_for(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """It saves its data, which takes a while; what systemd says meanwhile is said here by a list."""
    host = changer()
    host.apply(*host.redis(hz=20))
    change = Store(host.state_directory).find()
    change.opened["unit"] = "redis-server.service"
    said = [{"ActiveState": state, "Result": "success"} for state in ("deactivating", "deactivating", "inactive")]
    monkeypatch.setattr(systemd, "show", lambda *_words: said.pop(0) if len(said) > 1 else said[0])
    assert stopped.on_purpose(change) and len(said) == 1
    os.kill(host.pid, signal.SIGKILL)


def test_the_farewell_of_another_server_is_not_its_own(changer: Make, redis_server: Make, tmp_path: Path) -> None:
    log = tmp_path / "shared.log"
    other = redis_server(f"logfile {log}")
    host = changer(f"logfile {log}", persist=True)
    host.apply(*host.redis(hz=20))
    host.server.stop()
    other.client().shutdown()
    other.process.wait(10)
    undone = host.run("rolled_back")
    assert (undone["restarted"], undone["left_stopped"]) == (True, False) and answers(host)


def test_its_own_farewell_counts_whatever_another_server_says_after_it(
    changer: Make, redis_server: Make, tmp_path: Path
) -> None:
    log = tmp_path / "shared.log"
    host = changer(f"logfile {log}", persist=True)
    host.apply(*host.redis(hz=20))
    shut_down(host)
    redis_server(f"logfile {log}")
    assert host.run("rolled_back")["left_stopped"] is True and not answers(host)


@pytest.mark.parametrize("own", [False, True])
def test_a_farewell_from_before_the_change_tells_nothing(changer: Make, own: bool) -> None:
    """With ``loglevel warning`` newer releases write nothing at a start; in a container each has the same pid."""
    host = changer("loglevel warning", persist=True)
    pid = host.pid if own else 4242
    farewell = f"{pid}:M 01 Jan 2026 00:00:00.000 # Redis is now ready to exit, bye bye...\n"
    Path(host.server.directory, "redis.log").write_text(farewell)
    host.apply(*host.redis(hz=20))
    host.server.stop()
    assert host.run("rolled_back")["left_stopped"] is False and answers(host)


@pytest.mark.parametrize("rotated", [False, True])
def test_one_that_somebody_has_started_meanwhile_says_farewell_too(changer: Make, rotated: bool) -> None:
    host = changer(persist=True)
    log = Path(host.server.directory, "redis.log")
    host.apply(*host.redis(hz=20))
    host.server.stop()
    if rotated:
        log.rename(f"{log}.1")
    host.server.start()
    shut_down(host)
    assert host.run("rolled_back")["left_stopped"] is True and not answers(host)


def test_a_log_that_cannot_be_read_tells_nothing(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(hz=20))
    host.server.stop()

    def fails(path: str, *_arguments: Any) -> Any:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), path)

    monkeypatch.setattr(farewell, "open", fails, raising=False)
    assert host.run("rolled_back")["left_stopped"] is False and answers(host)
