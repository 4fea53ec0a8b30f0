# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record says of where the runs of its verification were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest

from tests.unit._judge.made_up import taken

TEMPLATES = Path(__file__).parents[2] / "roles" / "report" / "templates"
BESIDE = {"requested": "0", "probe": 0, "server": [4], "same": False}


def rendered(cpu: dict[str, Any], baseline: dict[str, Any], comparisons: dict[str, Any]) -> str:
    # As Ansible's template renders it.
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=True)
    look = {"name": "pinned_runs", "measurement": {**taken(), "cpu": cpu}}
    record = {
        "verification": {"first": [], "looks": [look]},
        "baseline": baseline,
        "effects": {},
        "decision": {},
        "cause": "artifact",
        "comparisons": comparisons,
        "gates": [],
    }
    return environment.get_template("verification.md.j2").render(report_record=record, kept=True, us=str)


@pytest.mark.parametrize(
    ("cpu", "baseline", "title", "why"),
    [
        (taken()["cpu"], taken(), "runs on the server's CPU (probe on CPU 4, Redis on 4)", ""),
        (
            BESIDE,
            {**taken(), "cpu": BESIDE},
            "runs where the baseline was measured (probe on CPU 0, Redis on 4)",
            "cpu 0 was asked for",
        ),
        (BESIDE, {}, "more runs (probe on CPU 0, Redis on 4)", "cpu 0 was asked for"),
        (
            {"requested": "same", "probe": 1, "server": [0, 1], "same": False},
            {**taken(), "cpu": {**taken()["cpu"], "probe": 1}},
            "runs where the baseline was measured (probe on CPU 1, Redis on 0, 1)",
            "the server may use several CPUs; role cpu_isolation pins it",
        ),
        (
            {"requested": "same", "probe": 0, "server": [0, 1], "same": False},
            {**taken(), "cpu": {**taken()["cpu"], "probe": 1}},
            "more runs (probe on CPU 0, that of the baseline on 1, Redis on 0, 1)",
            "the server may use several CPUs; role cpu_isolation pins it",
        ),
    ],
)
def test_the_title_tells_where_they_ran(cpu: dict[str, Any], baseline: dict[str, Any], title: str, why: str) -> None:
    text = rendered(cpu, baseline, {})
    assert f"### Test 1: {title}\n" in text
    assert why in text and ("Not pinned together" in text) == bool(why)
    assert "\n\n| Run | RTT p99 |" in text


@pytest.mark.parametrize("compared", [True, False])
def test_no_table_without_a_line(compared: bool) -> None:
    one = {"effect": 0.01, "interval": [-0.001, 0.02], "margin": 0.02, "verdict": "undecided"}
    text = rendered(taken()["cpu"], taken(), {"rtt.p50": one} if compared else {})
    (part,) = text.split("### Before against after")[1:]
    assert ("| rtt.p50 | +1.00 % |" in part) == ("| Figure |" in part) == compared
    assert ("Nothing could be compared" in part) != compared
