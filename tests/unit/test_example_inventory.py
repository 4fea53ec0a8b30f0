# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example inventory works as it is copied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.lowlat.redis.plugins.module_utils._judge.gates import parse
from ansible_collections.lowlat.redis.plugins.module_utils._server.directives import immutable

ROOT = Path(__file__).parents[2]
VERSION = (7, 2, 0)


def load(path: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / path).read_text(encoding="utf-8")))


EXAMPLE = load("inventory/example/group_vars/redis.yml")


def settings_of(phase: str) -> list[dict[str, Any]]:
    own = EXAMPLE["lowlat_own_phases"]
    if phase in own:
        return list(own[phase]["settings"])
    found = []
    for value in load(f"roles/{phase}/defaults/main.yml").values():
        found += [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
    return found


def test_no_phase_stops_for_want_of_a_restart() -> None:
    waits = {
        entry["key"]
        for phase in EXAMPLE["lowlat_phases"]
        for entry in settings_of(phase)
        if entry["kind"] == "redis" and immutable(entry["key"], VERSION)
    }
    assert waits >= {"tcp-backlog", "databases"}
    assert EXAMPLE["gated_change_restart"] in ("defer", "allowed")


def test_its_gates_are_gates() -> None:
    for phase in EXAMPLE["lowlat_own_phases"].values():
        assert parse(phase["gates"])
