# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache that is full evicts, and is meant to: changes of its limit and policy that cost nothing more."""

from __future__ import annotations

from typing import Any, Callable

import pytest
import redis

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
CACHE = ("maxmemory 5mb", "maxmemory-policy allkeys-lru")


def filled(host: Any) -> None:
    """Until it is full to the last small key."""
    client = host.server.client()
    for number in range(200):
        client.set(f"large{number}", "x" * 50_000)
    for number in range(2000):
        client.set(f"small{number}", "x" * 100)


def ids(hazards: list[dict[str, str]]) -> list[str]:
    return [hazard["id"] for hazard in hazards]


def test_another_policy_may_choose_among_the_same_keys(changer: Make) -> None:
    host = changer(*CACHE)
    filled(host)
    host.apply(*host.redis(maxmemory_policy="allkeys-lfu"))
    assert host.run("rolled_back")["state"] == "rolled_back"
    host.apply(*host.redis(maxmemory_policy="volatile-lru"))  # which evicts less
    host.run("confirmed")
    assert ids(host.refused(*host.redis(maxmemory_policy="allkeys-lru"))) == ["maxmemory_below_used"]


def test_its_limit_may_be_raised_by_a_little(changer: Make) -> None:
    host = changer(*CACHE)
    filled(host)
    host.apply(*host.redis(maxmemory="5300kb"))
    host.run("confirmed")
    assert ids(host.refused(*host.redis(maxmemory="5200kb"))) == ["maxmemory_below_used"]


def test_it_may_not_stop_evicting_since_writes_would_fail(changer: Make) -> None:
    host = changer(*CACHE)
    filled(host)
    (hazard,) = host.refused(*host.redis(maxmemory_policy="noeviction"))
    assert hazard["id"] == "maxmemory_below_used" and "writes would fail" in hazard["reason"]
    host.apply(*host.redis(maxmemory_policy="noeviction", maxmemory="100mb"))


def test_one_that_has_filled_up_without_eviction_goes_back_to_it(changer: Make) -> None:
    """It is somewhat over its limit. As a cache it would never have held that."""
    host = changer(*CACHE)
    host.apply(*host.redis(maxmemory_policy="noeviction"))
    client = host.server.client()
    with pytest.raises(redis.ResponseError, match="maxmemory"):
        for number in range(100_000):
            client.set(f"key{number}", "x" * 1000)
    client.config_set("maxmemory", (5 << 20) - 50_000)  # as by the buffers of more clients
    assert client.info("memory")["used_memory"] > (5 << 20) - 50_000
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert host.live("maxmemory-policy") == "allkeys-lru" and client.set("key", "value")


@pytest.mark.parametrize("limit", ["0", "20mb"])
def test_one_that_may_evict_again_has_its_room_first(changer: Make, limit: str) -> None:
    """Under the limit of the change the policy of before would evict what that one has refused to."""
    host = changer(f"maxmemory {limit}", "maxmemory-policy allkeys-lru")
    host.apply(*host.redis(maxmemory="5mb", maxmemory_policy="noeviction"))
    client = host.server.client()
    with pytest.raises(redis.ResponseError, match="maxmemory"):
        for number in range(100_000):
            client.set(f"key{number}", "x" * 1000)
    client.config_set("maxmemory", 4 << 20)  # as by the buffers of more clients
    keys = client.dbsize()
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.live("maxmemory-policy"), client.dbsize()) == ("allkeys-lru", keys)
