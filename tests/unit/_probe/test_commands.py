# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._probe.commands import (
    PREFIX,
    complete,
    encode,
    is_stream_id,
    new_key,
    ping,
    served_slots,
    set_,
    slot,
    xadd,
)


def test_requests_are_resp() -> None:
    assert encode("SET", "k", b"\xff") == b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n\xff\r\n"
    assert ping().request == b"*1\r\n$4\r\nPING\r\n"


def test_what_is_written_expires_or_is_bounded() -> None:
    assert b"\r\nPX\r\n" in set_("k").request
    assert b"\r\nMAXLEN\r\n" in xadd("k").request


@pytest.mark.parametrize("reply", [b"+PONG\r\n", b"-ERR no\r\n", b":1\r\n", b"$3\r\nabc\r\n", b"$-1\r\n", b"$x\r\n"])
def test_whole_replies_are_complete_and_every_part_is_not(reply: bytes) -> None:
    assert complete(reply)
    for length in range(len(reply) - 2):
        assert not complete(reply[:length]) or reply.startswith(b"$x")


@pytest.mark.parametrize("reply", [b"$15\r\n1526919030474-0\r\n", b"$16\r\n1526919030474-55\r\n"])
def test_stream_ids_are_accepted(reply: bytes) -> None:
    assert is_stream_id(reply)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"+OK\r\n",
        b"$-1\r\n",
        b"$3\r\nabc\r\n",
        b"$15\r\n1526919030474-0",
        b"$14\r\n1526919030474-0\r\n",
        b"$15\r\n1526919030474-0\r\n+OK\r\n",
    ],
)
def test_everything_else_is_no_stream_id(reply: bytes) -> None:
    assert not is_stream_id(reply)


def test_keys_are_random_and_carry_the_prefix() -> None:
    assert new_key().startswith(PREFIX)
    assert new_key() != new_key()


def test_the_slot_is_that_of_redis() -> None:
    assert slot("123456789") == 12739


def test_in_a_cluster_the_key_lies_where_the_node_serves() -> None:
    assert slot(new_key([range(42, 43), range(100, 200)])) in {42, *range(100, 200)}
    with pytest.raises(BadInput, match="no slots"):
        new_key([])


def test_the_slots_of_the_answering_node_are_found() -> None:
    nodes = (
        "aa 127.0.0.1:7001@17001 master - 0 1 1 connected 0-99\n"
        "bb 127.0.0.1:7002@17002 myself,master - 0 1 2 connected 100-102 7 [5-<-aa]\n"
    )
    assert served_slots(nodes) == [range(100, 103), range(7, 8)]
    assert served_slots("bb 127.0.0.1:7002@17002 myself,slave aa 0 1 2 connected\n") == []
    assert served_slots("") == []
