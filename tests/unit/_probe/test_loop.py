# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from array import array
from typing import Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._probe.commands import ping, set_, xadd
from ansible_collections.lowlat.redis.plugins.module_utils._probe.loop import (
    Channel,
    Desynchronised,
    Disconnected,
    ErrorReply,
    run_block,
    run_paced_block,
)
from tests.unit._probe.resp_stub import CLOSE, Stub

Make = Callable[..., Stub]
ID = b"$15\r\n1526919030474-0\r\n"


def times(count: int) -> array[int]:
    return array("q", bytes(8 * count))


def test_every_round_trip_is_timed(stub: Make) -> None:
    server = stub([b"+PONG\r\n"])
    found = times(20)
    run_block(Channel(server.client), ping(), found, 20)
    assert server.requests == 20
    assert all(time > 0 for time in found)


def test_only_as_many_as_asked_for(stub: Make) -> None:
    found = times(5)
    run_block(Channel(stub([b"+PONG\r\n"]).client), ping(), found, 3)
    assert [time > 0 for time in found] == [True, True, True, False, False]


def test_a_reply_in_pieces_is_one_round_trip(stub: Make) -> None:
    server = stub([b"+PO", b"NG\r", b"\n"], [b"+PONG\r\n"])
    found = times(3)
    run_block(Channel(server.client), ping(), found, 3)
    assert server.requests == 3


def test_a_stream_id_in_pieces_and_one_of_another_length(stub: Make) -> None:
    server = stub([ID[:7], ID[7:]], [b"$16\r\n1526919030474-12\r\n"], [ID])
    run_block(Channel(server.client), xadd("k"), times(3), 3)
    assert server.requests == 3


@pytest.mark.parametrize(
    "text", ["OOM command not allowed when used memory > 'maxmemory'.", "MOVED 7 127.0.0.1:7000", "NO"]
)
def test_an_error_reply_is_no_sample(stub: Make, text: str) -> None:
    for command, good in ((set_("k"), b"+OK\r\n"), (xadd("k"), ID)):
        found = times(4)
        with pytest.raises(ErrorReply) as caught:
            run_block(Channel(stub([good], [b"-" + text.encode() + b"\r\n"]).client), command, found, 4)
        assert str(caught.value) == text
        assert found[2:].tolist() == [0, 0]


def test_an_error_reply_in_pieces(stub: Make) -> None:
    with pytest.raises(ErrorReply, match=r"^READONLY You can't write$"):
        run_block(Channel(stub([b"-READ", b"ONLY You can't write", b"\r\n"]).client), set_("k"), times(1), 1)


@pytest.mark.parametrize("reply", [b"+PANG\r\n", b"+OK\r\n", b":1\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 9])
def test_garbage_is_found(stub: Make, reply: bytes) -> None:
    with pytest.raises((Desynchronised, Disconnected)):
        run_block(Channel(stub([reply], [CLOSE]).client), ping(), times(2), 2)


def test_garbage_without_end_does_not_fill_the_memory(stub: Make) -> None:
    with pytest.raises(Desynchronised):
        run_block(Channel(stub([b"+" + b"x" * 9000]).client), ping(), times(1), 1)


def test_one_reply_too_many_is_found_after_the_block(stub: Make) -> None:
    with pytest.raises(Desynchronised, match="unasked"):
        run_block(Channel(stub([b"+PONG\r\n+PONG\r\n"]).client), ping(), times(1), 1)


@pytest.mark.parametrize("pieces", [[CLOSE], [b"+PO", CLOSE]])
def test_a_closed_connection_is_named(stub: Make, pieces: list[bytes]) -> None:
    with pytest.raises(Disconnected, match="closed"):
        run_block(Channel(stub([b"+PONG\r\n"], pieces).client), ping(), times(3), 3)


class Clock:
    """Time passes by being looked at, 1 us a look, and by sleeping."""

    def __init__(self) -> None:
        self.now = 0
        self.slept = 0.0

    def look(self) -> int:
        self.now += 1000
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += int(seconds * 1e9)


def test_paced_requests_leave_when_they_are_due(stub: Make) -> None:
    clock = Clock()
    found = times(10)
    behind = run_paced_block(
        Channel(stub([b"+PONG\r\n"]).client), ping(), found, 10, 1_000_000, clock.look, clock.sleep
    )
    assert clock.now == pytest.approx(10_000_000, rel=0.01)
    assert clock.slept > 0.008
    assert max(found) < 5000
    assert behind < 5000


def test_a_stall_counts_in_every_request_that_it_held_back(stub: Make) -> None:
    class Stalling(Clock):
        looks = 0

        def look(self) -> int:
            self.looks += 1
            if self.looks == 300:
                self.now += 5_000_000
            return super().look()

    clock = Stalling()
    found = times(10)
    behind = run_paced_block(
        Channel(stub([b"+PONG\r\n"]).client), ping(), found, 10, 1_000_000, clock.look, clock.sleep
    )
    held_back = [time for time in found if time > 900_000]
    assert len(held_back) == 5
    assert held_back == sorted(held_back, reverse=True)
    assert behind < 5000


def test_paced_blocks_check_their_replies_too(stub: Make) -> None:
    clock = Clock()
    with pytest.raises(ErrorReply):
        run_paced_block(Channel(stub([b"-OOM no\r\n"]).client), set_("k"), times(1), 1, 1000, clock.look, clock.sleep)
    run_paced_block(Channel(stub([b"+O", b"K\r\n"]).client), set_("k"), times(1), 1, 1000, clock.look, clock.sleep)
