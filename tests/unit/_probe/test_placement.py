# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from typing import Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._host import cpus
from ansible_collections.lowlat.redis.plugins.module_utils._probe import placement
from ansible_collections.lowlat.redis.plugins.module_utils._probe.placement import Placement, place

PID = 4242
Host = Callable[..., None]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host with ``online`` CPUs of which ``open_`` are open to the probe, and a server that may use ``server``."""

    def make(online: set[int], open_: set[int], server: set[int]) -> None:
        threads = {PID: frozenset(server), PID + 1: frozenset(online)}
        for where in (placement, cpus):
            monkeypatch.setattr(where, "online", lambda _root="/": frozenset(online))
            monkeypatch.setattr(where, "allowed", lambda _pid, _root="/": frozenset(open_))
        monkeypatch.setattr(placement, "affinities", lambda _pid: threads)

    return make


def put(requested: str, last: int = 0) -> Placement:
    return place(requested, PID, lambda _pid: last)


def test_same_is_the_cpu_that_the_server_is_pinned_to(host: Host) -> None:
    host({0, 1, 2, 3}, {0, 1, 2, 3}, {2})
    found = put("same", last=1)
    assert found.to_dict() == {"requested": "same", "probe": 2, "server": [2], "same": True}
    assert not found.warnings


def test_same_for_an_unpinned_server_is_where_it_ran_last_and_warns(host: Host) -> None:
    host({0, 1, 2, 3}, {0, 1, 2, 3}, {0, 1, 2, 3})
    found = put("same", last=3)
    assert (found.probe, found.same) == (3, False)
    assert "not pinned" in found.warnings[0]
    assert "0-3" in found.warnings[0]


@pytest.mark.parametrize(("server", "last", "expected"), [({3}, 3, 2), ({0, 1, 2, 3}, 3, 2), ({0, 1}, 0, 3)])
def test_auto_is_another_cpu(host: Host, server: set[int], last: int, expected: int) -> None:
    host({0, 1, 2, 3}, {0, 1, 2, 3}, server)
    found = put("auto", last)
    assert found.probe == expected
    assert "across CPUs" in found.warnings[0]


def test_auto_on_a_host_of_one_cpu_shares_it_and_says_so(host: Host) -> None:
    host({0}, {0}, {0})
    assert put("auto").probe == 0
    assert "no other CPU" in put("auto").warnings[0]


def test_a_number_is_that_cpu(host: Host) -> None:
    host({0, 1}, {0, 1}, {1})
    assert put("1").same
    assert not put("1").warnings
    assert put("0").warnings


@pytest.mark.parametrize(
    ("requested", "text"),
    [
        ("9", "CPU 9 does not exist"),
        ("0", "CPU 0 is not open"),
        ("-1", "cpu is"),
        ("first", "same, auto"),
        ("²", "cpu"),
        ("1" * 5000, "cpu is"),
    ],
)
def test_a_cpu_that_is_not_there_is_refused(host: Host, requested: str, text: str) -> None:
    host({0, 1}, {1}, {1})
    with pytest.raises(BadInput, match=text) as caught:
        put(requested)
    assert caught.value.where == "cpu" and caught.value.why and caught.value.remedy


def test_the_affinity_is_put_back() -> None:
    before = os.sched_getaffinity(0)
    cpu = max(before)
    with pytest.raises(RuntimeError), placement.pinned(cpu):
        assert os.sched_getaffinity(0) == {cpu}
        raise RuntimeError
    assert os.sched_getaffinity(0) == before


def test_a_cpu_that_the_kernel_refuses_is_named() -> None:
    with pytest.raises(BadInput, match="CPU 8000"), placement.pinned(8000):
        pass


def test_the_last_cpu_is_one_of_this_host() -> None:
    with placement.pinned(max(os.sched_getaffinity(0))):
        assert placement.last_cpu(os.getpid()) == max(os.sched_getaffinity(0))
