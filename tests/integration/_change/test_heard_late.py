# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that somebody is starting just when its change is taken back: nobody hears it yet, and then it answers."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import rollback
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import connecting
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ServerError

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


@pytest.mark.parametrize("unheard", [1, 2, 3])
def test_it_is_taken_back_all_the_same(changer: Make, unheard: int) -> None:
    """Nobody comes again after the end."""
    host = changer("appendonly no", "hz 10", persist=True)
    before = host.config
    host.apply(*host.redis(appendonly=True, hz=20))
    connect, store = connecting(host.server.address()), Store(host.state_directory)
    attempts = iter(range(unheard))

    def late() -> Any:
        if next(attempts, None) is not None:
            raise ServerError("Cannot reach the server", code="unreachable")
        return connect()

    with store.locked():
        change = store.unfinished()
        assert change is not None
        undone = rollback.roll_back(change, late, "deadline")
        if undone.unheard:  # the host goes on, and comes again in a moment
            undone = rollback.roll_back(change, late, "deadline")
    assert (change.state, undone.left) == ("rolled_back", [])
    assert (host.config, host.live("hz"), host.live("appendonly")) == (before, "10", "no")
