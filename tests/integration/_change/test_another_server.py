# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change belongs to the server that it was made on: by way of another one it is neither kept nor taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import rollback, waiting
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address
from tests.integration._change.conftest import Changer

pytestmark = pytest.mark.slow

Make = Callable[..., Changer]


@pytest.fixture
def two(changer: Make) -> tuple[Changer, Changer]:
    """One with an open change, and another server asked with its state directory."""
    host, other = changer(), changer("hz 50")
    host.apply(*host.redis(hz=20))
    return host, replace(other, state_directory=host.state_directory)


def state(host: Changer) -> str:
    return str(host.history()["changes"][-1]["state"])


@pytest.mark.parametrize("check", [False, True])
def test_it_is_not_taken_back_by_way_of_another_server(two: tuple[Changer, Changer], check: bool) -> None:
    host, other = two
    before = host.config
    with pytest.raises(BadInput) as caught:
        other.run("rolled_back", check=check)
    assert host.server.config_file in caught.value.message and other.server.config_file in caught.value.message
    assert (state(host), host.live("hz"), other.live("hz"), host.config) == ("applied", "20", "50", before)
    assert host.run("rolled_back")["state"] == "rolled_back" and host.live("hz") == "10"


def test_it_is_not_confirmed_by_way_of_another_server(two: tuple[Changer, Changer]) -> None:
    host, other = two
    other.server.client().config_set("hz", 20)
    host.server.client().config_set("hz", 99)
    with pytest.raises(BadInput, match="another server"):
        other.run("confirmed")
    assert state(host) == "applied"


def test_whoever_takes_it_back_leaves_another_server_alone(two: tuple[Changer, Changer]) -> None:
    """Another server may have got the address that the host itself knows."""
    host, other = two
    before = other.config
    store = Store(host.state_directory)
    with store.locked():
        change = store.find()
        connect = waiting.connecting(Address.from_options(other.options("rolled_back")))
        undone = rollback.roll_back(change, connect, "deadline")
    assert any("another server" in left for left in undone.left) and change.state == "rollback_failed"
    assert (other.live("hz"), other.config) == ("50", before)


def test_a_server_that_was_restarted_is_the_same(changer: Make) -> None:
    host = changer()
    host.apply(*host.redis(hz=20))
    host.server.stop()
    host.server.start()
    assert host.run("rolled_back")["state"] == "rolled_back" and host.live("hz") == "10"


def test_it_is_known_by_another_address_too(changer: Make) -> None:
    host = changer()
    host.apply(*host.redis(hz=20))
    assert host.run("confirmed", login_host="localhost")["state"] == "confirmed"
