# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A unit with less time for its stop than the server's save takes: systemd kills it in the middle of that."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import readying
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import until
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from tests.integration._change.in_unit import PlayedSystemd
from tests.integration._change.test_replicas import FAST, in_sync

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


class Impatient(PlayedSystemd):
    """Whose stop ends by SIGKILL."""

    def _run(self, arguments: Sequence[str], shown: str, timeout: float) -> subprocess.CompletedProcess[bytes]:
        if arguments[0] == "restart":
            self.server.stop()
        return super()._run(arguments, shown, timeout)


@pytest.fixture
def host(changer: Make, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Whose save takes 2 s."""
    made = changer(persist=True)
    client = made.server.client()
    client.mset({f"key{number}": "old" for number in range(20)})
    client.config_set("rdb-key-save-delay", 100_000)  # microseconds
    made.systemd = Impatient(made.server)
    made.systemd.facts.update(TimeoutStopUSec="1s", KillSignal="15", FragmentPath=made.server.config_file)
    made.systemd.play(monkeypatch)
    return made


def test_what_is_written_after_our_own_save_is_not_lost(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key is missing then, so nobody would see it."""
    save = readying.save_before_stop

    def meanwhile(there: Any) -> None:
        save(there)
        host.server.client().set("key1", "new")

    monkeypatch.setattr(readying, "save_before_stop", meanwhile)
    before, pid = host.config, host.pid
    with pytest.raises(ChangeError, match="TimeoutStopSec= of 1 s"):
        host.apply(*host.redis(databases=8), restart="allowed")
    assert host.server.client().get("key1") == "new"
    assert (host.config, host.pid, host.live("databases")) == (before, pid, "16")


def test_it_is_refused_beforehand_where_an_earlier_save_tells(host: Any) -> None:
    client = host.server.client()
    client.bgsave()
    while client.info("persistence")["rdb_bgsave_in_progress"]:
        pass
    (hazard,) = host.refused(*host.redis(databases=8), restart="allowed")
    assert hazard["id"] == "stop_does_not_save" and "TimeoutStopSec= of 1 s" in hazard["reason"]
    for enough in ("1min 30s", "infinity", ""):
        host.systemd.facts["TimeoutStopUSec"] = enough
        host.apply(*host.redis(databases=8), restart="allowed", check=True)


def test_so_is_one_that_may_wait_for_its_replicas_until_then(host: Any, redis_server: Make) -> None:
    """It saves only after that."""
    host.systemd.facts["TimeoutStopUSec"] = "9s"
    host.apply(*host.redis(databases=8), restart="allowed", check=True)
    replica = redis_server(*FAST, f"replicaof 127.0.0.1 {host.server.port}")
    in_sync(replica)
    (hazard,) = host.refused(*host.redis(databases=8), restart="allowed")
    assert hazard["id"] == "stop_does_not_save" and "wait 10 s for its replicas" in hazard["reason"]


def test_what_a_replica_was_sent_is_no_save_of_the_server(host: Any, redis_server: Make) -> None:
    """It takes as long as that replica and the network do."""
    client = host.server.client()
    client.config_set("repl-diskless-sync", "yes")
    client.config_set("repl-diskless-sync-delay", 0)
    replica = redis_server(*FAST, f"replicaof 127.0.0.1 {host.server.port}")
    in_sync(replica)
    until(lambda: not client.info("persistence")["rdb_bgsave_in_progress"], "the transfer to end", "here")
    client.config_set("rdb-key-save-delay", 0)
    client.config_set("shutdown-timeout", 0)
    assert client.info("persistence")["rdb_last_bgsave_time_sec"] >= 1
    host.apply(*host.redis(databases=8), restart="allowed", check=True)
