# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ratio to the reference says before and after is no proof where something else could have said it."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge import gates, series, verdict
from ansible_collections.lowlat.redis.plugins.module_utils._judge.before_after import before_and_after

BLOCKS = 48
P50 = {"name": "p50", "query": "relative.rtt.p50", "max": 1.03, "tolerance": 0.02, "against": "baseline"}
P99 = {"name": "p99", "query": "relative.rtt.p99", "max": 1.2, "tolerance": 0.1, "against": "baseline"}


def measurement(
    seed: int,
    more: float = 0.35,
    wakes: float = 0.0,
    bursts: float = 0.0,
    clean: float = 0.0,
    tail: float = 1.0,
    **flags: bool,
) -> dict[str, Any]:
    """Redis takes ``more`` us than a reference of 7 us, and each a wake-up of about ``wakes`` us besides.

    Others take the share ``bursts`` of all blocks but a share of ``clean`` ones, whose p99 is ``tail`` times as long.
    """
    random, lists = Random(seed), {}
    for number in range(BLOCKS):
        hit = number >= clean * BLOCKS
        for metric, own in (("reference", 7.0), ("rtt", 7.0 + more)):
            woken = wakes * random.gauss(1.0, 0.1) if wakes else 0.0
            p50 = own * random.gauss(1.0, 0.004) + woken
            p99 = (random.choice((9.0, 30.0)) if hit and bursts else 1.15 * p50) * (tail if metric == "rtt" else 1.0)
            wall, probe = p50 / (1.0 - bursts * hit), 3.5 + woken / 2
            for name, value in (("p50", p50), ("p90", 1.05 * p50), ("p99", p99), ("wall", wall)):
                lists.setdefault(f"{metric}.{name}", []).append(value)
            terms = {"probe": probe, "server": p50 - probe, "idle": 0.0, "foreign": wall - p50}
            for term, value in terms.items():
                lists.setdefault(f"{metric}.{term}", []).append(value)
    means = {name: sum(values) / BLOCKS for name, values in lists.items()}
    figures = ("p50", "p90", "p99")
    return {
        "samples": 500 * BLOCKS,
        "runs": 1,
        "by_run": [{}],
        "rtt": {"count": 500 * BLOCKS, **{name: means[f"rtt.{name}"] for name in figures}},
        "reference": {"count": 500 * BLOCKS, **{name: means[f"reference.{name}"] for name in figures}},
        "relative": {"rtt": {"blocks": BLOCKS, **{name: ratio(lists, name) for name in figures}}},
        "ledger": {side: {term: means[f"{side}.{term}"] for term in ("wall", *terms)} for side in ("rtt", "reference")},
        "series": series.encode(lists),
        "evidence": {"pinned": True, "same_cpu": True, **flags},
    }


def ratio(lists: dict[str, list[float]], name: str) -> float:
    ratios = sorted(ours / floor for ours, floor in zip(lists[f"rtt.{name}"], lists[f"reference.{name}"]))
    return ratios[len(ratios) // 2]


def concluded(rule: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    parsed = gates.parse([rule])
    first = gates.judge(parsed, after, before)
    looks = [{"measurement": after, **verdict.look(parsed, after, before, verdict.ALPHAS[0])}]
    return verdict.conclude(before, after, first, looks)


ROAMING = {"wakes": 60.0, "pinned": False}


def test_a_server_that_was_free_to_move_before_did_not_get_slower_by_being_pinned() -> None:
    """Its ratio was near 1 because a wake-up was most of either round trip."""
    before, after = measurement(1, **ROAMING), measurement(2, more=0.42)  # type: ignore[arg-type]
    told = concluded(P50, before, after)
    assert told["comparisons"]["rtt.p50"]["effect"] > 0.05
    assert (told["failed"], told["inconclusive"], told["cause"]) == ([], ["p50"], "unexplained")
    assert any("before, probe or server was free to move" in sentence for sentence in told["evidence"])


@pytest.mark.slow
def test_a_wake_up_costs_the_one_a_little_more_than_the_other() -> None:
    """However many blocks say so."""
    before, after = measurement(1, more=-1.5, **ROAMING), measurement(2)  # type: ignore[arg-type]
    for one in (before, after):
        lists = series.decode(one["series"])
        one["series"] = series.encode({name: 60 * values for name, values in lists.items()})
    told = concluded(P50, before, after)
    assert told["comparisons"]["rtt.p50"]["effect"] > 0.05
    assert told["inconclusive"] == ["p50"]


def test_what_costs_more_than_any_placement_is_found_across_placements() -> None:
    before, after = measurement(1, **ROAMING), measurement(2, more=180.0)  # type: ignore[arg-type]
    told = concluded(P50, before, after)
    assert (told["failed"], told["cause"], told["decision"]) == (["p50"], "genuine", "roll_back")


def test_a_harm_that_wake_ups_dilute_is_not_kept() -> None:
    """Half as long again when pinned, and 5 % beside a wake-up."""
    before, after = measurement(1), measurement(2, more=4.0, **ROAMING)  # type: ignore[arg-type]
    told = concluded(P50, before, after)
    assert told["comparisons"]["rtt.p50"]["effect"] < 0.03
    assert (told["decision"], told["inconclusive"]) == ("roll_back", ["p50"])
    assert "here, probe or server was free to move" in told["reason"]


@pytest.mark.parametrize("flags", [{}, {"pinned": False}], ids=["pinned", "free to move"])
def test_the_same_placement_is_compared_by_ratios_alone(flags: dict[str, bool]) -> None:
    before, after = measurement(1, **flags), measurement(2, more=0.8, **flags)
    assert before_and_after(before, after, 0.001)["rtt.p50"]["verdict"] == "regression"


def test_a_flag_that_one_side_lacks_is_held_against_nobody() -> None:
    before, after = measurement(1), measurement(2, more=0.8)
    before["evidence"] = {}
    assert before_and_after(before, after, 0.001)["rtt.p50"]["verdict"] == "regression"


@pytest.mark.parametrize(
    ("then", "clean", "outcome"),
    [(0.4, 0.0, "inconclusive"), (0.4, 0.5, "fail"), (0.15, 0.0, "fail")],
    ids=["others in every block", "half of them clean", "as much as before"],
)
def test_a_tail_beside_others_fails_where_undisturbed_blocks_say_so(then: float, clean: float, outcome: str) -> None:
    before, after = measurement(1, bursts=then, clean=clean), measurement(2, tail=2.5, bursts=0.15, clean=clean)
    told = gates.judge(gates.parse([P99]), after, before)[0]
    assert told["value"] > told["limit"]
    assert told["outcome"] == outcome


def test_others_that_run_while_the_server_waits_did_not_disturb_it() -> None:
    before, after = measurement(1), measurement(2, tail=2.5)
    lists = series.decode(after["series"])
    lists["rtt.foreign"] = [0.2 * wall for wall in lists["rtt.wall"]]
    lists["rtt.idle"] = [0.5 * wall for wall in lists["rtt.wall"]]
    after["series"] = series.encode(lists)
    assert gates.judge(gates.parse([P99]), after, before)[0]["outcome"] == "fail"


def beside(seed: int, bursts: float, clean: float = 0.0, tail: float = 1.0) -> dict[str, Any]:
    """Others take so much that the p99 of Redis and of the reference is theirs alone, but for ``clean`` blocks."""
    made, random = measurement(seed, bursts=bursts, clean=clean), Random(seed)
    lists = series.decode(made["series"])
    for number in range(BLOCKS):
        for name, longer in (("rtt", tail), ("reference", 1.0)):
            own = longer * 1.15 * lists[f"{name}.p50"][number]
            hit = lists[f"{name}.foreign"][number] > 0.0
            lists[f"{name}.p99"][number] = random.gauss(300.0, 3.0) if hit else own
    made["series"] = series.encode(lists)
    made["relative"]["rtt"]["p99"] = ratio(lists, "p99")
    return made


@pytest.mark.parametrize(
    ("then", "now", "clean", "outcome"),
    [
        (0.15, 0.15, 0.0, "inconclusive"),
        (0.0, 0.15, 0.0, "inconclusive"),
        (0.15, 0.15, 0.3, "inconclusive"),
        (0.15, 0.15, 0.8, "fail"),
        (0.0, 0.0, 0.0, "fail"),
    ],
    ids=["as much as before", "none before", "some clean", "most of them clean", "nobody"],
)
def test_a_harm_of_the_tail_that_others_hide_is_not_kept(then: float, now: float, clean: float, outcome: str) -> None:
    """Their time is in either p99: that Redis takes 60 % longer is lost in it."""
    before, after = beside(1, then, clean), beside(2, now, clean, tail=1.6)
    told = gates.judge(gates.parse([P99]), after, before)[0]
    assert (told["outcome"], told["value"] > told["limit"]) == (outcome, outcome == "fail")
    assert ("which hides what Redis takes" in told["reason"]) == (outcome == "inconclusive")
    assert concluded(P99, before, after)["decision"] == "roll_back"


@pytest.mark.parametrize(("clean", "outcome"), [(0.0, "inconclusive"), (0.5, "pass")])
def test_a_tail_beside_others_holds_where_undisturbed_blocks_say_so(clean: float, outcome: str) -> None:
    assert gates.judge(gates.parse([P99]), beside(2, 0.15, clean), beside(1, 0.15, clean))[0]["outcome"] == outcome


def test_nothing_proves_a_tail_beside_others_to_be_what_it_was() -> None:
    """That would excuse a gate that fails."""
    assert before_and_after(beside(1, 0.15), beside(2, 0.15), 0.001)["rtt.p99"]["verdict"] == "undecided"


WHY = "no cpuidle states of CPU 1, and no /proc/schedstat"


def unknown(made: dict[str, Any], *terms: str) -> dict[str, Any]:
    """The same by a kernel that does not tell these."""
    lists = series.decode(made["series"])
    made["series"] = series.encode({name: lists[name] for name in lists if name.rpartition(".")[2] not in terms})
    for side in ("rtt", "reference"):
        made["ledger"][side].update(dict.fromkeys(terms))
    made["ledger"]["lacking"] = dict.fromkeys(terms, WHY)
    return made


@pytest.mark.parametrize("terms", [("idle", "foreign"), ("server", "idle", "foreign")], ids=["others", "server too"])
@pytest.mark.parametrize("sides", [(True, True), (True, False), (False, True)], ids=["both", "before", "here"])
def test_where_the_kernel_does_not_tell_of_others_a_tail_proves_no_more(
    sides: tuple[bool, bool], terms: tuple[str, ...]
) -> None:
    """All that is neither the probe's nor the server's may have been theirs."""
    pair = beside(1, 0.15), beside(2, 0.15, tail=1.6)
    before, after = (unknown(made, *terms) if is_unknown else made for made, is_unknown in zip(pair, sides))
    told = gates.judge(gates.parse([P99]), after, before)[0]
    assert told["outcome"] == "inconclusive"
    assert f"others may have taken up to {'15.0' if len(terms) == 2 else ''}" in told["reason"]
    assert WHY in told["reason"]
    assert concluded(P99, before, after)["decision"] == "roll_back"


def test_what_others_took_counts_where_it_is_not_told_whether_the_server_waited() -> None:
    before, after = (unknown(made, "idle") for made in (beside(1, 0.15), beside(2, 0.15, tail=1.6)))
    assert gates.judge(gates.parse([P99]), after, before)[0]["outcome"] == "inconclusive"


def test_where_nothing_is_left_for_others_nobody_has_to_tell_of_them() -> None:
    """Probe and server made up all of the time."""
    before, after, harmed = (
        unknown(made, "idle", "foreign") for made in (measurement(1), measurement(2), measurement(3, tail=1.6))
    )
    outcomes = [gates.judge(gates.parse([P99]), here, before)[0]["outcome"] for here in (after, harmed)]
    assert outcomes == ["pass", "fail"]


@pytest.mark.parametrize(
    ("bursts", "clean", "outcome"), [(0.15, 0.0, "inconclusive"), (0.15, 0.3, "inconclusive"), (0.0, 0.0, "fail")]
)
def test_without_a_baseline_others_hide_a_tail_as_well(bursts: float, clean: float, outcome: str) -> None:
    rule = {"name": "p99", "query": "relative.rtt.p99", "max": 1.3}
    judged = []
    for tail in (1.6, 1.0):
        here = beside(2, bursts, clean, tail)
        value = here["relative"]["rtt"]["p99"]
        here["relative"]["rtt"].update(p99_interval=[0.99 * value, 1.01 * value], blocks=BLOCKS)
        judged.append(gates.judge(gates.parse([rule]), here)[0]["outcome"])
    # What is not longer is proven by those blocks that nobody disturbed.
    assert judged == [outcome, "pass" if clean or not bursts else "inconclusive"]
