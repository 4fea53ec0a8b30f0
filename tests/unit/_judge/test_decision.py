# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No proof, no keep."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._judge.decision import decide


def outcome(result: str, name: str = "g", severity: str = "hard", excused: bool = False) -> dict[str, Any]:
    return {"name": name, "severity": severity, "outcome": result, "reason": f"why {name}", "excused": excused}


PASS, SOFT, FAIL, OPEN = (outcome(result) for result in ("pass", "soft_fail", "fail", "inconclusive"))
EXCUSED = outcome("inconclusive", "replica", excused=True)
SOFT_GATE_FAILS = outcome("fail", "tail", "soft")
SOFT_GATE_PASSES = outcome("pass", "tail", "soft")


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([PASS], "keep"),
        ([SOFT], "keep"),
        ([PASS, FAIL], "roll_back"),
        ([PASS, OPEN], "roll_back"),
        ([PASS, EXCUSED], "keep"),
        ([EXCUSED], "roll_back"),
        ([PASS, SOFT_GATE_FAILS], "keep"),
        ([SOFT_GATE_PASSES], "roll_back"),
        ([], "roll_back"),
    ],
)
def test_by_default_the_old_configuration_has_the_benefit_of_the_doubt(outcomes: list[Any], expected: str) -> None:
    assert decide(outcomes)["decision"] == expected


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [([PASS, OPEN], "keep"), ([EXCUSED], "keep"), ([], "keep"), ([OPEN, FAIL], "roll_back"), ([FAIL], "roll_back")],
)
def test_the_policy_may_keep_what_is_unproven_but_never_what_failed(outcomes: list[Any], expected: str) -> None:
    assert decide(outcomes, on_inconclusive="keep")["decision"] == expected


def test_the_reason_names_every_gate_that_decided() -> None:
    decision = decide([outcome("fail", "a"), outcome("fail", "b"), outcome("inconclusive", "c"), PASS])
    assert decision["failed"] == ["a", "b"]
    assert decision["inconclusive"] == ["c"]
    assert "gate a failed: why a; gate b failed: why b" in decision["reason"]


def test_kept_with_a_warning_says_so() -> None:
    reason = decide([PASS, outcome("soft_fail", "near"), SOFT_GATE_FAILS])["reason"]
    assert reason == "2 hard gates held; gate near held softly: why near; gate tail (soft) failed: why tail"


def test_an_inconclusive_end_says_which_policy_decided() -> None:
    assert "on_inconclusive is roll_back" in decide([OPEN])["reason"]
    assert "no hard gate could be judged" in decide([EXCUSED])["reason"]
    assert "there is no hard gate" in decide([])["reason"]


def test_an_unknown_policy_is_bad_input() -> None:
    with pytest.raises(BadInput, match="one of roll_back, keep"):
        decide([PASS], on_inconclusive="shrug")
