# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of several changes."""

from __future__ import annotations

from typing import Any

from ansible_collections.lowlat.redis.plugins.filter.summary import LEGEND, FilterModule, summary, telling_gate


def gate(query: str, outcome: str, value: float | None, limit: float | None, severity: str = "hard") -> dict[str, Any]:
    told = {"query": query, "outcome": outcome, "value": value, "limit": limit, "severity": severity}
    return {**told, "max": limit, "against": "absolute"}


def row(metric: str, before: float | None, after: float | None, restored: float | None = None) -> dict[str, Any]:
    return {"metric": metric, "figure": "p50", "before": before, "after": after, "restored": restored}


KEPT = {
    "name": "cpu_isolation",
    "state": "confirmed",
    "message": "kept",
    "decision": {"decision": "keep"},
    "gates": [gate("rtt.p50", "pass", 21.2, 60.0)],
    "metrics": [row("rtt", 77.12, 21.24)],
}
BAD = {
    "name": "bad_change",
    "state": "rolled_back",
    "message": "bad_change on localhost was rolled back, and the host is as it was: " + "gate set_rtt_p50 failed " * 6,
    "decision": {"decision": "roll_back"},
    "gates": [gate("rtt.p50", "pass", 21.0, 60.0), gate("set_rtt.p50", "fail", 1290.1, 68.0)],
    "metrics": [row("rtt", 20.0, 21.0), row("set_rtt", 17.0, 1290.1, 17.2)],
}
LOST: dict[str, Any] = {
    "name": "phase2",
    "state": "not_applied",
    "message": "phase2 was not applied",
    "decision": {},
    "gates": [],
    "metrics": [],
}


def test_the_table() -> None:
    lines = summary([KEPT, BAD]).splitlines()
    assert lines[0].split() == [
        *("change", "metric", "before", "after", "limit", "put", "back"),
        *("gate", "end", "decision"),
    ]
    assert lines[2] == "cpu_isolation  rtt p50        77.1    21.2   60.0         -  pass  confirmed    keep"
    assert lines[3] == "bad_change     set_rtt p50    17.0  1290.1   68.0      17.2  fail  rolled back  roll back"
    assert lines[4] == ""
    assert lines[5] == LEGEND
    assert lines[6].startswith("bad_change on localhost was rolled back")
    assert lines[7].startswith("  ")
    assert max(map(len, lines)) <= 100


def test_it_says_which_metric_a_row_shows() -> None:
    assert summary([KEPT]).splitlines()[3:] == ["", LEGEND]
    assert LEGEND not in summary([])


def test_a_change_that_did_not_come_to_its_gates() -> None:
    assert "phase2  rtt p50       -      -      -         -  -     not applied  -" in summary([LOST])


def test_the_limit_is_that_of_the_gate_that_is_shown_in_the_unit_of_its_metric() -> None:
    relative = {**gate("relative.rtt.p50", "pass", 1.8, 2.4), "max": 2.0, "against": "baseline"}
    soft = gate("rtt.p50", "fail", 30.0, 25.0, severity="soft")
    change = {**KEPT, "gates": [soft, relative], "metrics": [row("rtt", 20.0, 30.4)]}
    assert summary([change]).splitlines()[2].split()[3:8] == ["20.0", "30.4", "40.0", "-", "pass"]
    ours = {**KEPT, "gates": [gate("max(by_run[].rtt.p99)", "pass", 30.0, 40.0)]}
    assert summary([ours]).splitlines()[2].split()[-7:-2] == ["-", "-", "-", "-", "pass"]


def test_the_widest_rows_of_a_run_fit() -> None:
    settings = {**BAD, "name": "cpu_isolation", "decision": {"decision": "roll_back_settings"}}
    settings["gates"] = [gate("xadd_rtt.p50", "fail", 12345.6, 1234.5)]
    settings["metrics"] = [row("xadd_rtt", 1234.5, 1234.5, 1234.5)]
    assert max(map(len, summary([settings]).splitlines())) <= 100


def test_without_changes_there_is_still_a_head() -> None:
    assert summary([]).startswith("change")


def test_the_gate_that_tells_most() -> None:
    near, far = gate("rtt.p50", "pass", 59.0, 60.0), gate("set_rtt.p50", "pass", 10.0, 60.0)
    soft = gate("rtt.p99", "fail", 900.0, 60.0, severity="soft")
    open_ = gate("xadd_rtt.p50", "inconclusive", None, None)
    assert telling_gate([far, near, soft]) is near
    assert telling_gate([far, open_]) is open_
    assert telling_gate([soft]) is None


def test_the_filter_has_its_name() -> None:
    assert set(FilterModule().filters()) == {"summary"}
