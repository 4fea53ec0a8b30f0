# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is told that it cannot be told is told what to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit._effect.bundle import Bundle

ONE = {"rtt.p50": 0.02}


def advised(said: dict[str, Any]) -> str:
    assert said["verdict"] == "undecided" or said["suspects"]
    assert said["recommendations"]
    return " | ".join(said["recommendations"])


def test_where_all_is_decided_there_is_nothing_to_do() -> None:
    assert Bundle(1).experiment().run()["recommendations"] == []
    assert Bundle(1, {((0,), "rtt.p50"): 0.1}).experiment().run()["recommendations"] == []
    assert Bundle(4, {((2,), "rtt.p50"): 0.1}).experiment().run()["recommendations"] == []


def test_too_short_a_time_for_the_first_look() -> None:
    """Each quad takes 4 s of this server's clock."""
    said = Bundle(1).experiment(20.0, ONE).run()
    told = advised(said)
    assert "rtt.p50 had 3 of the 12 quads that its first look wants: give it about 120 s (seconds)" in told
    assert Bundle(1).experiment(120.0, ONE).run()["verdict"] == "equivalent"


def test_time_that_would_do_is_named_and_so_is_what_was_reached() -> None:
    said = Bundle(1, noise=0.03).experiment(120.0, ONE).run()
    told = advised(said)
    found = said["effects"]["rtt"]["p50"]
    half = (found["interval"][1] - found["interval"][0]) / 2
    assert f"{found['samples']} quads carry rtt.p50 to +-{half:.1%}, and its margin is 2.0%: give it about" in told
    seconds = float(told.partition("give it about ")[2].partition(" s (seconds)")[0])
    assert 120.0 < seconds <= 3600.0
    assert Bundle(1, noise=0.03).experiment(seconds, ONE).run()["verdict"] == "equivalent"


@pytest.mark.slow
def test_noise_that_no_time_outlasts() -> None:
    """The last look has been taken: what helps is less noise, or a margin that can be attained."""
    said = Bundle(1, noise=0.4).experiment(20_000.0, ONE).run()
    told = advised(said)
    assert "more time carries rtt.p50 no farther than to about +-" in told
    assert "quieter host" in told
    assert "give it about" not in told
    margin = float(told.partition("margin_p50 of at least ")[2].partition(",")[0])
    assert Bundle(1, noise=0.4).experiment(20_000.0, {"rtt.p50": margin}).run()["verdict"] == "equivalent"


def test_several_commands_share_the_time() -> None:
    assert "commands: [ping]" in advised(Bundle(1, noise=0.03).experiment(120.0).run())
    assert "commands" not in advised(Bundle(1, noise=0.03).experiment(120.0, ONE).run())


def test_what_is_in_doubt_wants_a_quiet_time() -> None:
    bundle = Bundle(1, noise=0.02)
    real = bundle.side

    def growing(metrics: Any) -> dict[str, float]:
        bundle.harm = {((0,), "rtt.p50"): 0.0006 * bundle.seconds}
        return real(metrics)

    experiment = bundle.experiment(margins=ONE)
    experiment._alternation._side = growing
    told = advised(experiment.run())
    assert "Run it again when nothing else works on this host: the difference itself drifts" in told


def test_harm_that_did_not_come_again() -> None:
    bundle = Bundle(1, {((0,), "rtt.p50"): 0.1})
    experiment = bundle.experiment()
    real = bundle.side

    def fading(metrics: Any) -> dict[str, float]:
        if metrics == ["rtt"]:
            bundle.harm = {}
        return real(metrics)

    experiment._alternation._side = fading
    assert "Run it again: the later window did not bear out what the first one found" in advised(experiment.run())


def test_a_search_that_came_to_no_end() -> None:
    told = advised(Bundle(8, {((2,), "rtt.p50"): 0.1}).experiment(seconds=200).run())
    assert "Toggle the suspects alone, or give it more time (seconds)" in told
