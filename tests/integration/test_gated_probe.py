# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe, judge and verification together, on a real server that really got slower. The harm is large: the clock decides
nothing."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils import _gated_probe
from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import ARGUMENTS

pytestmark = [pytest.mark.slow, pytest.mark.quiet]

Start = Callable[..., Any]
GATE = {"name": "set_p50", "query": "relative.set_rtt.p50", "max": 2, "tolerance": 0.5, "against": "baseline"}
DEFAULTS: dict[str, Any] = {
    "cpu": "same",
    "samples": 1000,
    "runs": 6,
    "duty": 1.0,
    "rate": 0.0,
    "commands": ["set"],
    "gates": [GATE],
    "baseline": None,
    "verify": True,
    "verify_seconds": 0.1,
    "on_inconclusive": "roll_back",
}


def params(port: int, **given: Any) -> dict[str, Any]:
    login = {name: option.get("default") for name, option in ARGUMENTS.items()}
    return {**login, **DEFAULTS, "login_port": port, **given}


@pytest.fixture
def slowed(redis_server: Start, pinned: str) -> tuple[int, dict[str, Any]]:
    """A server's port and its baseline; since then every write of it waits for the disk."""
    server = redis_server("appendonly yes", "appendfsync no", pinned)
    baseline = _gated_probe.run(params(server.port, on_inconclusive="keep"))["measurement"]
    server.client().config_set("appendfsync", "always")
    return server.port, baseline


def test_harm_is_looked_at_again_and_never_kept(slowed: tuple[int, dict[str, Any]]) -> None:
    port, baseline = slowed
    try:
        told = _gated_probe.run(params(port, baseline=baseline))
    except LowlatError as error:
        told = error.details
    assert (told["decision"]["decision"], told["decision"]["aborted"]) == ("roll_back", [])
    assert [look["name"] for look in told["verification"]["looks"]] == ["pinned_runs"]
    assert told["verification"]["looks"][0]["comparisons"]["set_rtt.p50"]["effect"] > 1
    # Beside a busy disk it may say that it cannot tell, and never that the host is to blame.
    worked = any("the server worked" in sentence for sentence in told["evidence"])
    assert (told["cause"] == "genuine" and worked) or told["decision"]["inconclusive"] == ["set_p50"]


def test_past_the_abort_level_nobody_looks_again(slowed: tuple[int, dict[str, Any]]) -> None:
    port, baseline = slowed
    with pytest.raises(LowlatError) as caught:
        _gated_probe.run(params(port, baseline=baseline, gates=[{**GATE, "abort": 2.5}]))
    assert caught.value.details["decision"]["aborted"] == ["set_p50"]
    assert caught.value.details["verification"] == {}


def test_who_does_not_ask_for_it_gets_no_verification(slowed: tuple[int, dict[str, Any]]) -> None:
    port, baseline = slowed
    with pytest.raises(LowlatError) as caught:
        _gated_probe.run(params(port, baseline=baseline, verify=False))
    assert caught.value.details["verification"] == {}


def test_what_holds_at_once_is_kept_without_a_second_look(redis_server: Start, pinned: str) -> None:
    port = redis_server(pinned).port
    baseline = _gated_probe.run(params(port, on_inconclusive="keep"))["measurement"]
    result = _gated_probe.run(params(port, baseline=baseline, gates=[{**GATE, "max": 10}]))
    assert (result["decision"]["decision"], result["cause"], result["verification"]) == ("keep", "", {})
