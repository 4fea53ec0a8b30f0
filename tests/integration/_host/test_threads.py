# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._host import cpus, threads


def test_every_thread_is_pinned(redis_server: Callable[..., Any]) -> None:
    server = redis_server("io-threads 3")
    before = threads.affinities(server.pid)
    assert len(before) > 3 and server.pid in before
    highest = max(cpus.allowed(server.pid))
    threads.set_affinity(server.pid, {highest})
    assert set(threads.affinities(server.pid).values()) == {frozenset({highest})}
    assert cpus.choose(server.pid) == highest
    for tid in before:
        assert os.sched_getaffinity(tid) == {highest}


def settled_names(server: Any) -> list[str]:
    """A new thread has its parent's name until it gives itself its own."""
    names: list[str] = []
    for _attempt in range(1000):
        names = sorted(threads.names(server.pid).values())
        if not any(name.startswith("redis-server#") for name in names) and "bio_lazy_free" in names:
            break
    return names


def test_thread_names_are_the_same_after_a_restart(redis_server: Callable[..., Any]) -> None:
    server = redis_server()
    names = settled_names(server)
    assert len(set(names)) == len(names)
    server.stop()
    server.start()
    assert settled_names(server) == names


def test_cpus_that_are_not_there(redis_server: Callable[..., Any]) -> None:
    with pytest.raises(ChangeError, match="none of these CPUs"):
        threads.set_affinity(redis_server().pid, {4000})


def test_a_process_that_is_gone(redis_server: Callable[..., Any]) -> None:
    server = redis_server()
    server.stop()
    with pytest.raises(ChangeError, match="Cannot list the threads"):
        threads.affinities(server.pid)
