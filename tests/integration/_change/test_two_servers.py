# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several servers on one host: what is a server's own is in no other's way, what is the host's is everybody's."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import history
from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from tests.integration._change.conftest import Changer

pytestmark = pytest.mark.slow

Make = Callable[..., Changer]
CPU = max(os.sched_getaffinity(0))


@pytest.fixture
def two(changer: Make) -> tuple[Changer, Changer]:
    one, other = changer(), changer("hz 50")
    return one, replace(other, state_directory=one.state_directory)


def kept(host: Changer, *settings: dict[str, Any]) -> str:
    change_id = str(host.apply(*settings)["change_id"])
    host.run("confirmed", change_id=change_id)
    return change_id


def status(host: Changer) -> dict[str, Any]:
    return history.tell(host.state_directory, None, host.options("applied"))


def drifted(host: Changer) -> list[tuple[str, str]]:
    return [(one["change_id"], one["where"]) for one in status(host)["drift"]]


def test_the_same_directive_of_each_is_taken_back_by_itself(two: tuple[Changer, Changer]) -> None:
    one, other = two
    first, second = kept(one, *one.redis(hz=8)), kept(other, *other.redis(hz=9))
    assert one.run("rolled_back", change_id=first)["state"] == "rolled_back"
    assert (one.live("hz"), other.live("hz")) == ("10", "9")
    assert other.run("rolled_back", change_id=second)["state"] == "rolled_back"
    assert other.live("hz") == "50"


def test_so_are_the_cpus_of_each(two: tuple[Changer, Changer]) -> None:
    one, other = two
    pin = {"kind": "affinity", "key": "server", "value": str(CPU)}
    before = os.sched_getaffinity(one.pid)
    first, _second = kept(one, pin), kept(other, pin)
    assert one.run("rolled_back", change_id=first)["state"] == "rolled_back"
    assert (os.sched_getaffinity(one.pid), os.sched_getaffinity(other.pid)) == (before, {CPU})


def test_it_is_so_after_both_were_restarted(two: tuple[Changer, Changer]) -> None:
    """They are known by their config files then."""
    one, other = two
    first, _second = kept(one, *one.redis(hz=8)), kept(other, *other.redis(hz=9))
    for host in two:
        host.server.stop()
        host.server.start()
    assert one.run("rolled_back", change_id=first)["state"] == "rolled_back"
    assert (one.live("hz"), other.live("hz")) == ("10", "9")


def test_of_one_server_the_newest_still_goes_first(two: tuple[Changer, Changer]) -> None:
    one, other = two
    first, second = kept(one, *one.redis(hz=8)), kept(one, *one.redis(hz=9))
    kept(other, *other.redis(hz=11))
    with pytest.raises(BadInput, match=second) as caught:
        one.run("rolled_back", change_id=first)
    assert caught.value.why.count("-trial-") == 1


def test_neither_has_drifted_for_the_others_change(two: tuple[Changer, Changer]) -> None:
    one, other = two
    kept(one, *one.redis(hz=8))
    kept(other, *other.redis(hz=9))
    assert drifted(one) == [] and drifted(other) == []


def test_each_is_told_of_its_own_drift_though_the_other_was_changed_later(two: tuple[Changer, Changer]) -> None:
    one, other = two
    first = kept(one, *one.redis(hz=8))
    kept(other, *other.redis(hz=9))
    one.server.client().config_set("hz", 77)
    assert drifted(one) == [(first, "live")]


def test_what_the_other_has_live_is_unknown_and_that_is_said(two: tuple[Changer, Changer]) -> None:
    one, other = two
    kept(one, *one.redis(hz=8))
    second = kept(other, *other.redis(hz=9))
    other.server.client().config_set("hz", 77)
    found = status(one)
    assert found["drift"] == [] and second in found["drift_unknown"]
    assert str(other.server.port) in found["drift_unknown"]
    assert drifted(other) == [(second, "live")]


def test_a_file_of_the_other_is_compared_all_the_same(two: tuple[Changer, Changer]) -> None:
    one, other = two
    second = kept(other, *other.redis(hz=9))
    with open(other.server.config_file, "a", encoding="utf-8") as file:
        file.write("hz 33\n")
    assert drifted(one) == [(second, "stored")]
