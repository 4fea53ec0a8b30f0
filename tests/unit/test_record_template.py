# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record says of where its figures are from, and of the host before the change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest

from ansible_collections.lowlat.redis.plugins.filter.record import record
from tests.unit._judge.made_up import taken

TEMPLATES = Path(__file__).parents[2] / "roles" / "report" / "templates"
GATE = {
    "name": "highest",
    "query": "rtt.p50",
    "severity": "hard",
    "against": "absolute",
    "tolerance": 0,
    "value": 22.0,
    "limit": 12.0,
    "half_width": None,
    "outcome": "fail",
    "reason": "it is 10.00 us past 12.00 us",
}


def peak(p50: float) -> dict[str, Any]:
    measurement = taken()
    measurement["rtt"]["p50"] = p50
    return measurement


def rendered(look: str, before: str, **measured: Any) -> str:
    # As Ansible's template renders it.
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=True)
    environment.filters["dict2items"] = lambda given: [{"key": key, "value": given[key]} for key in given]
    looks = [{"name": name, "measurement": peak(p50)} for name, p50 in (("pinned_runs", 21.0), ("larger_sample", 22.0))]
    gates = [{**GATE, "look": look}]
    results: dict[str, Any] = {
        "host": "redis-1",
        "name": "phase2",
        "error": "a gate failed",
        "ansible": "2.19.0",
        "plan": {},
        "baseline": {"measurement": peak(20.0), "gates": [{**GATE, "outcome": before}]},
        "applied": {"change_id": "c1"},
        "measured": {
            "measurement": peak(25.0),
            "gates": gates,
            "verification": {"first": gates, "looks": looks},
            "decision": {"decision": "roll_back", "failed": ["highest"], "inconclusive": [], "reason": "past"},
            "cause": "genuine",
            **measured,
        },
        "confirmed": {},
        "rolled_back": {"state": "rolled_back"},
        "restored": {"measurement": peak(20.0)},
    }
    return environment.get_template("record.md.j2").render(report_record=record(results))


def test_the_table_has_the_figures_that_the_gates_were_judged_by_and_says_so() -> None:
    text = rendered("larger_sample", "pass")
    assert "| rtt p50 | 20.00 us | 22.00 us |" in text
    assert "us past 12.00 us |\n\nThe figures are those of look `larger_sample` of the verification" in text
    assert "\n\nAfter is look `larger_sample` of the verification" in text
    assert "before the change as well" not in text


def test_a_look_that_broke_off_has_judged_nothing() -> None:
    text = rendered("first", "pass")
    assert "| rtt p50 | 20.00 us | 25.00 us |" in text
    assert "look `" not in text


def test_a_gate_that_the_host_had_failed_before_is_told_beside_the_others() -> None:
    told = "This host failed gate `highest` before the change as well: it is 10.00 us past 12.00 us"
    for look in ("first", "larger_sample"):
        text = rendered(look, "fail")
        assert f"\n\n- {told}\n\n## Verification" in text.replace("\n\n\n", "\n\n"), text


@pytest.mark.parametrize(
    ("aborted", "told"),
    [
        (["set_rtt_p50"], "set_rtt_p50 was past its abort level."),
        (["set_rtt_p50", "xadd_rtt_p50"], "set_rtt_p50, xadd_rtt_p50 were past their abort levels."),
    ],
)
def test_what_was_past_its_abort_level_is_told_of_one_and_of_several(aborted: list[str], told: str) -> None:
    decision = {"decision": "roll_back", "failed": aborted, "aborted": aborted, "inconclusive": [], "reason": "past"}
    assert f"\nNot made: {told}\n" in rendered("first", "pass", verification={}, decision=decision)


def test_the_date_says_what_it_is_of() -> None:
    text = rendered("first", "pass")
    begun = peak(20.0)["started_at"]
    assert text.count(f"- **Begun (baseline)**: {begun}\n") == 2
    assert "**Date**" not in text
