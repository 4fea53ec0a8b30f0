# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which gates are refused before anything is measured, and what the others say of a measurement."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._judge import gates, series, verdict
from ansible_collections.lowlat.redis.plugins.module_utils._judge.schema import METRICS, SCHEMA_EXAMPLE

RTT = {"name": "rtt_p99", "query": "rtt.p99", "max": 12.0, "tolerance": 0.1}
RELATIVE = {"name": "set_p50", "query": "set_rtt.p50", "max": 4, "against": "baseline"}
REPLICA = {"set_rtt": "the server is a replica"}


def measured(**figures: Any) -> dict[str, Any]:
    """The example with some figures replaced: ``rtt={"p99": 12.03}``."""
    measurement = copy.deepcopy(SCHEMA_EXAMPLE)
    for name, values in figures.items():
        measurement[name].update(values)
    return measurement


def without(metric: str, reason: str) -> dict[str, Any]:
    measurement = copy.deepcopy(SCHEMA_EXAMPLE)
    del measurement[metric]
    measurement["not_measured"] = {metric: reason}
    return measurement


def one(gate: dict[str, Any], measurement: dict[str, Any], baseline: dict[str, Any] | None = None) -> dict[str, Any]:
    (outcome,) = gates.judge(gates.parse([gate]), measurement, baseline)
    return outcome


# Refused before measuring


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({**RTT, "query": "rtt."}, "no JMESPath"),
        ({**RTT, "query": "rtt.p9"}, "nearest name is 'p9"),
        ({**RTT, "query": "rrt.p99"}, "nearest name is 'rtt'"),
        ({**RTT, "query": "set_rtt.jiter"}, "nearest name is 'jitter'"),
        ({**RTT, "query": "zzzzzz"}, "its metrics are rtt"),
        ({**RTT, "query": "rtt"}, "a mapping, not a number"),
        ({**RTT, "query": "rtt.p99_interval"}, "a list, not a number"),
        ({**RTT, "query": "`1`"}, "does not read the measurement"),
        ({**RTT, "query": "length(@)"}, "does not read the measurement"),
        ({**RTT, "abort": 11}, "abort is 11"),
        ({**RTT, "abort": "never"}, "abort is 'never'"),
        ({**RTT, "query": "transport"}, "a text, not a number"),
        ({**RTT, "query": "cpu.same"}, "true or false, not a number"),
        ({**RTT, "query": "rtt.p99.max"}, "finds nothing"),
        ({**RTT, "query": "max(rtt)"}, "fails on a measurement"),
        ({**RTT, "query": "nosuch(rtt.p99)"}, "fails on a measurement"),
        ({**RTT, "query": ""}, "query is ''"),
        ({**RTT, "query": 5}, "query is 5"),
        ({**RTT, "max": "fast"}, "max is 'fast'"),
        ({**RTT, "max": True}, "max is True"),
        ({**RTT, "max": -1}, "max is -1"),
        ({**RTT, "max": math.nan}, "max is nan"),
        ({**RTT, "max": math.inf}, "max is inf"),
        ({**RTT, "max": [12]}, "max is [12]"),
        ({**RTT, "tolerance": -0.1}, "tolerance is -0.1"),
        ({**RTT, "severity": "fatal"}, "one of hard, soft"),
        ({**RTT, "against": "yesterday"}, "one of absolute, baseline"),
        ({**RELATIVE, "max": 0}, "it is a ratio"),
        ({**RTT, "tolerence": 1}, "did you mean 'tolerance'"),
        ({**RTT, "colour": "red"}, "Unknown key 'colour'"),
        ({"name": "x"}, "lacks query and max"),
        ({"query": "rtt.p99", "max": 1, "name": None}, "lacks name"),
        ({**RTT, "name": " "}, "name is ' '"),
        ("rtt.p99 < 12", "A gate is a mapping"),
    ],
)
def test_a_bad_gate_is_bad_input(entry: Any, says: str) -> None:
    with pytest.raises(BadInput) as error:
        gates.parse([entry])
    assert says in str(error.value)
    assert "gate 1" in str(error.value)


def test_the_error_names_the_gate_that_is_wrong() -> None:
    with pytest.raises(BadInput, match="gate 2, 'second'"):
        gates.parse([RTT, {**RTT, "name": "second", "max": "?"}])


def test_two_gates_of_one_name() -> None:
    with pytest.raises(BadInput, match=r"Two gates are named 'rtt_p99' \(gate 2\)"):
        gates.parse([RTT, RTT])


def test_defaults_and_numbers_from_the_command_line() -> None:
    (gate,) = gates.parse([{"name": "x", "query": " rtt.p99 ", "max": "12.5", "tolerance": None}])
    assert (gate.max, gate.tolerance, gate.severity, gate.against) == (12.5, 0.0, "hard", "absolute")


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("figure", ["p50", "p90", "p99", "p999", "max", "mean", "jitter", "count"])
def test_every_figure_can_be_asked_for(metric: str, figure: str) -> None:
    assert gates.parse([{"name": "x", "query": f"{metric}.{figure}", "max": 1}])


@pytest.mark.parametrize("query", ["max(by_run[].rtt.p99)", "by_run[0].xadd.jitter", "rtt.p99_interval[1]", "seconds"])
def test_other_queries_that_find_numbers(query: str) -> None:
    outcome = one({"name": "x", "query": query, "max": 100}, SCHEMA_EXAMPLE)
    assert outcome["outcome"] == "pass"


# Judged


def test_the_reference_record() -> None:
    outcome = one(RTT, measured(rtt={"p99": 12.03, "p99_interval": [12.01, 12.08]}))
    assert outcome["outcome"] == "soft_fail"
    assert outcome["limit"] == 12.0
    assert "0.03 us past 12.00 us, within the tolerance of 0.10 us" in outcome["reason"]


@pytest.mark.parametrize(
    ("value", "interval", "expected"),
    [
        (9.8, [9.7, 9.9], "pass"),
        (12.0, [11.9, 12.1], "pass"),
        (11.9, [11.5, 12.2], "inconclusive"),
        (11.9, [11.5, None], "inconclusive"),
        (11.9, [None, 12.0], "pass"),
        (11.95, [8.0, 20.0], "inconclusive"),
        (12.05, [12.05, 40.0], "inconclusive"),
        (12.05, [11.0, None], "inconclusive"),
        (12.05, [None, 12.1], "soft_fail"),
        (12.1, [12.05, 12.1], "soft_fail"),
        (12.1, [12.05, 12.2], "inconclusive"),
        (12.2, [12.15, 12.3], "fail"),
        (12.2, [11.9, 12.3], "inconclusive"),
        (12.2, [12.05, 12.3], "inconclusive"),
        (12.2, [None, None], "inconclusive"),
        (9.0, None, "inconclusive"),
        (12.2, None, "inconclusive"),
        (12.2, "nonsense", "inconclusive"),
        (9.0, [20.0, 9.0], "inconclusive"),
        (22.23, [20.0, 25.0], "fail"),
    ],
)
def test_the_limit_its_tolerance_and_the_interval(value: float, interval: Any, expected: str) -> None:
    assert one(RTT, measured(rtt={"p99": value, "p99_interval": interval}))["outcome"] == expected


def test_binary_rounding_decides_nothing() -> None:
    gate = {**RTT, "max": 0.1, "tolerance": 0.2}
    assert one(gate, measured(rtt={"p99": 0.3, "p99_interval": [0.3, 0.3]}))["outcome"] == "soft_fail"


def test_a_figure_has_no_interval_but_its_own() -> None:
    gate = {**RTT, "query": "rtt.p50", "tolerance": 0}
    outcome = one(gate, measured(rtt={"p50": 13.0, "p50_interval": [12.9, 13.1], "p99_interval": [1.0, 20.0]}))
    assert (outcome["outcome"], outcome["interval"]) == ("fail", [12.9, 13.1])


@pytest.mark.parametrize("query", ["rtt.max", "rtt.mean", "by_run[0].rtt.p99", "evidence.slowlog"])
def test_a_figure_without_an_interval_is_judged_by_its_value_and_says_so(query: str) -> None:
    outcome = one({"name": "x", "query": query, "max": 100}, SCHEMA_EXAMPLE)
    assert (outcome["outcome"], outcome["interval"]) == ("pass", None)
    assert "judged by its value alone" in outcome["reason"]


@pytest.mark.parametrize("figure", ["p50", "p90", "p99", "p999", "jitter"])
@pytest.mark.parametrize("metric", METRICS)
def test_every_quantile_of_every_metric_has_an_interval(metric: str, figure: str) -> None:
    assert one({"name": "x", "query": f"{metric}.{figure}", "max": 100}, SCHEMA_EXAMPLE)["interval"] is not None


def test_samples_that_are_too_few_for_the_tolerance_say_so() -> None:
    few = {**measured(rtt={"p99": 12.03, "p99_interval": [11.5, 12.5], "count": 600}), "samples": 200}
    outcome = one(RTT, few)
    assert (outcome["outcome"], outcome["half_width"]) == ("inconclusive", 0.5)
    assert "600 samples carry it to +-0.50 us only, which is coarser than the tolerance of 0.10 us" in outcome["reason"]


@pytest.mark.parametrize(("tolerance", "coarser"), [(0.0, False), (0.2, True), (1.0, False)])
def test_what_is_open_says_how_certain_its_figure_is(tolerance: float, coarser: bool) -> None:
    gate = {**RTT, "tolerance": tolerance, "max": 11.8 - tolerance}
    outcome = one(gate, measured(rtt={"p99": 12.0, "p99_interval": [11.7, 12.3]}))
    assert outcome["outcome"] == "inconclusive"
    assert "6000 samples carry it to +-0.30 us only" in outcome["reason"]
    assert ("coarser than the tolerance" in outcome["reason"]) == coarser


def test_so_does_one_against_the_baseline_by_its_blocks() -> None:
    outcome = one(CHANGED, with_blocks(1.33, 0.2), with_blocks(1.3))
    assert outcome["outcome"] == "inconclusive"
    assert f"24 blocks carry it to +-{outcome['half_width']:.4g} only" in outcome["reason"]


def with_blocks(ratio: float, spread: float = 0.01) -> dict[str, Any]:
    """A measurement of 24 blocks in which Redis takes ``ratio`` times as long as the reference."""
    measurement = copy.deepcopy(SCHEMA_EXAMPLE)
    wobble = [ratio * (1 + spread * math.sin(1.7 * number)) for number in range(24)]
    measurement["series"] = series.encode({"rtt.p50": wobble, "reference.p50": [1.0] * 24})
    measurement["relative"]["rtt"].update(p50=ratio, blocks=24)
    return measurement


CHANGED = {"name": "x", "query": "relative.rtt.p50", "max": 1.03, "tolerance": 0.02, "against": "baseline", "abort": 2}


@pytest.mark.parametrize(
    ("ratio", "spread", "expected"),
    [
        (1.3, 0.01, "pass"),
        (1.343, 0.01, "soft_fail"),
        (1.36, 0.01, "inconclusive"),
        (1.5, 0.01, "fail"),
        (1.33, 0.2, "inconclusive"),
    ],
)
def test_against_the_baseline_the_blocks_of_both_tell_how_certain_it_is(
    ratio: float, spread: float, expected: str
) -> None:
    outcome = one(CHANGED, with_blocks(ratio, spread), with_blocks(1.3))
    assert (outcome["outcome"], outcome["aborted"]) == (expected, False)
    low, high = outcome["interval"]
    assert low < ratio < high


def test_past_the_abort_level_by_all_of_the_interval() -> None:
    assert one(CHANGED, with_blocks(2.8), with_blocks(1.3))["aborted"] is True
    assert one(CHANGED, with_blocks(2.61, 0.2), with_blocks(1.3))["aborted"] is False
    assert one({**CHANGED, "against": "absolute"}, with_blocks(1.9))["aborted"] is False


def test_without_a_reference_a_relative_gate_says_why() -> None:
    without_floor = without("reference", "no process may be forked here")
    del without_floor["relative"]
    outcome = one(CHANGED, without_floor, with_blocks(1.3))
    assert outcome["outcome"] == "inconclusive"
    assert "no process may be forked here" in outcome["reason"]


def test_against_the_baseline_max_and_tolerance_are_ratios() -> None:
    def around(p50: float) -> dict[str, Any]:
        return measured(set_rtt={"p50": p50, "p50_interval": [p50 - 0.1, p50 + 0.1]})

    baseline = around(17.0)
    gate = {**RELATIVE, "tolerance": 0.5}
    assert one(gate, around(68.0), baseline)["outcome"] == "pass"
    soft = one(gate, around(75.0), baseline)
    assert (soft["outcome"], soft["limit"], soft["baseline"]) == ("soft_fail", 68.0, 17.0)
    assert "0.5 times the baseline" in soft["reason"]
    bad = one(gate, around(290.0), baseline)
    assert bad["outcome"] == "fail"
    assert "222.00 us past 68.00 us (4 times the baseline of 17.00 us)" in bad["reason"]


def test_a_metric_that_is_not_measured_here_is_inconclusive_with_its_reason() -> None:
    outcome = one({**RTT, "query": "set_rtt.p99"}, without("set_rtt", "the server is a replica"))
    assert (outcome["outcome"], outcome["value"], outcome["excused"]) == ("inconclusive", None, False)
    assert "the server is a replica" in outcome["reason"]


def test_excused_only_where_the_baseline_lacks_it_for_the_same_reason() -> None:
    replica = without("set_rtt", "the server is a replica")
    assert one(RELATIVE, replica, replica)["excused"] is True
    assert one({**RELATIVE, "against": "absolute"}, replica, replica)["excused"] is True
    assert one(RELATIVE, without("set_rtt", "out of memory"), replica)["excused"] is False
    assert one(RELATIVE, replica, SCHEMA_EXAMPLE)["excused"] is False
    assert one(RELATIVE, SCHEMA_EXAMPLE, replica)["excused"] is False
    assert one(RELATIVE, SCHEMA_EXAMPLE, replica)["outcome"] == "inconclusive"


def test_a_function_over_a_missing_metric_is_inconclusive_not_an_error() -> None:
    replica = without("set_rtt", "the server is a replica")
    for run in replica["by_run"]:
        del run["set_rtt"]
    outcome = one({"name": "x", "query": "max(by_run[].set_rtt.p99)", "max": 5}, replica, replica)
    assert (outcome["outcome"], outcome["excused"]) == ("inconclusive", True)
    broken = one({"name": "x", "query": "abs(rtt.p99)", "max": 5}, measured(rtt={"p99": None}))
    assert broken["outcome"] == "inconclusive"


@pytest.mark.parametrize("value", [math.nan, math.inf, None, True, "9"])
def test_what_is_no_number_is_inconclusive(value: Any) -> None:
    outcome = one(RTT, measured(rtt={"p99": value}))
    assert (outcome["outcome"], outcome["value"]) == ("inconclusive", None)
    assert "no number at rtt.p99" in outcome["reason"]


@pytest.mark.parametrize(
    ("earlier", "value", "expected"),
    [(0, 0, "pass"), (0, 1.0, "inconclusive"), (-1.0, 1.0, "inconclusive"), (math.nan, 1.0, "inconclusive")],
)
def test_a_baseline_that_no_ratio_can_stand_on(earlier: float, value: float, expected: str) -> None:
    gate = {**RELATIVE, "query": "set.max"}
    outcome = one(gate, measured(set={"max": value}), measured(set={"max": earlier}))
    assert outcome["outcome"] == expected


@pytest.mark.parametrize("garbled", [{"p50": 10**400}, {"p50": "9"}, {}, None, 8])
@pytest.mark.parametrize("not_measured", [-1.0, "set_rtt", None, ["set_rtt"]])
def test_a_baseline_that_somebody_has_edited(garbled: Any, not_measured: Any) -> None:
    baseline = {**measured(), "set_rtt": garbled, "not_measured": not_measured, "evidence": {"steal": 10**400}}
    outcome = one(RELATIVE, measured(), baseline)
    assert outcome["outcome"] == "inconclusive" and "the baseline has no number" in outcome["reason"]
    assert verdict.explain(baseline, measured())["cause"] is not None


@pytest.mark.parametrize(
    ("part", "value"),
    [("max", 10**400), ("tolerance", 10**400), ("max", "a" * 9000), ("name", "a" * 9000), ("query", "a" * 9000)],
)
def test_an_endless_part_of_a_gate_is_refused_in_a_few_words(part: str, value: Any) -> None:
    with pytest.raises(BadInput, match=f"{part} is") as caught:
        gates.parse([{**RTT, part: value}])
    assert len(caught.value.message) < 400


def test_no_baseline_at_all_is_inconclusive() -> None:
    outcome = one(RELATIVE, SCHEMA_EXAMPLE)
    assert outcome["outcome"] == "inconclusive"
    assert "no baseline" in outcome["reason"]


def test_a_count_has_no_unit() -> None:
    assert "6000 is 5999 past 1" in one({"name": "x", "query": "rtt.count", "max": 1}, SCHEMA_EXAMPLE)["reason"]


def test_the_same_input_gives_the_same_bytes_and_is_left_alone() -> None:
    measurement, baseline = measured(rtt={"p99": 12.03}), measured()
    before = json.dumps([measurement, baseline])
    rules = [RTT, RELATIVE]
    first = json.dumps(gates.judge(gates.parse(rules), measurement, baseline))
    second = json.dumps(gates.judge(gates.parse(copy.deepcopy(rules)), copy.deepcopy(measurement), baseline))
    assert first == second
    assert json.dumps([measurement, baseline]) == before
