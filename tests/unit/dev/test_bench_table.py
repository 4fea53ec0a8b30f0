# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a benchmark writes with --json: every goal is a number, and which way it is meant stands beside it."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

TABLE = Path(__file__).parents[2] / "bench" / "_table.py"


@pytest.fixture(scope="module")
def table() -> Any:
    spec = importlib.util.spec_from_file_location("bench_table", TABLE)
    assert spec and spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_goals_are_numbers(table: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = [
        table.Figure("most", 1.5, 2.0, "no more"),
        table.at_least("least", 3.0, 2.5, "no less"),
        table.Figure("range", 4.0, 5.0, "in between", 3.5),
        table.Figure("none", 6.0, math.inf, "nobody has said"),
    ]
    file = tmp_path / "figures.json"
    assert table.report("trial", figures, str(file), {}) == 0
    assert "NO" not in capsys.readouterr().out
    assert json.loads(file.read_text(), parse_constant=pytest.fail) == {
        "bench": "trial",
        "figures": {"most": 1.5, "least": 3.0, "range": 4.0, "none": 6.0},
        "goals": {"most": 2.0, "least": 2.5, "range": 5.0},
        "at_least": ["least"],
        "least": {"range": 3.5},
    }


def test_a_goal_that_is_missed_is_told(table: Any) -> None:
    assert table.report("trial", [table.at_least("least", 2.0, 2.5, "no less")], None, {}) == 1
