# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that was killed while the server restarts loses nothing that only the running server knew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import launch, restart
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
#: Called when the new server answers, and has not got its runtime values yet.
NEW_SERVER = "_change.restart:_make_whole"


def interrupted(changer: Make) -> Any:
    host = changer(persist=True)
    os.sched_setaffinity(host.server.pid, {0})
    host.server.client().config_set("timeout", 77)
    host.killed_at(NEW_SERVER, "applied", name="trial", settings=host.redis(databases=1, hz=8), restart="allowed")
    assert host.pid != host.server.pid and host.live("timeout") == "0"
    os.sched_setaffinity(host.pid, range(os.cpu_count() or 1))
    return host


def test_values_set_by_command_alone_come_back(changer: Make) -> None:
    host = interrupted(changer)
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.live("databases"), host.live("hz"), host.live("timeout")) == ("16", "10", "77")
    assert os.sched_getaffinity(host.pid) == {0}


def test_killed_between_the_end_of_the_old_server_and_the_start_of_the_new(changer: Make) -> None:
    host = changer(persist=True)
    client = host.server.client()
    client.set("key", "value")
    client.config_set("timeout", 77)
    os.sched_setaffinity(host.server.pid, {0})
    settings = host.redis(databases=1, hz=8)
    host.killed_at("_change.launch:Launch.start", "applied", name="trial", settings=settings, restart="allowed")
    assert host.server.process.wait(10) == 0
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"]) == ("rolled_back", True)
    assert (host.live("databases"), host.live("hz"), host.live("timeout")) == ("16", "10", "77")
    assert client.get("key") == "value" and os.sched_getaffinity(host.pid) == {0}


def test_values_that_do_not_come_back_are_named(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = interrupted(changer)
    monkeypatch.setattr(restart, "put_back_runtime_settings", lambda *_arguments: None)
    with pytest.raises(ChangeError, match="timeout is live '0', it was '77'") as caught:
        host.run("rolled_back")
    assert caught.value.details["state"] == "rollback_failed"


def test_killed_in_the_restart_of_a_rollback(changer: Make) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(databases=1, hz=8), restart="allowed")
    host.server.client().config_set("timeout", 77)
    host.killed_at(NEW_SERVER, "rolled_back")
    assert host.live("timeout") == "0"
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.live("databases"), host.live("hz"), host.live("timeout")) == ("16", "10", "77")


def test_what_an_operator_sets_after_the_restart_is_theirs(changer: Make) -> None:
    host = changer(persist=True)
    host.server.client().config_set("timeout", 77)
    host.apply(*host.redis(databases=1), restart="allowed")
    host.server.client().config_set("timeout", 5)
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert host.live("timeout") == "5"


def test_a_half_written_copy_of_the_config_file_does_not_stay(changer: Make) -> None:
    host = changer("masterauth secret")
    before = host.config
    others = [".lowlat-redis.conf.bak", ".lowlat-other.conf-abcdefgh"]
    directory = Path(host.server.directory)
    for name in others:
        (directory / name).touch()
    listed = sorted(os.listdir(directory))
    host.killed_at("_host.files:os.replace", "applied", name="trial", settings=host.redis(hz=8))
    assert b"masterauth" in next(path for path in directory.iterdir() if path.name not in listed).read_bytes()
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert sorted(os.listdir(directory)) == listed and host.config == before


def test_a_server_killed_under_a_change_starts_with_the_log_that_the_change_turned_on(changer: Make) -> None:
    host = changer()
    before = host.config
    host.apply(*host.redis(appendonly=True, hz=20))
    host.server.client().set("written after", "it")
    host.server.stop()  # by SIGKILL
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"], undone["warnings"]) == ("rolled_back", True, [])
    assert (host.config, host.live("appendonly"), host.live("hz")) == (before, "no", "10")
    assert host.server.client().get("written after") == "it"


def test_one_that_does_not_start_so_is_started_as_it_was(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    before = host.config
    host.apply(*host.redis(appendonly=True, hz=20))
    host.server.stop()
    start = launch.Launch.start

    def only_as_it_was(this: launch.Launch) -> None:
        if host.config != before:
            raise ChangeError("it dies")
        start(this)

    monkeypatch.setattr(launch.Launch, "start", only_as_it_was)
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and "it dies" in "".join(undone["warnings"])
    assert (host.config, host.live("appendonly"), host.live("hz")) == (before, "no", "10")
