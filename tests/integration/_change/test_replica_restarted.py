# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replica that is restarted gets its data from its master, whose clients go on deleting keys meanwhile."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import restart
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import until
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import refusal
from tests.integration._change.test_replicas import FAST, in_sync

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


@pytest.fixture
def host(changer: Make, redis_server: Make) -> Any:
    """That saves nothing itself."""
    master = redis_server(*FAST)
    made = changer(*FAST, f"replicaof 127.0.0.1 {master.port}")
    made.master = master
    in_sync(made.server)  # which leaves a dump without keys
    master.client().mset({f"key{number}": "value" for number in range(100)})
    until(lambda: made.server.client().dbsize() == 100, "the keys", "")
    return made


def meanwhile(action: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Right before its restart, when its keys have been counted."""
    start = restart.restart_process

    def restarted(there: Any) -> None:
        action()
        start(there)

    monkeypatch.setattr(restart, "restart_process", restarted)


def test_keys_that_are_deleted_there_meanwhile_are_not_lost(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(lambda: host.master.client().delete(*(f"key{number}" for number in range(10))), monkeypatch)
    applied = host.apply(*host.redis(databases=8), restart="allowed")
    assert (applied["state"], host.server.client().dbsize()) == ("applied", 90)
    assert host.run("rolled_back")["state"] == "rolled_back"


def test_none_at_all_is_for_a_person_to_look_at(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(host.master.client().flushall, monkeypatch)
    with pytest.raises(ChangeError, match="0 keys now|0 after"):
        host.apply(*host.redis(databases=8), restart="allowed")


def test_a_failover_while_a_master_is_restarted(
    changer: Make, redis_server: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a Sentinel, which makes it a replica as soon as it is back."""
    host, other = changer(*FAST, persist=True), redis_server(*FAST)
    for server in (host.server, other):
        server.client().set("key", "value")
    start = restart.restart_process

    def restarted(there: Any) -> None:
        start(there)
        until(lambda: refusal(host.server.client(), host.server.address()) is None, "the server", "")
        host.server.client().replicaof("127.0.0.1", other.port)
        host.server.client().config_rewrite()

    with monkeypatch.context() as here:
        here.setattr(restart, "restart_process", restarted)
        assert host.apply(*host.redis(databases=8), restart="allowed")["state"] == "applied"
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("databases")) == ("rolled_back", "16")
    assert f"replicaof 127.0.0.1 {other.port}".encode() in host.config
