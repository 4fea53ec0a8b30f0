# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that was killed within its own restart, of which the server comes up with some of its keys alone."""

from __future__ import annotations

import errno
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

import psutil
import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._change import boot, journal, launch, restart
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from tests.integration._change.in_unit import PlayedSystemd
from tests.integration._change.test_lost_data import fill, warned

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
STARTS = "_change.launch:Launch.start"


def stopped_with(host: Any, keys: int, state: str = "applied", **params: Any) -> Path:
    """The change is killed when the server has stopped; a dump with so many of its 100 keys takes the place of its own.

    That one's new place.
    """
    older, whole = Path(host.server.directory, "older"), Path(host.server.directory, "whole")
    dump = Path(host.server.directory, "dump.rdb")
    fill(host, keys)
    host.server.client().save()
    shutil.copyfile(dump, older)
    fill(host)
    host.killed_at(STARTS, state, **params)
    dump.rename(whole)
    shutil.copyfile(older, dump)
    return whole


def killed(changer: Make, keys: int = 60, *lines: str) -> tuple[Any, Path]:
    host = changer(*lines, persist=True)
    settings = host.redis(databases=8, hz=20)
    return host, stopped_with(host, keys, name="trial", settings=settings, restart="allowed")


def test_that_is_lost_data(changer: Make) -> None:
    host, whole = killed(changer)
    before = Path(host.server.directory, "dump.rdb").read_bytes()
    for _again in range(2):
        with pytest.raises(ChangeError, match="60 keys now, and 100 before.*accept_lost_data") as caught:
            host.run("rolled_back")
        assert caught.value.details["state"] == "rollback_failed"
        assert (host.live("hz"), host.live("databases")) == ("10", "16")
        assert Path(host.server.directory, "dump.rdb").read_bytes() == before
    host.server.client().shutdown(nosave=True)
    whole.replace(Path(host.server.directory, "dump.rdb"))
    host.server.stop()
    host.server.start()
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.live("databases"), host.server.client().dbsize()) == ("16", 100)


def test_also_where_somebody_else_has_started_it(changer: Make) -> None:
    host, _whole = killed(changer)
    host.server.stop()
    host.server.start()
    with pytest.raises(ChangeError, match="60 keys now, and 100 before"):
        host.run("rolled_back")
    assert host.pid == host.server.pid


def test_and_in_the_restart_of_a_rollback(changer: Make) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(databases=8), restart="allowed")
    stopped_with(host, 60, "rolled_back")
    with pytest.raises(ChangeError, match="60 keys now, and 100 before"):
        host.run("rolled_back")


def test_so_it_is_where_nobody_was_killed(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    dump, older = Path(host.server.directory, "dump.rdb"), Path(host.server.directory, "older")
    fill(host, 60)
    host.server.client().save()
    shutil.copyfile(dump, older)
    fill(host)
    start = launch.Launch.start

    def with_older_data(self: launch.Launch) -> None:
        shutil.copyfile(older, dump)
        start(self)

    monkeypatch.setattr(launch.Launch, "start", with_older_data)
    with pytest.raises(ChangeError, match="100 keys before, 60 after.*accept_lost_data"):
        host.apply(*host.redis(databases=8), restart="allowed")
    assert dump.read_bytes() == older.read_bytes() and host.live("databases") == "8"


def test_clients_do_not_wait_for_a_restart_that_is_not_made(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal has no room."""
    host, said, append = changer(persist=True), [], journal.Journal.append
    command = restart.command

    def full(self: journal.Journal, entry: str, **facts: Any) -> None:
        if entry == "restarting":
            raise OSError(errno.ENOSPC, "No space left on device")
        append(self, entry, **facts)

    def noting(client: Any, *words: Any) -> Any:
        said.append(words)
        return command(client, *words)

    monkeypatch.setattr(journal.Journal, "append", full)
    monkeypatch.setattr(restart, "command", noting)
    with pytest.raises(ChangeError, match="No space left"):
        host.apply(*host.redis(databases=8), restart="allowed")
    assert said == [("CLIENT PAUSE", 10_000, "WRITE"), ("CLIENT UNPAUSE",)] and host.pid == host.server.pid


class Refusing(PlayedSystemd):
    """Of a unit that is masked, or that refuses a manual stop."""

    def _run(self, arguments: Sequence[str], shown: str, timeout: float) -> subprocess.CompletedProcess[bytes]:
        if arguments[0] == "restart":
            return subprocess.CompletedProcess([shown], 1, b"", b"Unit is masked.")
        return super()._run(arguments, shown, timeout)


def test_nor_for_one_that_systemd_refuses(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host, said, command = changer(persist=True), [], restart.command

    def noting(client: Any, *words: Any) -> Any:
        said.append(words)
        return command(client, *words)

    Refusing(host.server).play(monkeypatch)
    monkeypatch.setattr(restart, "command", noting)
    with pytest.raises(ChangeError, match="masked"):
        host.apply(*host.redis(databases=8), restart="allowed")
    assert said == [("CLIENT PAUSE", 10_000, "WRITE"), ("CLIENT UNPAUSE",)] and host.pid == host.server.pid


def test_a_person_may_take_it_as_it_is(changer: Make) -> None:
    host, _whole = killed(changer)
    undone = host.run("rolled_back", accept_lost_data=True)
    assert (undone["state"], host.live("databases")) == ("rolled_back", "16")
    assert warned(undone, "60 keys now, and 100 before")
    (told,) = host.history()["changes"]
    assert warned(told, "60 keys now, and 100 before")


def test_what_clients_delete_after_the_start_is_not_lost(changer: Make) -> None:
    host, _whole = killed(changer, 100)
    host.server.stop()
    host.server.start()
    host.server.client().delete(*(f"key{number}" for number in range(40)))
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and not warned(undone, "keys")
    assert host.server.client().dbsize() == 60


def test_nor_what_they_had_deleted_before_the_server_was_stopped(changer: Make) -> None:
    """The number that counts is that of the stop."""
    host = changer(persist=True)
    fill(host)
    host.apply(*host.redis(databases=8), restart="allowed")
    host.server.client().delete(*(f"key{number}" for number in range(40)))
    host.killed_at("_change.restart:keys.since_start", "rolled_back")
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and not warned(undone, "keys")


def test_after_a_power_cut_what_was_never_saved_is_told_only(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host, _whole = killed(changer)
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back"
    assert warned(undone, "60 keys now, and 100 before") and warned(undone, "look at its log, its dump and its AOF")


def over_its_files_limit(changer: Make, *lines: str) -> Any:
    host = changer("maxmemory 3mb", *lines, persist=True)
    host.server.client().config_set("maxmemory", 0)
    host.server.client().mset({f"key{number}": "x" * 50_000 for number in range(100)})
    return host


def test_no_restart_is_made_that_would_evict_keys(changer: Make) -> None:
    """The running limit is set again only when the server has loaded its data under that of its file."""
    host = over_its_files_limit(changer, "maxmemory-policy allkeys-lru")
    (hazard,) = host.refused(*host.redis(databases=8), restart="allowed")
    assert hazard["id"] == "evicts_at_start" and "3145728" in hazard["reason"]
    assert host.apply(*host.redis(databases=8, maxmemory="1gb"), restart="allowed")["restarted"] is True
    assert host.server.client().dbsize() == 100


def test_nor_in_a_rollback(changer: Make) -> None:
    host = changer("maxmemory 3mb", "maxmemory-policy allkeys-lru", persist=True)
    host.apply(*host.redis(databases=8), restart="allowed")
    host.server.client().config_set("maxmemory", 0)
    host.server.client().mset({f"key{number}": "x" * 50_000 for number in range(100)})
    with pytest.raises(ChangeError, match="would evict keys in a restart"):
        host.run("rolled_back")
    assert host.server.client().dbsize() == 100
    host.server.client().config_set("maxmemory-policy", "noeviction")
    path = Path(host.server.config_file)
    path.write_bytes(path.read_bytes().replace(b"maxmemory 3mb", b"maxmemory 1gb"))
    assert host.run("rolled_back", on_foreign_change="keep")["state"] == "rolled_back"
    assert (host.live("databases"), host.server.client().dbsize()) == ("16", 100)


def test_nor_is_a_dead_server_started_that_would(changer: Make) -> None:
    host = over_its_files_limit(changer, "maxmemory-policy allkeys-lru")
    host.server.client().save()
    host.apply(*host.redis(hz=20))
    killed_hard(host)
    for _again in range(2):
        with pytest.raises(ChangeError, match="maxmemory of 3145728 .* accept_lost_data"):
            host.run("rolled_back")
        with pytest.raises(redis.ConnectionError):
            host.server.client().ping()
    path = Path(host.server.config_file)
    path.write_bytes(path.read_bytes().replace(b"maxmemory 3mb", b"maxmemory 1gb"))
    host.server.stop()
    host.server.start()
    assert host.run("rolled_back", on_foreign_change="keep")["state"] == "rolled_back"
    assert (host.live("hz"), host.server.client().dbsize()) == ("10", 100)


def test_but_by_who_accepts_it(changer: Make) -> None:
    host = over_its_files_limit(changer, "maxmemory-policy allkeys-lru")
    host.server.client().save()
    host.apply(*host.redis(hz=20))
    killed_hard(host)
    assert host.run("rolled_back", accept_lost_data=True)["state"] == "rolled_back"
    assert host.live("hz") == "10"


def test_a_full_cache_that_died_is_started(changer: Make) -> None:
    host = changer("maxmemory 100kb", "maxmemory-policy allkeys-lru", persist=True)
    host.apply(*host.redis(hz=20))
    killed_hard(host)
    assert host.run("rolled_back")["state"] == "rolled_back"


def killed_hard(host: Any) -> None:
    process = psutil.Process(host.pid)
    process.kill()
    process.wait()


def test_a_limit_that_evicts_nothing_is_in_nobodys_way(changer: Make) -> None:
    host = over_its_files_limit(changer)
    assert host.apply(*host.redis(databases=8), restart="allowed")["restarted"] is True
    assert (host.server.client().dbsize(), host.live("maxmemory")) == (100, "0")


@pytest.mark.parametrize("policies", [("allkeys-lru", "allkeys-lru"), ("volatile-ttl", "volatile-lru")])
def test_nor_is_one_by_which_the_running_server_evicts_already(changer: Make, policies: tuple[str, str]) -> None:
    """A cache that is full: it uses a little more than its limit, or no key is left that it may evict."""
    running, stored = policies
    host = changer("maxmemory 100kb", f"maxmemory-policy {stored}", persist=True)
    host.server.client().config_set("maxmemory-policy", running)
    assert host.server.client().info("memory")["used_memory"] > 100 * 1024
    assert host.apply(*host.redis(databases=8), restart="allowed")["restarted"] is True
    assert host.run("rolled_back")["state"] == "rolled_back"


def test_but_one_whose_policy_evicts_keys_that_the_running_one_spares(changer: Make) -> None:
    host = changer("maxmemory 100kb", "maxmemory-policy allkeys-lru", persist=True)
    host.server.client().config_set("maxmemory-policy", "volatile-lru")
    (hazard,) = host.refused(*host.redis(databases=8), restart="allowed")
    assert hazard["id"] == "evicts_at_start"
