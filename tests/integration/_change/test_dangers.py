# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways in which a change or its rollback once lost data, started a second server, or claimed too much."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, Callable

import psutil
import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import launch, persistence, writing
from ansible_collections.lowlat.redis.plugins.module_utils._change.journal import Journal
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError, Refused
from ansible_collections.lowlat.redis.plugins.module_utils._host.file_image import FileImage

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def hazards_of(host: Any, *settings: dict[str, Any], **params: Any) -> list[str]:
    with pytest.raises(Refused) as caught:
        host.apply(*settings, **params)
    return [hazard["id"] for hazard in caught.value.details["hazards"]]


def servers_of(host: Any) -> int:
    return sum(host.server.config_file in " ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"]))


def test_a_server_that_does_not_let_us_in_gets_no_second_one_beside_it(changer: Make) -> None:
    host = changer("set-proc-title no", login={"login_password": "right"}, password="right")
    host.apply(*host.redis(hz=50))
    host.login["login_password"] = "wrong"
    with pytest.raises(ChangeError, match="does not let user default in") as caught:
        host.run("rolled_back")
    assert caught.value.details["state"] == "rollback_failed"
    assert servers_of(host) == 1
    host.login["login_password"] = "right"
    assert host.live("hz") == "50"
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert host.live("hz") == "10"


def test_data_in_an_aof_that_the_file_does_not_name(changer: Make) -> None:
    host = changer()
    client = host.server.client()
    client.config_set("appendonly", "yes")
    client.set("key", "value")
    assert hazards_of(host, *host.redis(databases=8), restart="allowed") == ["data_elsewhere"]
    assert client.get("key") == "value"


def test_a_replica_by_command_alone(changer: Make) -> None:
    host = changer(persist=True)
    host.server.client().replicaof("127.0.0.1", 1)
    assert hazards_of(host, *host.redis(databases=8), restart="allowed") == ["data_elsewhere"]


def test_a_password_by_command_alone(changer: Make) -> None:
    host = changer(persist=True)
    host.server.client().config_set("requirepass", "only-now")
    host.login["login_password"] = "only-now"
    assert hazards_of(host, *host.redis(databases=8), restart="allowed") == ["data_elsewhere"]


@pytest.mark.parametrize("key", ["port", "replicaof", "dir", "appenddirname"])
def test_what_moves_the_server_is_no_setting(changer: Make, key: str) -> None:
    host = changer()
    value = {"port": "7000", "replicaof": "127.0.0.1 7000"}.get(key, "elsewhere")
    assert "moves_the_server" in hazards_of(host, {"kind": "redis", "key": key, "value": value}, restart="allowed")


def test_a_log_with_a_past_in_other_databases_does_not_leak_into_the_one_that_stays(changer: Make) -> None:
    host = changer("appendonly yes")
    client, other = host.server.client(), host.server.client(db=3)
    client.rpush("queue", 1, 2, 3)
    other.rpush("queue", "x")
    other.lpop("queue")
    host.apply(*host.redis(databases=1), restart="allowed")
    assert client.lrange("queue", 0, -1) == ["1", "2", "3"]


def test_keys_that_all_expire_are_counted_too(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    host.server.client().mset({f"key{number}": 1 for number in range(20)})
    client = host.server.client()
    for number in range(20):
        client.expire(f"key{number}", 1000)
    dump = Path(host.server.directory) / "dump.rdb"
    started = launch.Launch.start

    def lose_the_dump(how: launch.Launch) -> None:
        dump.unlink()
        started(how)

    monkeypatch.setattr(launch.Launch, "start", lose_the_dump)
    with pytest.raises(ChangeError, match="20 keys before, 0 after") as caught:
        host.apply(*host.redis(databases=1), restart="allowed")
    # Not restarted once more: its files may still hold what is missing.
    assert caught.value.details["state"] == "rollback_failed"
    assert host.live("databases") == "1"


def test_a_rollback_that_would_evict_is_refused(changer: Make) -> None:
    host = changer("maxmemory 3mb", "maxmemory-policy allkeys-lru")
    host.apply(*host.redis(maxmemory="100mb"))
    client = host.server.client()
    client.set("big", "x" * 5_000_000)
    with pytest.raises(Refused, match="maxmemory_below_used"):
        host.run("rolled_back")
    with pytest.raises(Refused):
        host.run("rolled_back", check=True)
    assert client.exists("big") and host.live("maxmemory") == str(100 << 20)


@pytest.mark.usefixtures("first_start_in_vain")
def test_a_server_that_does_not_start_is_given_up_and_put_back(changer: Make) -> None:
    host = changer(persist=True)
    logfile = {"kind": "redis", "key": "logfile", "value": host.server.directory}
    with pytest.raises(ChangeError, match="did not start; the host was put back"):
        host.apply(logfile, restart="allowed")
    assert host.live("logfile") != host.server.directory


def test_a_live_value_that_only_the_restart_lost_comes_back(changer: Make) -> None:
    host = changer("hz 10", persist=True)
    host.server.client().config_set("hz", 8)
    host.apply(*host.redis(databases=1, hz=8), restart="allowed")
    host.run("rolled_back")
    assert (host.live("hz"), host.live("databases")) == ("8", "16")


def test_a_journal_that_cannot_be_written_stops_no_rollback(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    before = host.config
    append = Journal.append

    def full(journal: Journal, entry: str, **facts: Any) -> None:
        if entry != "opened":
            raise OSError(errno.ENOSPC, "No space left on device", str(journal.path))
        append(journal, entry, **facts)

    monkeypatch.setattr(Journal, "append", full)
    with pytest.raises(ChangeError, match="No space left") as caught:
        host.apply(*host.redis(hz=8))
    assert "Nobody answers" not in str(caught.value)
    assert caught.value.details["change_id"]
    assert (host.live("hz"), host.config) == ("10", before)


def test_any_failure_while_applying_names_the_change(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()

    def fails(*_arguments: Any) -> None:
        raise psutil.AccessDenied(1)

    monkeypatch.setattr(writing, "write_files", fails)
    with pytest.raises(ChangeError) as caught:
        host.apply(*host.redis(hz=8))
    assert caught.value.details["change_id"] and caught.value.details["state"] == "rolled_back"
    assert host.live("hz") == "10"


def test_an_earlier_failed_rewrite_is_not_this_changes_fault(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()

    def waits(*_arguments: Any) -> None:
        raise AssertionError("hz has nothing to do with the AOF")

    monkeypatch.setattr(persistence, "wait_for_aof", waits)
    assert host.apply(*host.redis(hz=8))["state"] == "applied"


def test_the_file_says_no_before_a_rollback_turns_the_aof_off(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(appendonly=True))
    seen = []
    restore = FileImage.restore

    def watched(image: FileImage) -> None:
        seen.append(host.live("appendonly"))
        restore(image)
        seen.append(host.live("appendonly"))

    monkeypatch.setattr(FileImage, "restore", watched)
    host.run("rolled_back")
    assert seen == ["yes", "yes"] and host.live("appendonly") == "no"


def test_the_aof_stays_on_while_the_file_still_names_it(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(appendonly=True))

    def fails(image: FileImage) -> None:
        raise ChangeError("Cannot put the file back", where=image.path)

    with monkeypatch.context() as here:
        here.setattr(FileImage, "restore", fails)
        with pytest.raises(ChangeError, match="Cannot put the file back"):
            host.run("rolled_back")
    assert host.live("appendonly") == "yes"
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert host.live("appendonly") == "no"
