# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record of a breach that was looked into has all four tests, each setting's end, and what comes next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest

from ansible_collections.lowlat.redis.plugins.filter.record import record
from tests.unit._judge.made_up import taken
from tests.unit.test_decided_again import P50, written

TEMPLATES = Path(__file__).parents[2] / "roles" / "report" / "templates"
HZ, TIMEOUT = ({"kind": "redis", "key": key, "unit": ""} for key in ("hz", "timeout"))
SETTINGS = [
    {**one, "changed": True, "before": 10, "after": 8, "skipped": "", "persisted_before": "", "persisted_after": ""}
    for one in (HZ, TIMEOUT)
]
P50_OF = {"rtt": {"p50": {"effect": 0.05, "interval": [0.04, 0.2]}}}
ACCUSED = {
    "verdict": "regression",
    "culprits": [HZ],
    "tests": [{"settings": [HZ], "verdict": "regression", "effects": P50_OF}],
    "settings": [HZ, TIMEOUT],
    "quads": 40,
    "seconds": 20.0,
    "left_as_found": True,
    "joint": {"confirmed": True, "effects": P50_OF},
}

KEPT: dict[str, Any] = {"confirmed": {"state": "confirmed"}, "rolled_back": {}, "restored": {}}


def rendered(measured: dict[str, Any], **more: Any) -> str:
    # As Ansible's template renders it.
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=True)
    environment.filters["dict2items"] = lambda given: [{"key": key, "value": given[key]} for key in given]
    return environment.get_template("record.md.j2").render(report_record=recorded(measured, **more))


def recorded(measured: dict[str, Any], **more: Any) -> dict[str, Any]:
    results = {
        "host": "redis-1",
        "name": "phase2",
        "error": "a gate failed",
        "ansible": "2.19.0",
        "plan": {},
        "baseline": {"measurement": taken(), "gates": []},
        "applied": {"change_id": "c1", "settings": SETTINGS},
        "measured": measured,
        "confirmed": {},
        "rolled_back": {"state": "rolled_back"},
        "restored": {"measurement": taken()},
        "effects": {},
        "settings": SETTINGS,
        **more,
    }
    return record(results)


def statuses(text: str) -> dict[str, str]:
    """By setting the last column of its row."""
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| redis `") and line.count("|") == 7]
    return {row[0].split("`")[1]: row[-1].rstrip(" |") for row in rows}


def test_a_culprit_is_told_from_what_only_went_with_it() -> None:
    text = rendered(written(taken(1.38), P50, "roll_back"), effects=ACCUSED)
    assert statuses(text) == {"hz": "rolled back: did the harm", "timeout": "rolled back, to be applied again"}
    assert "- **Next phase**: phase2 once more, without redis hz\n" in text
    assert "| redis `hz` | +5.00 % | - | - | regression |" in text


@pytest.mark.parametrize(
    ("ratio", "more", "end", "next_phase"),
    [
        (1.38, {}, "rolled back", "none before the cause is known\n"),
        (1.305, KEPT, "kept", "phase3 "),
    ],
)
def test_without_a_culprit_all_have_the_same_end(ratio: float, more: dict[str, Any], end: str, next_phase: str) -> None:
    text = rendered(written(taken(ratio), {**P50, "max": 1.0}, "roll_back"), **more)
    assert statuses(text) == {"hz": end, "timeout": end}
    assert f"- **Next phase**: {next_phase}" in text


@pytest.mark.parametrize(
    ("after", "larger", "carried"),
    [(taken(1.38), 0, "fail"), (taken(1.38, spread=0.3), 2, "inconclusive")],
    ids=["proven at once", "open to the end"],
)
def test_all_four_tests_are_there(after: dict[str, Any], larger: int, carried: str) -> None:
    text = rendered(written(after, P50, "roll_back"))
    headings = [line[4:].partition(":")[0] for line in text.splitlines() if line.startswith("### ")]
    assert headings[:4] == ["Test 1", "Test 2", "Test 3", "Test 4"]
    assert headings[4:] == ["Before against after, each relative to its own reference"]
    assert text.count("round trips a command: RTT p99 ") == larger
    assert "Not made: test 1 decided" in text or larger
    rows = [line for line in text.splitlines() if line.startswith("| p50 | inconclusive | ")]
    assert [row.split(" | ")[-1] for row in rows] == [f"{carried} |"]
    assert "| rtt.p50 | +" in text


@pytest.mark.parametrize(("background", "latency"), [(["bgsave"], "not_proven"), ([], "slower")])
def test_a_restored_host_that_saves_is_not_called_slower_for_certain(background: list[str], latency: str) -> None:
    after = taken(1.38)
    after["evidence"] = {**after["evidence"], "background": background}
    found = recorded(written(taken(1.38), P50, "roll_back"), restored=written(after, P50, "roll_back"))
    assert found["restored"]["latency"] == latency


def test_what_got_better_is_told_with_its_size() -> None:
    text = rendered(written(taken(1.2), P50, "roll_back"), **KEPT)
    assert "- rtt.p50: -7.7 % relative to the reference\n" in text


@pytest.mark.parametrize(
    ("decision", "cause", "why"),
    [
        ({"failed": ["p50"], "aborted": []}, "genuine", "fewer than two settings"),
        ({"failed": ["p50"], "aborted": []}, "unexplained", "fewer than two settings"),
        ({"failed": ["p50"], "aborted": ["p50"]}, "environment", "fewer than two settings"),
        ({"failed": ["p50"], "aborted": []}, "artifact", "what disturbed it was no setting."),
        ({"failed": [], "aborted": []}, "genuine", "no gate was proven to fail."),
    ],
)
def test_why_nothing_was_toggled_is_told_as_the_role_decides_it(decision: dict[str, Any], cause: str, why: str) -> None:
    measured = written(taken(1.38), P50, "roll_back")
    text = rendered({**measured, "cause": cause, "decision": {**measured["decision"], **decision}})
    assert f"### Test 3: selective revert\n\nNot made: {why}" in text.replace("\n\n\n", "\n\n")
