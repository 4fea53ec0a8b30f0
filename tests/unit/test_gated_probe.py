# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When latency_probe fails, what it then says, and what it refuses before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils import _gated_probe
from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput, LowlatError, ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan
from ansible_collections.lowlat.redis.plugins.modules.latency_probe import OPTIONS
from tests.unit._judge.made_up import taken

RELATIVE = {"name": "p50", "query": "relative.rtt.p50", "max": 1.03, "tolerance": 0.02, "against": "baseline"}
ABSOLUTE = {"name": "floor", "query": "rtt.p99", "max": 12.0}
REPLICA = {"set": "the server is a replica"}
Measuring = Callable[[Plan], Mapping[str, Any]]


def probed(measuring: Measuring, **given: Any) -> dict[str, Any]:
    params = {**{name: option.get("default") for name, option in OPTIONS.items()}, **given}
    return _gated_probe.judged(params, measuring, "here")


def in_turn(*several: Any) -> Measuring:
    """Each measurement, or error, in its turn; the last for all times after."""
    left = list(several)

    def measuring(_plan: Plan) -> Mapping[str, Any]:
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, LowlatError):
            raise found
        return dict(found)

    return measuring


def never(_plan: Plan) -> Mapping[str, Any]:
    raise AssertionError("it was measured")


def replica() -> dict[str, Any]:
    measurement = taken()
    del measurement["set"]
    return {**measurement, "not_measured": REPLICA}


SET = {"name": "set_p99", "query": "set.p99", "max": 5}


def test_a_hard_gate_that_cannot_be_judged_fails_the_task() -> None:
    with pytest.raises(
        LowlatError, match="1 hard gate could not be judged .here.: .*the server is a replica"
    ) as caught:
        probed(in_turn(replica()), gates=[SET])
    assert caught.value.details["decision"]["inconclusive"] == ["set_p99"]
    assert caught.value.details["measurement"]["rtt"]["count"] == 6000
    assert "on_inconclusive: keep" in caught.value.remedy or "Pin the server" in caught.value.remedy


@pytest.mark.parametrize(
    "given",
    [
        {"gates": [SET], "on_inconclusive": "keep"},
        {"gates": [{**SET, "severity": "soft"}]},
        {"gates": []},
        {"gates": [RELATIVE], "on_inconclusive": "keep"},
    ],
    ids=["who keeps what is open", "a soft gate", "no gates", "a baseline to be"],
)
def test_what_does_not_fail_the_task(given: dict[str, Any]) -> None:
    assert probed(in_turn(replica()), **given)["measurement"]["not_measured"] == REPLICA


def test_nothing_that_could_be_judged_is_no_proof() -> None:
    with pytest.raises(LowlatError, match="No hard gate held .here.: no hard gate could be judged"):
        probed(in_turn(replica()), baseline=replica(), gates=[SET])


def test_a_gate_against_a_baseline_that_is_not_there() -> None:
    with pytest.raises(BadInput, match="There is no baseline for p50 .baseline.*on_inconclusive: keep"):
        probed(never, gates=[ABSOLUTE, RELATIVE])


@pytest.mark.parametrize(
    ("baseline", "says"),
    [
        ({}, "The baseline is no measurement"),
        (
            {**taken(), "series": taken()["series"][:-3]},
            "The baseline is damaged .baseline, series.: .*measure the baseline",
        ),
        ({**taken(), "series": 7}, "The baseline is damaged"),
    ],
)
@pytest.mark.parametrize("policy", ["keep", "roll_back"])
def test_a_damaged_baseline_is_found_before_the_measurement(baseline: Any, says: str, policy: str) -> None:
    with pytest.raises(BadInput, match=says):
        probed(never, gates=[RELATIVE], baseline=baseline, on_inconclusive=policy)


def test_a_server_that_dies_while_it_is_looked_at_again_leaves_all_that_is_known() -> None:
    dies = ServerError("The server failed while it was measured", where="here", why="Connection reset")
    wide = taken(1.38, spread=0.3)
    with pytest.raises(ServerError, match="Connection reset") as caught:
        probed(in_turn(wide, wide, dies), gates=[RELATIVE], baseline=taken())
    told = caught.value.details
    assert told["decision"]["decision"] == "roll_back"
    assert told["decision"]["inconclusive"] == ["p50"]
    assert "while it was looked at again" in told["decision"]["reason"]
    assert [look["name"] for look in told["verification"]["looks"]] == ["pinned_runs"]
    assert told["verification"]["first"] == told["gates"]
    assert [gate["look"] for gate in told["gates"]] == ["first"]
    assert told["cause"] and "rtt.p50" in told["comparisons"] and isinstance(told["evidence"], list)
    assert (told["changed"], told["sampling_seconds"]) == (False, 3.0)


def test_without_a_baseline_it_is_looked_at_again_on_the_servers_cpu() -> None:
    cpus = []

    def measuring(plan: Plan) -> Mapping[str, Any]:
        cpus.append(plan.cpu)
        return taken(floor=7.0 if len(cpus) > 1 else 30.0)

    assert probed(measuring, gates=[ABSOLUTE], cpu="0")["decision"]["decision"] == "keep"
    assert cpus == ["0", "same"]


def test_a_probe_that_may_not_go_there_looks_again_where_it_is() -> None:
    cpus = []

    def measuring(plan: Plan) -> Mapping[str, Any]:
        cpus.append(plan.cpu)
        if plan.cpu == "same":
            raise BadInput("CPU 4 is not for this process")
        return taken(floor=7.0 if len(cpus) > 1 else 30.0)

    assert probed(measuring, gates=[ABSOLUTE], cpu="0")["decision"]["decision"] == "keep"
    assert cpus == ["0", "same", "0"]


def test_with_a_baseline_it_stays_where_that_was_measured() -> None:
    cpus = []

    def measuring(plan: Plan) -> Mapping[str, Any]:
        cpus.append(plan.cpu)
        return taken(1.6 if len(cpus) == 1 else 1.3)

    probed(measuring, gates=[RELATIVE], baseline=taken(), cpu="0")
    assert set(cpus) == {"0"}


def kept_from_running(ratio: float = 1.3, floor: float = 7.0, **evidence: Any) -> dict[str, Any]:
    measurement = taken(ratio, floor)
    measurement["evidence"].update(evidence)
    return measurement


STARVED = [{"throttled": 0.97}, {"steal": 0.51}, {"throttled": 0.97, "throttled_by": {"probe": 0.97, "server": 0.97}}]
ABORT = {**ABSOLUTE, "abort": 20.0}


@pytest.mark.parametrize("evidence", STARVED)
@pytest.mark.parametrize("policy", ["keep", "roll_back"])
@pytest.mark.parametrize(
    ("here", "gate"),
    [
        ({"floor": 7000.0}, ABORT),
        ({}, ABSOLUTE),
        ({}, RELATIVE),
        ({"ratio": 9.0}, {**RELATIVE, "abort": 2.0}),
    ],
    ids=["past the abort level", "within its limit", "as before", "several times as long"],
)
def test_who_hardly_ran_was_not_measured(
    evidence: dict[str, Any], policy: str, here: dict[str, Any], gate: dict[str, Any]
) -> None:
    starved = kept_from_running(**here, **evidence)
    try:
        told = probed(in_turn(starved), gates=[gate], baseline=taken(), on_inconclusive=policy)
    except LowlatError as error:
        told = error.details
    decision = told["decision"]
    assert (decision["decision"], decision["failed"], decision["aborted"]) == (policy, [], [])
    assert decision["inconclusive"] == [gate["name"]]
    assert "which says nothing then" in decision["reason"]


def test_nor_is_a_baseline_of_one() -> None:
    with pytest.raises(LowlatError, match="a CPU quota took 97.0% of the time of the baseline"):
        probed(in_turn(taken()), gates=[RELATIVE], baseline=kept_from_running(throttled=0.97))


def test_a_quota_that_the_server_alone_runs_into_is_no_excuse() -> None:
    """It may be what was changed."""
    own = kept_from_running(floor=7000.0, throttled=0.97, throttled_by={"probe": 0.0, "server": 0.97})
    with pytest.raises(LowlatError, match="past the abort level of floor"):
        probed(in_turn(own), gates=[ABORT], on_inconclusive="keep")


@pytest.mark.parametrize("policy", ["keep", "roll_back"])
def test_past_the_abort_level_on_a_later_look_it_is_over_as_well(policy: str) -> None:
    """Not past it at first; and then with a slow host for an excuse, which there is none for."""
    several = in_turn(taken(floor=7.2), taken(floor=30.0), never)
    with pytest.raises(LowlatError, match="past the abort level of floor") as caught:
        probed(several, gates=[ABORT], baseline=taken(), on_inconclusive=policy)
    told = caught.value.details
    assert (told["decision"]["decision"], told["decision"]["aborted"]) == ("roll_back", ["floor"])
    assert [look["name"] for look in told["verification"]["looks"]] == ["pinned_runs"]
    assert [gate["look"] for gate in told["gates"]] == ["pinned_runs"]
    assert told["verification"]["first"][0]["aborted"] is False
    assert told["cause"] == "environment" and told["comparisons"]


HIGHEST = {"name": "highest", "query": "rtt.max", "max": 800.0}


def peak(value: float) -> dict[str, Any]:
    measurement = taken()
    measurement["rtt"]["max"] = value
    return measurement


def test_a_gate_says_by_which_look_it_was_judged() -> None:
    """The measurement is the first, and another one has another maximum."""
    with pytest.raises(LowlatError) as caught:
        probed(in_turn(peak(950.0), peak(900.0)), gates=[HIGHEST])
    told = caught.value.details
    (gate,) = told["gates"]
    judged_by = next(look for look in told["verification"]["looks"] if look["name"] == gate["look"])
    assert gate["value"] == judged_by["measurement"]["rtt"]["max"] == 900.0
    assert told["measurement"]["rtt"]["max"] == 950.0
    assert "rtt.max 900.00 us" in told["decision"]["reason"]
    assert told["decision"]["reason"].endswith(f"; its figures are those of look {gate['look']}")


@pytest.mark.parametrize("gate", [{**HIGHEST, "max": 1000.0}, {**HIGHEST, "abort": 900.0}], ids=["held", "aborted"])
def test_without_a_second_look_it_was_the_first(gate: dict[str, Any]) -> None:
    try:
        told = probed(in_turn(peak(950.0)), gates=[gate])
    except LowlatError as error:
        told = error.details
    assert [found["look"] for found in told["gates"]] == ["first"]
    assert "figures" not in told["decision"]["reason"]


@pytest.mark.parametrize(("spread", "said"), [(1.001, True), (3.0, False)], ids=["proven", "not proven"])
def test_a_gate_that_failed_before_is_told_as_the_judge_says(spread: float, said: bool) -> None:
    """Both baselines are past the limit by their figure."""
    before = taken()
    before["rtt"].update(p99=12.5, p99_interval=[12.5 / spread, 12.5 * spread])
    after = taken()
    after["rtt"].update(p99=20.0, p99_interval=[19.9, 20.1])
    with pytest.raises(LowlatError) as caught:
        probed(in_turn(after), gates=[ABSOLUTE], baseline=before, verify=False)
    assert ("did not hold before the change either" in str(caught.value)) == said, caught.value
