# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bundles on a real server."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._effect import bench

from .conftest import Toggler, redis_setting

pytestmark = pytest.mark.slow

Make = Callable[..., Toggler]
HARMLESS = [
    redis_setting("hz", 10, 8),
    redis_setting("tcp-keepalive", 300, 30),
    redis_setting("lazyfree-lazy-user-del", "no", "yes"),
    redis_setting("activerehashing", "yes", "no"),
    redis_setting("maxmemory-samples", 5, 6),
    redis_setting("lfu-log-factor", 10, 11),
    redis_setting("latency-monitor-threshold", 0, 100),
]
CULPRIT = redis_setting("appendfsync", "everysec", "always")
# Every SET waits for the disk, twenty times as long as without: a tenth of the harm is enough to tell.
MARGINS = {"margin_p50": 0.5, "margin_p99": 2.0, "commands": ["set"], "seconds": 60}


@pytest.mark.quiet
def test_the_culprit_of_eight_is_found(toggler: Make) -> None:
    here = toggler("appendonly yes", "appendfsync everysec", "latency-monitor-threshold 7")
    before = here.server.client().config_get("*")
    for _try in range(3):  # a machine that others keep busy may let nobody tell; it must not accuse the wrong one
        result = here.run(*HARMLESS[:5], CULPRIT, *HARMLESS[5:], **MARGINS)
        if result["culprits"]:
            break
    assert result["culprits"] == [{"kind": "redis", "key": "appendfsync"}]
    assert result["joint"]["confirmed"] is True
    assert result["suspects"] == []
    assert result["effects"]["set_rtt"]["p50"]["effect"] > 1
    assert here.server.client().config_get("*") == before


@pytest.mark.quiet
def test_nobody_is_accused_in_a_harmless_bundle(toggler: Make) -> None:
    here = toggler("appendonly yes", "appendfsync everysec")
    result = here.run(*HARMLESS, redis_setting("loglevel", "notice", "warning"), **MARGINS)
    assert (result["culprits"], result["suspects"], result["groups"]) == ([], [], [])
    assert result["verdict"] in ("equivalent", "undecided")
    assert result["left_as_found"] is True


def test_the_culprits_of_a_made_up_clock(toggler: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real server and its real values; the times are made up from what CONFIG GET shows."""
    here = toggler()
    client = here.server.client()

    def side(self: Any, metrics: Any) -> dict[str, float]:
        live = client.config_get("hz", "maxmemory-samples", "lfu-log-factor")
        slow = 0.2 * (live["hz"] == "8") + 0.3 * (live["maxmemory-samples"] == "6")
        figures = ("p50", "p90", "p99")
        return {f"{metric}.{figure}": slow for metric in metrics for figure in figures}

    monkeypatch.setattr(bench.Bench, "side", side)
    result = here.run(*HARMLESS, seconds=90)
    assert {one["key"] for one in result["culprits"]} == {"hz", "maxmemory-samples"}
    assert result["joint"]["rest"] == "equivalent"
