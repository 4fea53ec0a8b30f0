# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback turns the AOF on again: until it is written anew an old one lies there, which no start may load."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import until
from ansible_collections.lowlat.redis.plugins.module_utils._host.file_image import FileImage
from tests.integration._change.test_hazards_way_back import taken_back_by_the_host

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def test_the_file_names_it_only_when_it_is_whole(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed by the kernel, as in a fork that takes the memory, the server starts with what it had."""
    host = changer("appendonly yes", "auto-aof-rewrite-percentage 0", persist=True)
    client, before = host.server.client(), host.config
    client.set("old", "value")
    host.apply(*host.redis(appendonly=False))
    client.set("new", "value")
    client.save()
    client.config_set("rdb-key-save-delay", 300_000)  # microseconds for each key of the new log
    restore = FileImage.restore

    def killed(image: FileImage) -> None:
        restore(image)
        if host.config == before and host.server.process.poll() is None:
            host.server.process.kill()
            host.server.process.wait()
            host.server.start()
            until(lambda: host.server.client().ping(), "the server", "here")

    monkeypatch.setattr(FileImage, "restore", killed)
    host.run("rolled_back")
    assert host.config == before and host.live("appendonly") == "yes"
    assert sorted(host.server.client().keys()) == ["new", "old"]


@pytest.mark.parametrize(("log", "ours"), [("no", "yes"), ("yes", "no")])
def test_of_a_server_that_lets_nobody_in_the_file_waits(changer: Make, log: str, ours: str) -> None:
    """Whoever starts it again starts it with its newest data."""
    host = changer(f"appendonly {log}", "appendfsync always", "hz 10", persist=True)
    client, before = host.server.client(), host.config
    host.apply(*host.redis(appendonly=ours, hz=20))
    client.set("key", "value")
    if ours == "no":
        client.save()
    client.config_set("requirepass", "only-now")
    undone = taken_back_by_the_host(host)
    assert undone.change.state == "rollback_failed" and f"appendonly {ours}".encode() in host.config
    host.server.stop()
    host.server.start()
    assert host.server.client().get("key") == "value"
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.config, host.live("appendonly"), host.live("hz")) == (before, log, "10")
    assert host.server.client().get("key") == "value"


def test_a_dead_one_that_does_not_start_as_it_was_left_loads_its_dump(changer: Make, killed_for_good: Make) -> None:
    host = changer("appendonly yes", "auto-aof-rewrite-percentage 0", persist=True)
    client, before = host.server.client(), host.config
    host.apply(*host.redis(appendonly=False))
    client.set("key", "value")
    client.save()
    killed_for_good(host)
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.config, host.live("appendonly"), host.server.client().get("key")) == (before, "yes", "value")
