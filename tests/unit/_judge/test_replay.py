# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine on recorded streams: a small part of what ``./dev bench verdict`` runs, the same in every run."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge.comparison import EQUIVALENT, REGRESSION, UNDECIDED
from ansible_collections.lowlat.redis.plugins.module_utils._judge.statistics import quantile
from tests.bench.scoreboard import causes, coverage, gated, gated_cases, measures, replay, rules, stream, trial


@pytest.mark.slow
def test_nothing_changed_is_never_a_rollback() -> None:
    quiet = measures.null_trials([replay.QUIET_SOURCE], 12, "unit")
    assert (quiet.rollbacks.hits, quiet.undecided.hits) == (0, 0)
    for name, variants in replay.NOISES.items():
        assert measures.null_trials(variants, 2, f"unit {name}").rollbacks.hits == 0


@pytest.mark.slow
@pytest.mark.parametrize(("harm", "patience"), [(replay.scale(0.02), 5.0), (replay.tail(0.05), 20.0)])
def test_a_true_effect_is_found_in_time(harm: replay.Harm, patience: float) -> None:
    found, _seconds = measures.power(harm, patience, 5, "unit")
    assert (found.hits, found.trials) == (5, 5)


@pytest.mark.slow
def test_twice_the_margin_is_not_kept_whatever_the_noise() -> None:
    kept = measures.false_keeps(replay.scale(0.04), dict(replay.NOISES), 2, "unit")
    assert sum(share.hits for share in kept.values()) == 0


def test_noise_beside_one_arm_is_left_open_or_seen_through() -> None:
    """It makes the second value's p99 many times as long; that of a few percent of the time is no proof."""
    make = replay.one_arm("burner_short", second=True, floor_too=False)
    told = [trial.run(make, [replay.none], f"unit {number}") for number in range(6)]
    assert {one.verdict for one in told} <= {EQUIVALENT, UNDECIDED}


@pytest.mark.slow
def test_beside_bursts_of_others_harm_of_the_tail_is_found_and_nothing_is_not() -> None:
    """Others hit every block there: what they did is left out of it, by what they took."""
    make = replay.steady("burner_short")
    nothing, harm = (
        [trial.run(make, [what], f"unit {number}").verdict for number in range(4)]
        for what in (replay.none, replay.tail(0.2))
    )
    assert set(nothing) <= {EQUIVALENT, UNDECIDED}
    assert EQUIVALENT in nothing
    assert set(harm) <= {REGRESSION, UNDECIDED}
    assert REGRESSION in harm


def test_three_commands_have_six_figures() -> None:
    told = trial.run(replay.QUIET_SOURCE, [replay.none], "three", trial.THREE)
    assert set(told.by_figure) == {f"{metric}.{name}" for metric in trial.THREE for name in ("p50", "p99")}
    assert told.verdict == EQUIVALENT


@pytest.mark.parametrize("name", sorted(causes.CASES))
def test_causes_of_recorded_breaches(name: str) -> None:
    cases = [causes.CASES[name](Random(f"unit {name} {number}")) for number in range(3)]
    assert sum(causes.judge(case) == case.cause for case in cases) >= 2


@pytest.mark.slow
def test_the_culprit_of_eight_is_found() -> None:
    found, _seconds = measures.culprits(2)
    assert found.hits == 2


@pytest.mark.slow
def test_the_usual_rule_is_as_bad_as_they_say() -> None:
    fired = [measures.by_rules(replay.QUIET_SOURCE, replay.none, f"unit {number}")["p99 + 5 %"] for number in range(30)]
    assert sum(fired) >= 3


def test_a_trial_is_the_same_every_time() -> None:
    one, other = (trial.run(replay.QUIET_SOURCE, [replay.scale(0.02)], "same") for _time in range(2))
    assert one == other
    assert one.verdict == REGRESSION


def test_harms_do_what_they_say() -> None:
    block = replay.recorded("quiet_1")[0].redis
    assert replay.scale(0.02)(block)[stream.P50] == pytest.approx(1.02 * block[stream.P50])
    longer = replay.tail(0.05)(block)
    assert longer[stream.P50] == block[stream.P50]
    assert longer[stream.P99] == pytest.approx(1.05 * block[stream.P99])
    assert replay.shift(0.5)(block)[stream.P50] == pytest.approx(0.5 + block[stream.P50])
    later = replay.shift_tail(4.0)(block)
    assert later[stream.P50] == block[stream.P50]
    assert later[stream.P99] == pytest.approx(4.0 + block[stream.P99])
    # Two in a hundred wait: what was the p97 is now about the p95, and the slowest two are those that wait.
    mixed = replay.stalls(0.02, 1000.0)(block)
    assert mixed[stream.P99] > 1000.0 > mixed[stream.FRACTIONS.index(0.97)]
    assert mixed[stream.P50] == pytest.approx(block[stream.P50], rel=0.01)
    assert list(mixed) == sorted(mixed)


@pytest.mark.slow
def test_waits_make_the_pooled_p99_longer_by_what_they_say() -> None:
    blocks = [one.redis for name in replay.QUIET for one in replay.recorded(name)]
    harms = (replay.none, measures.waits(0.1))
    before, after = (quantile(rules.pooled([harm(one) for one in blocks]), 0.99) for harm in harms)
    assert after / before == pytest.approx(1.1, abs=0.02)


@pytest.mark.slow
def test_a_change_that_changes_nothing_is_kept_and_one_that_harms_is_not() -> None:
    for cases in gated_cases.HARMED.values():
        made = [cases[0](Random(f"unit {number}")) for number in range(2)]
        assert gated.change(*made[0]).decision in ("keep", gated.OPEN)
        before, after = made[1]
        assert gated.change(before, replace(after, harm=replay.scale(0.1))).decision in ("roll_back", gated.OPEN)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make", [gated_cases.same_server("burner_short"), gated_cases.noise_beside("burner_short", "after")]
)
def test_a_harm_of_the_tail_that_bursts_of_others_hide_is_not_kept(make: gated_cases.Case) -> None:
    """Their time is five times the p99 of an undisturbed server: what is added to that was lost in it."""
    harm = replay.shift_tail(0.6 * replay.undisturbed(stream.P99))
    for number in (1, 5, 10):
        before, after = make(Random(f"unit {number}"))
        assert gated.change(before, replace(after, harm=harm)).decision in ("roll_back", gated.OPEN)


@pytest.mark.slow
def test_pinned_after_a_baseline_that_was_not_nothing_is_proven() -> None:
    """The ratio to the reference grew by 8 % by that alone, and was taken for harm."""
    make = gated_cases.noise_beside("unpinned", "before")
    assert gated.change(*make(Random("gated noise before more 475"))).decision == gated.OPEN


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    found = measures.together(coverage.comparisons(3).values())
    assert found.value > 0.85


@pytest.mark.slow
def test_intervals_of_a_measured_p99_hold_that_of_the_stream() -> None:
    """Of three commands, as the module measures by default: of those that take round trips for independent 27 % do."""
    assert measures.together(coverage.gates(6).values()).hits >= 20


def test_a_stream_survives_its_file(tmp_path: object) -> None:
    whole = stream.load("set")
    stream.save(whole, str(tmp_path))
    again = stream.load("set", str(tmp_path))
    assert again.ledger == whole.ledger
    for one, other in zip(again.redis, whole.redis):
        assert one == pytest.approx(other, rel=3e-4)


def test_the_interval_of_a_share() -> None:
    assert rules.binomial_interval(0, 3000)[1] == pytest.approx(-math.log(0.025) / 3000, rel=0.01)
    # Clopper and Pearson's own table: 5 of 20.
    assert rules.binomial_interval(5, 20) == pytest.approx((0.0866, 0.4910), abs=2e-4)
    assert rules.binomial_interval(20, 20)[1] == 1.0
