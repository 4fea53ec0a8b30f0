# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import (
    control,
    raw,
    server_errors,
    socket_of,
)
from tests.conftest import Server

Start = Callable[..., Server]


def test_control_gives_text_even_where_it_is_none(redis_server: Start) -> None:
    address = redis_server().address()
    client = control(address)
    client.set("k", b"\xff")
    assert client.get("k") == "\udcff"
    client.close()


def test_the_raw_socket_blocks_without_a_time_out(redis_server: Start) -> None:
    connection = raw(redis_server().address())
    assert socket_of(connection).gettimeout() is None
    connection.disconnect()


def test_errors_of_commands_name_them(redis_server: Start) -> None:
    server = redis_server('rename-command CONFIG ""', "user u on >p ~* +@all -slowlog")
    client = control(server.address(user="u", password="p"))
    for code, words in (("unknown_command", ("CONFIG", "GET", "x")), ("noperm", ("SLOWLOG", "GET"))):
        with pytest.raises(ServerError, match=words[0]) as caught, server_errors(server.address()):
            client.execute_command(*words)
        assert caught.value.details["code"] == code
    client.close()
