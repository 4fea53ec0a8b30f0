# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counters of the host that run backwards: what they count is lacking, with the reason, and the rest is there."""

from __future__ import annotations

import itertools
import os
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._host import interference
from ansible_collections.lowlat.redis.plugins.module_utils._judge.facts import Facts
from ansible_collections.lowlat.redis.plugins.module_utils._probe.evidence import Evidence
from ansible_collections.lowlat.redis.plugins.module_utils._probe.placement import Placement
from tests.unit._probe.test_server_evidence import Redis

BACKWARDS = "its counter ran backwards"
READERS = {
    "steal": "stolen_seconds",
    "pressure": "pressure_seconds",
    "interrupts": "interrupts",
    "migrations": "migrations",
}


def between(monkeypatch: pytest.MonkeyPatch, step: float, *names: str) -> dict[str, Any]:
    """The evidence when these counters go on by so much, and all others by 1."""
    for name, reader in READERS.items():
        counts = itertools.count(100.0, step if name in names else 1.0)
        monkeypatch.setattr(interference, reader, lambda *_arguments, counts=counts: next(counts))
    evidence = Evidence(Redis(), Placement("same", 0, [0]), os.getpid())  # type: ignore[arg-type]
    evidence.begin()
    return evidence.end()


@pytest.mark.parametrize("name", READERS)
def test_a_counter_that_runs_backwards_is_lacking(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    found = between(monkeypatch, -1.0, name)
    assert found["lacking"][name] == BACKWARDS
    assert found[name] == ({"probe": None, "server": None} if name == "migrations" else None)
    others = {other: found["lacking"].get(other) for other in READERS if other != name}
    assert set(others.values()) == {None}
    # The judge takes it for not known, not for nothing.
    assert Facts({"evidence": found}).amount(name, "server" if name == "migrations" else None) is None


def test_one_that_stands_still_is_none_of_that(monkeypatch: pytest.MonkeyPatch) -> None:
    found = between(monkeypatch, 0.0, "steal")
    assert (found["steal"], found["lacking"].get("steal")) == (0.0, None)
