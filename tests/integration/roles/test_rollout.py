# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that fails or is lost stops the next batch, and breaks nothing off in its own."""

from __future__ import annotations

import pytest

from tests.integration.roles.stubbed_play import Played, run_play

KEPT = ["plan", "baseline", "applied", "measured", "confirmed c1"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """lowlat.redis.apply over a batch in which two of three hosts go wrong, and one host after it."""
    bad = {"decision": {"decision": "roll_back", "reason": "gate rtt_p50 failed: far"}}
    hosts = {"good": {}, "worse": {"measured": bad}, "lost": {"applied": {"unreachable": True}}, "next": {}}
    variables = {"lowlat_serial": [3], "lowlat_phases": ["ours"], "lowlat_own_phases": {"ours": {"settings": []}}}
    return run_play(tmp_path_factory.mktemp("rollout"), "lowlat.redis.apply", hosts, variables)


def test_the_others_of_the_batch_finish_what_they_do(played: Played) -> None:
    assert [call.replace(" None", "") for call in played.calls("good")] == KEPT
    assert played.calls("worse")[-2].startswith("rolled_back")


def test_the_next_batch_is_not_begun(played: Played) -> None:
    assert played.calls("next") == []
    assert "The next hosts are left alone: lost, worse failed or could not be reached" in played.printed
    assert played.failed("good")


def test_a_phase_that_nobody_knows_is_found_before_any_host_is_touched(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    variables = {"lowlat_phases": ["ours", "pahse1"], "lowlat_own_phases": {"ours": {"settings": []}}}
    played = run_play(tmp_path_factory.mktemp("unknown"), "lowlat.redis.apply", {"one": {}}, variables)
    assert played.calls("one") == []
    assert "There is no phase pahse1. There are cpu_isolation, phase1, phase2, phase3, ours" in played.printed
