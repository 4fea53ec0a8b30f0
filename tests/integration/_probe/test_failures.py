# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends in the middle: the probe is told to stop, the server dies, hangs, or begins to refuse."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._judge.gates import judge, parse
from ansible_collections.lowlat.redis.plugins.module_utils._probe import server as probed
from ansible_collections.lowlat.redis.plugins.module_utils._probe.guard import Interrupted
from ansible_collections.lowlat.redis.plugins.module_utils._probe.measurement import measure
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan
from tests.conftest import Server

pytestmark = pytest.mark.slow
Start = Callable[..., Server]
# Would take minutes: whatever the test does comes in the middle.
LONG = Plan(samples=1_000_000, runs=1, duty=0.5)


@contextmanager
def once_measuring(server: Server, do: Callable[[], object]) -> Iterator[None]:
    """Does it as soon as the probe has written some hundred times."""

    over = threading.Event()  # a measurement that ends early must fail the test, not hang it

    def wait() -> None:
        with server.client() as client:
            while not over.is_set() and client.info("commandstats").get("cmdstat_xadd", {"calls": 0})["calls"] < 500:
                pass
        if not over.is_set():
            do()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_no_keys_and_the_affinity_as_it_was(redis_server: Start, number: signal.Signals) -> None:
    server = redis_server()
    before = os.sched_getaffinity(0)
    with pytest.raises(Interrupted, match=number.name), once_measuring(server, lambda: os.kill(os.getpid(), number)):
        measure(server.address(), LONG)
    assert server.client().dbsize() == 0
    assert os.sched_getaffinity(0) == before


def test_keys_expire_if_nobody_is_left_to_remove_them(redis_server: Start) -> None:
    server = redis_server()
    left: list[int] = []

    def look() -> None:
        with server.client() as client:
            left.extend(client.pttl(key) for key in client.keys("lowlat:probe:*"))
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted), once_measuring(server, look):
        measure(server.address(), LONG)
    assert len(left) == 2
    assert all(0 < milliseconds <= 120_000 for milliseconds in left)


def test_a_server_that_is_killed(redis_server: Start) -> None:
    server = redis_server()
    with pytest.raises(ServerError, match="failed while it was measured"), once_measuring(server, server.stop):
        measure(server.address(), LONG)


def test_a_server_that_hangs(redis_server: Start) -> None:
    server = redis_server()
    stop = once_measuring(server, lambda: os.kill(server.pid, signal.SIGSTOP))
    with pytest.raises(ServerError, match=r"did not answer|does not answer"), stop:
        measure(server.address(timeout=0.2), LONG)


def test_a_server_that_is_started_anew(redis_server: Start) -> None:
    server = redis_server()
    again = once_measuring(server, lambda: (server.stop(), server.start()))
    # In a block, or between two of them.
    with again, pytest.raises(ServerError, match=r"failed while it was measured|Nobody answers") as caught:
        measure(server.address(), LONG)
    assert caught.value.where and caught.value.why and caught.value.remedy
    assert server.client().ping()


def test_a_server_that_pauses_for_less_than_the_time_out(redis_server: Start) -> None:
    server = redis_server()

    def pause() -> None:
        os.kill(server.pid, signal.SIGSTOP)
        time.sleep(0.3)
        os.kill(server.pid, signal.SIGCONT)

    with once_measuring(server, pause):
        found = measure(server.address(timeout=30), Plan(samples=20_000, runs=1, duty=0.5))
    # Every round trip is there, and one of them has the pause in it.
    counts = {name: found[name]["count"] for name in ("rtt", "set_rtt", "xadd_rtt")}
    assert counts == dict.fromkeys(counts, 20_000)
    assert max(found[name]["max"] for name in counts) >= 290_000
    held, past = judge(
        parse(
            [
                {"name": "typical", "query": "set_rtt.p50", "max": 100_000},
                {"name": "largest", "query": "max([rtt.max, set_rtt.max, xadd_rtt.max])", "max": 100_000},
            ]
        ),
        found,
    )
    assert (held["outcome"], past["outcome"]) == ("pass", "fail")


def test_a_server_that_begins_to_refuse(redis_server: Start) -> None:
    server = redis_server()

    def refuse() -> None:
        with server.client() as client:
            client.config_set("min-replicas-to-write", 1)

    with once_measuring(server, refuse):
        found = measure(server.address(), Plan(samples=5000, runs=1, duty=0.5))
    assert set(found["not_measured"]) == {"set_rtt", "set", "xadd_rtt", "xadd"}
    assert "NOREPLICAS" in found["not_measured"]["set_rtt"]
    assert found["rtt"]["count"] == 5000
    # It refuses DEL as well, so the keys are left to their expiry, and that is said.
    assert "left to expire" in found["warnings"][-1]


def test_a_server_that_refuses_for_a_moment_is_asked_again_for_the_keys(
    redis_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = redis_server()
    pauses = []

    def set_to(replicas: int) -> None:
        with server.client() as client:
            client.config_set("min-replicas-to-write", replicas)

    def take_writes_again(seconds: float) -> None:
        pauses.append(seconds)
        set_to(0)

    with server.client() as client:
        client.set("lowlat:probe:one", 1)
        client.set("lowlat:probe:two", 2)
        set_to(1)
        monkeypatch.setattr(probed.time, "sleep", take_writes_again)
        assert probed.remove_keys(server.address(), ["lowlat:probe:one", "lowlat:probe:two"]) == ""
        assert client.keys() == []
    assert len(pauses) == 1
