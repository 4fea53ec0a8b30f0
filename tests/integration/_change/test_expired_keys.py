# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys whose time comes while the server is away are not lost. Servers before 7.0 do not count those that they drop."""

from __future__ import annotations

import time
from typing import Any, Callable

import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._change import launch
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import until
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def fill(host: Any, prefix: str, count: int, **options: Any) -> None:
    client = host.server.client()
    for number in range(count):
        client.set(f"{prefix}{number}", 1, **options)


def averaged(host: Any) -> None:
    """The server has seen how long its keys live."""
    client = host.server.client()
    until(lambda: client.info("keyspace")["db0"]["avg_ttl"] > 0, "the server to look", "")


@pytest.fixture
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """INFO as servers before 7.0 tell it; those of them say nothing of what they have dropped."""
    info = redis.Redis.info

    def told(client: Any, *sections: str) -> dict[str, Any]:
        return {name: value for name, value in info(client, *sections).items() if "rdb_last_load" not in name}

    monkeypatch.setattr(redis.Redis, "info", told)


@pytest.fixture
def starts_when_their_time_has_come(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    start = launch.Launch.start

    def after(moment: float) -> None:
        def late(how: launch.Launch) -> None:
            until(lambda: time.time() > moment, "their time", "")
            start(how)

        monkeypatch.setattr(launch.Launch, "start", late)

    return after


@pytest.mark.usefixtures("uncounted")
@pytest.mark.parametrize("lasting", [20, 0])
def test_keys_that_the_server_drops_while_it_loads_are_none_that_are_missing(
    changer: Make, starts_when_their_time_has_come: Callable[[float], None], lasting: int
) -> None:
    host = changer(persist=True)
    end = int(time.time()) + 3
    fill(host, "lasting", lasting)
    fill(host, "soon", 10, exat=end) if host.server.client().info()["redis_version"] >= "6.2" else fill(
        host, "soon", 10, ex=3
    )
    averaged(host)
    starts_when_their_time_has_come(end + 0.1)
    assert host.apply(*host.redis(databases=8), restart="allowed")["restarted"]
    assert host.server.client().dbsize() == lasting


@pytest.mark.usefixtures("uncounted")
def test_where_no_key_could_tell_of_a_loss_that_is_said_before(changer: Make) -> None:
    """Caution expiry_uncounted."""
    host = changer(persist=True)
    fill(host, "long", 10, ex=1000)
    words = "All 10 keys have a time to live"
    told = host.apply(*host.redis(databases=8), restart="allowed", check=True)["warnings"]
    assert any(words in warning for warning in told)
    assert not any(words in one for one in host.apply(*host.redis(hz=20), check=True)["warnings"])
    fill(host, "lasting", 1)
    told = host.apply(*host.redis(databases=8), restart="allowed", check=True)["warnings"]
    assert not any("time to live" in warning for warning in told)


@pytest.mark.usefixtures("uncounted")
def test_but_one_that_has_no_time_to_live_is(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    fill(host, "lasting", 20)
    fill(host, "long", 10, ex=1000)
    start = launch.Launch.start

    def without_one(how: launch.Launch) -> None:
        start(how)
        client = host.server.client(socket_timeout=5)
        until(lambda: _answers(client), "it", "")
        client.delete("lasting0")

    monkeypatch.setattr(launch.Launch, "start", without_one)
    with pytest.raises(ChangeError, match="30 keys before, 29 after"):
        host.apply(*host.redis(databases=8), restart="allowed")


def _answers(client: Any) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def test_an_empty_server_whose_keys_have_all_expired_is_not_called_robbed(changer: Make) -> None:
    host = changer(persist=True)
    fill(host, "soon", 10, px=1500)
    averaged(host)
    host.apply(*host.redis(hz=20))
    until(lambda: host.server.client().dbsize() == 0, "their time", "")
    host.server.stop()
    host.server.start()
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("hz")) == ("rolled_back", "10")
    assert any("10 had a time to live" in warning for warning in undone["warnings"])


def test_one_whose_keys_live_on_is(changer: Make) -> None:
    host = changer(persist=True)
    fill(host, "long", 10, ex=1000)
    averaged(host)
    host.apply(*host.redis(hz=20))
    host.server.stop()  # nothing was saved
    host.server.start()
    with pytest.raises(ChangeError, match="0 keys now.*10 before"):
        host.run("rolled_back")
