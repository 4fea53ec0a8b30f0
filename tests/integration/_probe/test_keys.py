# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No key of the probe is ever there without an expiry, whoever asks and whenever the probe dies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._effect import bench as benches
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._probe import server as probed
from ansible_collections.lowlat.redis.plugins.module_utils._probe.commands import EXPIRY_MS, PREFIX, xadd
from ansible_collections.lowlat.redis.plugins.module_utils._probe.measurement import measure
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan
from tests.conftest import Server

pytestmark = pytest.mark.slow
Start = Callable[..., Server]
PLAN = Plan(samples=60, runs=2, duty=1, block=40)
KEY = f"{PREFIX}0:0"
RULES = f"on >secret ~{PREFIX}* +ping +info +client"


def user(redis_server: Start, may: str) -> tuple[Server, Any]:
    server = redis_server(f"user probe {RULES} {may}")
    return server, server.address(user="probe", password="secret")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], probed.Server]]:
    """A control connection that has its keys, to be closed by the fixture."""
    made = []

    def make(address: Any) -> probed.Server:
        made.append(probed.Server(address))
        made[-1].keys = {"set": f"{KEY}s", "xadd": KEY}
        return made[-1]

    yield make
    for server in made:
        server.close()


def left_for(server: Server) -> dict[str, int]:
    """Milliseconds that each key is left for; -1 for one that stays."""
    with server.client() as client:
        return {key: client.pttl(key) for key in client.keys("*")}


def test_a_user_who_may_set_no_expiry_adds_to_no_stream(redis_server: Start) -> None:
    server, address = user(redis_server, "+set +xadd")
    found = measure(address, PLAN)
    assert set(found["not_measured"]) == {"xadd_rtt", "xadd", "set"}
    assert "pexpire" in found["not_measured"]["xadd_rtt"]
    assert found["set_rtt"]["count"] == 120
    assert "left to expire within 120 s" in found["warnings"][-1]
    ((_key, milliseconds),) = left_for(server).items()
    assert 0 < milliseconds <= EXPIRY_MS


def test_nor_does_a_bench(redis_server: Start) -> None:
    server, address = user(redis_server, "+set +xadd")
    with benches.bench(address, server.pid, "same", ["ping", "xadd"], 1.0) as found:
        assert [command.name for command in found.commands] == ["ping"]
        assert "pexpire" in found.not_measured["xadd_rtt"]
    assert left_for(server) == {}


def test_what_may_not_be_deleted_expires_at_once(redis_server: Start) -> None:
    server, address = user(redis_server, "+set +xadd +pexpire")
    found = measure(address, PLAN)
    assert found["xadd_rtt"]["count"] == 120
    assert left_for(server) == {}
    assert not [warning for warning in found["warnings"] if "expire" in warning]


@pytest.mark.parametrize("gone", [False, True], ids=["new", "expired in a pause"])
def test_the_stream_is_made_together_with_its_expiry(
    redis_server: Start, asked: Callable[[Any], probed.Server], monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    """Whoever dies after any of the writes has left none that stays: they go out as one."""
    server = redis_server()
    control = asked(server.address())
    if gone:
        assert control.try_write(xadd(KEY)) == ""
        server.client().delete(KEY)
    seen: list[dict[str, int]] = []
    connection = control._connection
    for name in ("send_packed_command", "send_command"):
        monkeypatch.setattr(connection, name, watched(getattr(connection, name), lambda: seen.append(left_for(server))))
    control.renew("xadd") if gone else control.try_write(xadd(KEY))
    assert seen[-1].keys() == {KEY}
    assert all(0 < milliseconds <= EXPIRY_MS for keys in seen for milliseconds in keys.values())


def watched(send: Callable[..., None], look: Callable[[], None]) -> Callable[..., None]:
    def call(*words: Any, **options: Any) -> None:
        send(*words, **options)
        look()

    return call


def test_why_a_stream_cannot_be_made_is_said(redis_server: Start, asked: Callable[[Any], probed.Server]) -> None:
    _server, address = user(redis_server, "+pexpire")
    assert "xadd" in asked(address).try_write(xadd(KEY))
    with pytest.raises(ServerError, match="XADD"):
        asked(address).renew("xadd")


@pytest.mark.parametrize(
    ("rule", "says"), [("-latency", "probe may not run LATENCY"), ("-latency|histogram", "probe may not run LATENCY")]
)
def test_percentiles_that_somebody_may_not_see(redis_server: Start, rule: str, says: str) -> None:
    _server, address = user(redis_server, f"+@all {rule}")
    found = measure(address, PLAN)
    assert set(found["not_measured"]) == {"set", "xadd"}
    assert says in found["not_measured"]["set"] and "Redis 7" not in found["not_measured"]["set"]
    assert found["set"]["mean"] > 0


def test_percentiles_of_a_server_without_that_command(redis_server: Start) -> None:
    found = measure(redis_server('rename-command LATENCY ""').address(), PLAN)
    assert "no command LATENCY" in found["not_measured"]["set"]
