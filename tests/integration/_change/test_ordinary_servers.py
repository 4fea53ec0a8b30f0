# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is ordinary on a server, however it is written, is nothing that stands against its restart."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import persistence
from tests.integration._change.test_starts import connected

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


@pytest.mark.parametrize("line", ["appendonly NO", "appendonly Yes", "replicaof no one", "slaveof NO ONE"])
def test_a_value_that_is_written_otherwise_is_the_same(changer: Make, line: str) -> None:
    host = changer(line, persist=True)
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"] is True


def test_a_clock_that_was_set_back_since_the_last_save(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a day: the save is proven all the same, and nobody waits for that day."""
    host, last, asked = changer(persist=True), persistence._last_save, []

    def of_tomorrow(client: Any) -> int:
        asked.append(client)
        return last(client) + (86_400 if len(asked) == 1 else 0)

    def waits(_seconds: float) -> None:
        raise AssertionError("it waits for that day")

    monkeypatch.setattr(persistence, "_last_save", of_tomorrow)
    monkeypatch.setattr(persistence, "time", SimpleNamespace(time=time.time, sleep=waits))
    persistence.save(connected(host), "It failed")
