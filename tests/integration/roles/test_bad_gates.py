# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates that no change can be kept by are refused before anything of a host is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from tests.integration import planted
from tests.integration.roles.controller import Controller

pytestmark = pytest.mark.slow
Start = Callable[..., Any]
SOFT = {"name": "s", "query": "rtt.p50", "max": 1e9, "severity": "soft"}


@pytest.mark.parametrize(
    ("general", "own", "says"),
    [
        ([], [], "trial has no hard gate on localhost (gated_change_gates, gated_change_phase_gates): "),
        ([{**SOFT, "name": "t"}], [SOFT], "trial has no hard gate on localhost"),
        ([{"name": "limitless", "query": "rtt.p50"}], [], "The gate lacks max (gate 1, 'limitless')"),
        ([], [{"query": "rtt.p50", "max": 1e9}], "The gate lacks name (gate 1, 'rtt.p50')"),
    ],
    ids=["none", "soft ones only", "without max", "without a name"],
)
def test_nothing_is_changed(
    redis_server: Start, tmp_path: Path, general: list[dict[str, Any]], own: list[dict[str, Any]], says: str
) -> None:
    server = redis_server(*planted.LINES, password=planted.PASSWORD)
    before = (Path(server.config_file).read_bytes(), server.client().config_get("hz"))
    controller = Controller(tmp_path, server)
    given = {"gated_change_gates": general, "gated_change_phase_gates": own}
    assert controller.play("apply", **given) == 2, controller.said[-3000:]
    # Versions of Ansible differ in where they break lines and how they quote.
    said = " ".join(controller.said.replace("\\'", "'").replace("''", "'").split())
    assert says.strip() in said, controller.said[-3000:]
    assert not (tmp_path / "state").exists()
    assert (Path(server.config_file).read_bytes(), server.client().config_get("hz")) == before


@pytest.mark.parametrize(
    ("gate", "says"),
    [
        ({"name": "limitless", "query": "rtt.p50"}, "The gate lacks max (gate 1, 'limitless')"),
        ({"name": "g", "query": "rtt.p98", "max": 1e9}, "rtt.p98"),
        ({"name": "g", "query": "rtt.p50", "max": 1e9, "tolerence": 1}, "gates.tolerence"),
    ],
    ids=["without max", "of what is not measured", "misspelt"],
)
def test_nor_passed_by_a_rehearsal(redis_server: Start, tmp_path: Path, gate: dict[str, Any], says: str) -> None:
    server = redis_server(*planted.LINES, password=planted.PASSWORD)
    controller = Controller(tmp_path, server)
    assert controller.play("apply", "--check", gated_change_gates=[gate]) == 2, controller.said[-3000:]
    said = " ".join(controller.said.replace("\\'", "'").replace("''", "'").split())
    assert says in said, controller.said[-3000:]
    assert not (tmp_path / "state").exists()


def test_a_rehearsal_passes_good_gates_and_measures_nothing(redis_server: Start, tmp_path: Path) -> None:
    server = redis_server(*planted.LINES, password=planted.PASSWORD)
    controller = Controller(tmp_path, server)
    relative = [{"name": "g", "query": "rtt.p50", "max": 2, "against": "baseline"}]
    assert controller.play("apply", "--check", gated_change_phase_gates=relative) == 0, controller.said[-3000:]
    assert "cmdstat_set" not in server.client().info("commandstats")


def test_who_keeps_what_nothing_proves_needs_none(redis_server: Start, tmp_path: Path) -> None:
    server = redis_server(*planted.LINES, password=planted.PASSWORD)
    controller = Controller(tmp_path, server)
    given: dict[str, Any] = {"gated_change_gates": [], "gated_change_on_inconclusive": "keep"}
    assert controller.play("apply", **given) == 0, controller.said[-3000:]
    assert server.client().config_get("hz") == {"hz": "20"}


@pytest.mark.parametrize("options", [[], ["--check"]], ids=["applied", "rehearsed"])
def test_what_is_so_already_needs_none_either(redis_server: Start, tmp_path: Path, options: list[str]) -> None:
    server = redis_server(*planted.LINES, "hz 20", password=planted.PASSWORD)
    controller = Controller(tmp_path, server)
    given = {"gated_change_gates": [], "gated_change_settings": [{"kind": "redis", "key": "hz", "value": 20}]}
    assert controller.play("apply", *options, **given) == 0, controller.said[-3000:]
    assert not (tmp_path / "state").exists()
