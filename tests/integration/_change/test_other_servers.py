# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are not the plain case: a replica, one with groups of its own, one that is blocked or was replaced."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import psutil
import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import settling, waiting
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._host.file_image import FileImage
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import control

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


@pytest.fixture
def replica(changer: Make, redis_server: Make) -> Any:
    """In sync, and without its master's link it answers nothing but -MASTERDOWN."""
    master = redis_server("repl-diskless-sync-delay 1")  # the link is down for so long after every start
    master.client().set("key", "value")
    # Without a dump of its own it has to take all from its master again.
    own = ("replica-serve-stale-data no", "repl-diskless-load swapdb")
    return changer(f"replicaof 127.0.0.1 {master.port}", *own)


def test_a_replica_that_serves_no_stale_data(replica: Any) -> None:
    applied = replica.apply(*replica.redis(databases=8), restart="allowed")
    assert (applied["state"], applied["restarted"], replica.live("databases")) == ("applied", True, "8")
    assert replica.server.client().get("key") == "value"
    assert replica.run("rolled_back")["state"] == "rolled_back"
    assert replica.live("databases") == "16" and replica.server.client().get("key") == "value"


def test_a_replica_without_its_master_is_taken_back(replica: Any) -> None:
    replica.apply(*replica.redis(hz=8))
    replica.server.client().execute_command("REPLICAOF", "127.0.0.1", 1)
    assert replica.run("rolled_back")["state"] == "rolled_back"
    assert replica.live("hz") == "10"


def test_a_replica_killed_before_its_link_was_up_again(replica: Any) -> None:
    settings = replica.redis(databases=8)
    replica.killed_at("_change.restart:_make_whole", "applied", name="trial", settings=settings, restart="allowed")
    assert replica.run("rolled_back")["state"] == "rolled_back"
    assert replica.live("databases") == "16" and replica.server.client().get("key") == "value"


def test_a_server_that_came_back_empty_is_not_confirmed(changer: Make) -> None:
    host = changer(persist=True)
    host.server.client().mset({f"key{number}": 1 for number in range(5)})
    applied = host.apply(*host.redis(databases=4), restart="allowed")
    proven = host.pid
    os.kill(proven, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(proven)] if psutil.pid_exists(proven) else [], timeout=10)
    (Path(host.server.directory) / "dump.rdb").unlink()
    host.server.stop()
    host.server.start()
    with pytest.raises(ChangeError, match=f"process {proven} was proven with 5 keys.*process {host.pid}.* 0") as caught:
        host.run("confirmed", change_id=applied["change_id"])
    assert caught.value.where and caught.value.remedy
    assert host.history()["open"]["state"] == "applied"
    with pytest.raises(ChangeError, match="holds 0 keys now, and 5 before"):
        host.run("rolled_back")


def test_a_server_that_its_operator_restarts_later_may_be_confirmed(changer: Make) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(databases=4), restart="defer")
    host.server.stop()
    host.server.start()
    assert host.run("confirmed")["state"] == "confirmed"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start a server as another user with a group of its choice")
def test_a_server_with_a_group_that_lets_it_read_its_file(
    changer: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = changer(persist=True)
    host.server.stop()
    os.chown(host.server.config_file, 0, 1234)
    os.chmod(host.server.config_file, 0o640)
    for path in (host.server.directory, f"{host.server.directory}/redis.log"):
        os.chown(path, 65534, 65534)
    as_nobody = tmp_path / "redis-server"
    real = shutil.which("redis-server")
    as_nobody.write_text(f'#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --groups=1234 {real} "$@"\n')
    as_nobody.chmod(0o755)
    with monkeypatch.context() as here:
        here.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        host.server.start()
    applied = host.apply(*host.redis(databases=8), restart="allowed")
    assert (applied["state"], host.live("databases")) == ("applied", "8")
    now = psutil.Process(host.pid)
    assert (now.uids().real, now.gids().real) == (65534, 65534)
    assert "Groups:\t1234 \n" in Path(f"/proc/{now.pid}/status").read_text()
    assert host.run("rolled_back")["state"] == "rolled_back"


def blocked(host: Any, monkeypatch: pytest.MonkeyPatch, attempts: int) -> None:
    """The server stands still and goes on at that attempt to reach it."""
    made, pid = [], host.pid
    os.kill(pid, signal.SIGSTOP)

    def attempt(address: Any) -> Any:
        made.append(address)
        if len(made) < attempts:
            return control(replace(address, timeout=0.1))
        os.kill(pid, signal.SIGCONT)
        return control(address)

    monkeypatch.setattr(waiting, "control", attempt)


def test_a_server_that_is_blocked_for_a_while(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    before = host.config
    host.apply(*host.redis(hz=20, databases=8), restart="allowed")
    blocked(host, monkeypatch, 5)
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"]) == ("rolled_back", True)
    assert (host.live("hz"), host.live("databases"), host.config) == ("10", "16", before)


def test_a_server_that_is_blocked_in_the_middle_of_a_rollback(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    before = host.config
    host.apply(*host.redis(hz=20, databases=8, appendonly=True), restart="allowed")
    made, stopped, restore = [], [], FileImage.restore

    def attempt(address: Any) -> Any:
        made.append(address)
        if len(made) == 5:
            os.kill(stopped[0], signal.SIGCONT)
        return control(replace(address, timeout=0.5 if len(made) < 5 else 5.0))

    def stop_and_restore(image: FileImage) -> None:
        if not stopped:
            stopped.append(host.pid)
            os.kill(stopped[0], signal.SIGSTOP)
        restore(image)

    monkeypatch.setattr(waiting, "control", attempt)
    monkeypatch.setattr(FileImage, "restore", stop_and_restore)
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert len(made) >= 5
    assert (host.live("hz"), host.live("databases"), host.live("appendonly")) == ("10", "16", "no")
    assert host.config == before


def test_a_blocked_server_that_would_evict_is_not_set_back(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer("maxmemory 3mb", "maxmemory-policy allkeys-lru")
    host.apply(*host.redis(maxmemory="100mb"))
    host.server.client().set("big", "x" * 5_000_000)
    blocked(host, monkeypatch, 3)
    with pytest.raises(ChangeError, match="maxmemory_below_used"):
        host.run("rolled_back")
    assert host.server.client().exists("big") and host.live("maxmemory") == str(100 << 20)


def test_a_restarted_server_that_stands_still_is_not_called_gone(
    changer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(databases=8), restart="allowed")
    monkeypatch.setattr(settling, "SETTLE", 3600.0)  # it is watched until it stops
    monkeypatch.setattr(waiting, "control", lambda address: control(replace(address, timeout=0.3)))
    pid = host.pid
    stops = threading.Timer(0.3, os.kill, (pid, signal.SIGSTOP))
    stops.start()
    try:
        with pytest.raises(ChangeError, match=f"process {pid}: The server does not answer in time") as caught:
            host.run("confirmed")
    finally:
        stops.join()
        os.kill(pid, signal.SIGCONT)
    assert caught.value.where and caught.value.remedy and "gone" not in caught.value.message
