# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sections of a record, of a change that was kept and of one that was taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from tests.integration import planted
from tests.integration.roles.controller import Controller

pytestmark = pytest.mark.slow

SECTIONS = [
    "Executive summary",
    "Measurements by run",
    "Gate analysis",
    "Verification",
    "Core performance metrics",
    "Root cause",
    "Configuration status",
    "Improvements since the baseline",
    "Recommendations",
    "Decision record",
]


def test_a_record_has_them_all(redis_server: Callable[..., Any], tmp_path: Path) -> None:
    controller = Controller(tmp_path, redis_server(*planted.LINES, password=planted.PASSWORD))
    harm = [{"name": "impossible", "query": "rtt.p50", "max": 0.0001, "abort": 1}]
    assert controller.play("apply") == 0, controller.said[-3000:]
    # Fewer blocks bound nothing, and then a gate stays open that no host could hold.
    assert controller.play("apply", gated_change_gates=harm, gated_change_settings=[HZ], gated_change_runs=12) == 2
    assert "This host failed gate impossible before the change as well: rtt.p50" in controller.said
    kept, taken_back = sorted((tmp_path / "reports").glob("*/localhost.md"), key=lambda path: path.stat().st_mtime)
    for path, end in ((kept, "kept"), (taken_back, "rolled back")):
        text = path.read_text()
        assert text.splitlines()[0] == f"# trial on localhost: {end}"
        headings = [line[3:].partition(":")[0] for line in text.splitlines() if line.startswith("## ")]
        assert headings == SECTIONS
        # The host could not hold it before either.
        assert ("- This host failed gate `impossible` before the change as well: " in text) == (end == "rolled back")
        assert "| redis `hz` |" in text and "| rtt p99 |" in text and "- **Rationale**: " in text


HZ = {"kind": "redis", "key": "hz", "value": 30}
