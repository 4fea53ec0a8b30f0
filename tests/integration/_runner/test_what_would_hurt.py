# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the old values would destroy by now: the host that takes a change back by itself leaves it to a person."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import psutil
import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import boot, writing
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._runner import commands
from tests.integration._change.conftest import Changer

from .test_deadline import apply, directory, state

pytestmark = pytest.mark.slow

Make = Callable[..., Changer]
RAISED = str(100 << 20)
CACHE = ("hz 10", "maxmemory 3mb", "maxmemory-policy allkeys-lru")


def fill(host: Changer) -> None:
    client = host.server.client()
    for number in range(50):
        client.set(f"key{number}", "x" * 100_000)


def keys(host: Changer) -> int:
    """How many are left after one more write, at which a server evicts."""
    host.server.client().set("one", "more")
    return int(host.server.client().dbsize()) - 1


def left(host: Changer) -> str:
    return " | ".join(host.history()["changes"][-1]["left"])


def test_keys_that_came_under_a_higher_limit_are_not_evicted(changer: Make) -> None:
    host = changer(*CACHE)
    before = host.config
    apply(host, *host.redis(maxmemory="100mb", hz=20))
    fill(host)
    assert commands.main(["recover", host.state_directory]) == commands.BY_HAND
    assert keys(host) == 50 and state(host) == "rollback_failed"
    assert "maxmemory_below_used" in left(host) and "choose at least" in left(host)
    assert (host.live("maxmemory"), host.live("hz")) == (RAISED, "10")
    assert host.config == before.replace(b"maxmemory 3mb", b"maxmemory " + RAISED.encode())
    host.server.client().flushall()
    undone = host.run("rolled_back")
    assert (undone["state"], undone["foreign"], host.config) == ("rolled_back", [], before)
    assert host.live("maxmemory") == str(3 << 20)


def test_at_boot_the_limit_waits_until_the_server_tells_what_it_holds(
    changer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = changer(*CACHE, persist=True)
    applied = apply(host, *host.redis(maxmemory="100mb", hz=20))
    fill(host)
    host.server.client().save()
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    host.server.stop()
    where = os.fspath(directory(host, applied))
    assert commands.main(["boot", where]) == commands.DONE
    host.server.start()
    assert keys(host) == 50
    assert commands.main(["expire", where]) == commands.BY_HAND
    assert keys(host) == 50 and "maxmemory_below_used" in left(host)
    assert (host.live("maxmemory"), host.live("hz")) == (RAISED, "10")


def test_a_failed_apply_evicts_nothing_either(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(*CACHE)

    def grows_and_fails(*_arguments: Any) -> None:
        fill(host)
        raise OSError("the disk is gone")

    monkeypatch.setattr(writing, "write_files", grows_and_fails)
    with pytest.raises(ChangeError, match="maxmemory_below_used") as caught:
        host.apply(*host.redis(maxmemory="100mb", hz=20))
    assert caught.value.details["state"] == "rollback_failed"
    assert keys(host) == 50 and (host.live("maxmemory"), host.live("hz")) == (RAISED, "10")


def test_where_keys_are_evicted_already_the_way_back_costs_none(changer: Make) -> None:
    host = changer("maxmemory 100mb", "maxmemory-policy allkeys-lru")
    host.apply(*host.redis(maxmemory_policy="allkeys-lfu"))
    host.server.client().config_set("maxmemory", "500kb")  # less than an empty server needs
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert host.live("maxmemory-policy") == "allkeys-lru"


def test_a_database_that_is_in_use_by_now_stays(changer: Make) -> None:
    host = changer("hz 10", "databases 1", persist=True)
    before = host.config
    apply(host, *host.redis(databases=16, hz=20), restart="allowed")
    client, pid = host.server.client(db=5), host.pid
    client.set("key", "value")
    assert commands.main(["recover", host.state_directory]) == commands.BY_HAND
    assert (host.pid, host.live("databases"), host.live("hz")) == (pid, "16", "10")
    assert host.config == before.replace(b"databases 1\n", b"databases 16\n")
    assert client.get("key") == "value"
    assert state(host) == "rollback_failed" and "databases_in_use" in left(host) and "move those keys" in left(host)
    client.delete("key")
    undone = host.run("rolled_back")
    assert (undone["state"], undone["foreign"], undone["restarted"]) == ("rolled_back", [], True)
    assert (host.config, host.live("databases")) == (before, "1")


def test_where_nobody_can_be_asked_the_file_waits(changer: Make) -> None:
    host = changer("databases 1", login={"login_password": "right"}, password="right", persist=True)
    host.apply(*host.redis(databases=16), restart="allowed")
    applied = host.config
    host.login["login_password"] = "wrong"
    with pytest.raises(ChangeError, match="does not let user default in") as caught:
        host.run("rolled_back")
    assert host.config == applied and any(host.server.config_file in one for one in caught.value.details["left"])
    host.login["login_password"] = "right"
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert b"databases 1\n" in Path(host.server.config_file).read_bytes()


def ended(host: Changer) -> None:
    """Whoever has started it."""
    process = psutil.Process(host.pid)
    process.kill()
    process.wait()


@pytest.mark.parametrize("dead", [False, True])
def test_a_limit_that_somebody_has_raised_further_stays_in_the_file(changer: Make, dead: bool) -> None:
    """Neither that of before nor that of the change, by which the next start would evict."""
    host = changer("hz 10", "maxmemory 3mb", "maxmemory-policy allkeys-lru", persist=True)
    apply(host, *host.redis(hz=20, maxmemory="4mb"))
    path = Path(host.server.config_file)
    path.write_text(path.read_text().replace("maxmemory 4194304", "maxmemory 100mb"))
    host.server.client().config_set("maxmemory", "100mb")
    fill(host)
    host.server.client().save()
    if dead:
        host.server.stop()
    assert commands.main(["recover", host.state_directory]) == commands.BY_HAND
    assert (host.live("hz"), host.live("maxmemory")) == ("10", str(100 << 20))
    ended(host)
    host.server.start()
    assert keys(host) == 50


def test_and_no_limit_at_all_too(changer: Make) -> None:
    host = changer("maxmemory 3mb", "maxmemory-policy allkeys-lru", persist=True)
    apply(host, *host.redis(maxmemory="4mb"))
    path = Path(host.server.config_file)
    path.write_text(path.read_text().replace("maxmemory 4194304\n", ""))
    host.server.client().config_set("maxmemory", 0)
    fill(host)
    assert commands.main(["recover", host.state_directory]) == commands.BY_HAND
    host.server.client().save()
    ended(host)
    host.server.start()
    assert (host.live("maxmemory"), keys(host)) == ("0", 50)


def test_at_boot_fewer_databases_that_wait_for_a_restart_go_first(
    changer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start would die of them, or mix them out of an AOF."""
    host = changer("databases 16", "appendonly yes", "appendfsync always")
    before = host.config
    applied = apply(host, *host.redis(databases=4, hz=20), restart="defer")
    host.server.client(db=9).set("key", "nine")
    host.server.client().set("key", "zero")
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    host.server.stop()
    where = os.fspath(directory(host, applied))
    assert commands.main(["boot", where]) == commands.DONE
    assert host.config == before
    host.server.start()
    assert commands.main(["expire", where]) == commands.DONE
    assert (state(host), host.config, host.live("databases")) == ("rolled_back", before, "16")
    assert (host.server.client(db=9).get("key"), host.server.client().get("key")) == ("nine", "zero")
