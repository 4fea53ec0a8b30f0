# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest

from tests.unit._effect.bundle import Bundle, keys


def test_one_setting_that_does_nothing() -> None:
    said = Bundle(1).experiment().run()
    assert said["verdict"] == "equivalent"
    assert said["confirmation"] == {}
    assert said["effects"]["rtt"]["p50"]["verdict"] == "equivalent"
    assert set(said["effects"]["rtt"]) == {"p50", "p90", "p99_all"}
    assert said["null_quads"]["quads"] > 0
    json.dumps(said)


def test_one_setting_that_does_harm_is_confirmed_in_a_later_window() -> None:
    bundle = Bundle(1, {((0,), "rtt.p50"): 0.1})
    said = bundle.experiment().run()
    assert said["verdict"] == "regression"
    assert said["confirmation"]["rtt"]["p50"]["verdict"] == "regression"
    assert "set_rtt" not in said["confirmation"]
    assert said["quads"] == len(bundle.sides) / 4


@pytest.mark.slow
def test_one_setting_has_a_look_more_where_there_is_time_for_it() -> None:
    """A bundle has none: its time is for the search."""
    noisy = [Bundle(count, noise=0.4).experiment(20_000.0).run() for count in (1, 2)]
    assert [said["effects"]["rtt"]["p50"]["samples"] for said in noisy] == [768, 192]
    assert Bundle(1, noise=0.4).experiment(2_000.0).run()["effects"]["rtt"]["p50"]["samples"] == 263


def test_harm_that_is_gone_in_the_later_window_is_none() -> None:
    bundle = Bundle(1, {((0,), "rtt.p50"): 0.1})
    experiment = bundle.experiment()
    real = bundle.side

    def fading(metrics: Any) -> dict[str, float]:
        if metrics == ["rtt"]:  # the later window asks for what regressed, and for nothing else
            bundle.harm = {}
        return real(metrics)

    experiment._alternation._side = fading
    said = experiment.run()
    assert said["effects"]["rtt"]["p50"]["verdict"] == "regression"
    assert said["verdict"] == "undecided"


def test_a_bundle_that_does_nothing_accuses_nobody() -> None:
    said = Bundle(8).experiment().run()
    assert (said["verdict"], said["culprits"], said["suspects"], said["joint"]) == ("equivalent", [], [], {})
    assert len(said["tests"]) == 1


@pytest.mark.parametrize("guilty", range(8))
def test_the_culprit_of_a_bundle(guilty: int) -> None:
    bundle = Bundle(8, {((guilty,), "set_rtt.p50"): 0.08})
    said = bundle.experiment().run()
    assert said["verdict"] == "regression"
    assert keys(said["culprits"]) == [f"s{guilty}"]
    assert said["suspects"] == []
    assert said["joint"]["confirmed"] is True
    assert said["joint"]["rest"] == "equivalent"
    # With all the rest new, then old and new in turn.
    rest = frozenset(range(8)) - {guilty}
    assert set(bundle.sides[-4 * said["joint"]["quads"] :]) == {rest, rest | {guilty}}
    json.dumps(said)


def test_two_culprits_of_different_size_on_different_figures() -> None:
    """A fifth of the harm of the large one is found all the same: what is left is judged by the margin."""
    for small, large in combinations((0, 3, 5), 2):
        harm = {((small,), "set_rtt.p50"): 0.06, ((large,), "set_rtt.p50"): 0.5, ((large,), "rtt.p50"): 0.3}
        said = Bundle(6, harm).experiment().run()
        assert keys(said["culprits"]) == [f"s{small}", f"s{large}"]


def test_settings_that_do_harm_together() -> None:
    said = Bundle(6, {((1, 4), "rtt.p50"): 0.2}).experiment().run()
    assert [keys(group) for group in said["groups"]] == [["s1", "s4"]]
    assert keys(said["culprits"]) == ["s1", "s4"]


def test_noise_accuses_nobody() -> None:
    said = Bundle(8, noise=0.3).experiment(seconds=2000).run()
    assert (said["verdict"], said["culprits"]) == ("undecided", [])


def test_time_that_ends_in_the_search_leaves_suspects() -> None:
    said = Bundle(8, {((2,), "rtt.p50"): 0.1}).experiment(seconds=200).run()
    assert said["verdict"] == "regression"
    assert said["culprits"] == []
    assert "s2" in keys(said["suspects"])


def test_the_risk_is_divided_among_the_settings_that_could_be_accused() -> None:
    said = Bundle(8, {((2,), "rtt.p50"): 0.1}).experiment().run()
    bundle, *parts, rest = said["tests"]
    assert bundle["effects"]["rtt"]["p50"]["alpha"] == pytest.approx(0.0005 / 2)
    assert {part["effects"]["rtt"]["p50"]["alpha"] for part in parts} == {0.0005 / 8}
    assert rest["effects"]["rtt"]["p50"]["alpha"] == pytest.approx(0.0005 / 7)


def test_a_difference_that_grows_is_no_proof() -> None:
    bundle = Bundle(1, noise=0.02)
    real = bundle.side

    def growing(metrics: Any) -> dict[str, float]:
        bundle.harm = {((0,), "rtt.p50"): 0.0006 * bundle.seconds}
        return real(metrics)

    experiment = bundle.experiment(margins={"rtt.p50": 0.02})
    experiment._alternation._side = growing
    said = experiment.run()
    assert said["verdict"] == "undecided"
    assert "drifts" in said["null_quads"]["caps"][0]


def test_a_culprit_that_makes_no_difference_in_the_end_is_a_suspect() -> None:
    bundle = Bundle(8, {((2,), "rtt.p50"): 0.1})
    experiment = bundle.experiment()
    real = experiment._joint

    def later(found: Any) -> dict[str, Any]:
        bundle.harm = {}
        return real(found)

    experiment._joint = later  # type: ignore[method-assign]
    said = experiment.run()
    assert said["joint"]["confirmed"] is False
    assert said["culprits"] == []
    assert keys(said["suspects"]) == ["s2"]


def test_culprits_of_different_metrics() -> None:
    """The worst metric comes first; who harms another is found among what is left."""
    harm = {((1,), "rtt.p50"): 0.5, ((6,), "set_rtt.p50"): 0.2}
    said = Bundle(8, harm).experiment().run()
    assert [keys(group) for group in said["groups"]] == [["s1"], ["s6"]]
    assert said["joint"]["confirmed"] is True
    parts = [test["effects"].keys() for test in said["tests"] if len(test["settings"]) < 6]
    assert {tuple(metrics) for metrics in parts} == {("rtt",), ("set_rtt",)}
