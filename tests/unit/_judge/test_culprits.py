# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What toggling told of the culprits, and what is applied again without them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge.culprits import again, disturbed, innocent, toggled

BACK = {"decision": "roll_back", "reason": "gate rtt_p50 failed"}


def written(kind: str, key: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "key": key, "value": 1, **more}


def applied(kind: str, key: str, unit: str = "") -> dict[str, Any]:
    return {"kind": kind, "key": key, "unit": unit, "changed": True}


@pytest.mark.parametrize(
    ("spelled", "canonical"),
    [
        (written("redis", "HZ"), applied("redis", "hz")),
        (written("sysfs", "/sys/kernel/mm/x"), applied("sysfs", "kernel/mm/x")),
        (written("sysctl", "net/core/somaxconn"), applied("sysctl", "net.core.somaxconn")),
    ],
)
def test_a_culprit_is_found_however_it_was_written(spelled: dict[str, Any], canonical: dict[str, Any]) -> None:
    other = written("redis", "maxmemory")
    culprit = {"kind": canonical["kind"], "key": canonical["key"]}
    assert innocent([spelled, other], [canonical, applied("redis", "maxmemory")], [culprit]) == [other]


def test_the_same_key_of_another_kind_or_unit_is_kept() -> None:
    settings = [written("redis", "x"), written("sysctl", "x"), written("redis", "x", unit="b.service")]
    names = [applied("redis", "x"), applied("sysctl", "x"), applied("redis", "x", "b.service")]
    assert innocent(settings, names, [{"kind": "redis", "key": "x"}]) == settings[1:]
    assert innocent(settings, names, [{"kind": "redis", "key": "x", "unit": "b.service"}]) == settings[:2]


def decide(culprits: list[dict[str, Any]], without: list[dict[str, Any]], settings: int = 2) -> dict[str, Any]:
    decided = {"decision": "roll_back_settings", "culprits": culprits, "reason": "redis hz did the harm"}
    names = [applied("redis", "hz"), applied("redis", "maxmemory")]
    return again(decided, [written("redis", "HZ"), written("redis", "maxmemory")][:settings], names, without)


def test_the_rest_is_applied_again() -> None:
    assert decide([{"kind": "redis", "key": "hz"}], [])["decision"] == "roll_back_settings"


def test_what_comes_back_though_it_was_left_out_is_not_applied_for_ever() -> None:
    hz = {"kind": "redis", "key": "hz"}
    decided = decide([hz], [hz])
    assert decided["decision"] == "roll_back"
    assert decided["reason"] == (
        "redis hz did the harm; nothing is applied again, since redis hz came back though it had been left out"
    )
    assert decide([hz], [{"kind": "sysctl", "key": "hz"}])["decision"] == "roll_back_settings"


def test_without_a_rest_nothing_is_applied_again() -> None:
    decided = decide([{"kind": "redis", "key": "hz"}], [], settings=1)
    assert decided["decision"] == "roll_back"
    assert "nothing is applied again, since it is not clear which" in decided["reason"]
    assert again(BACK, [], [], []) == BACK


FOUND = {"verdict": "regression", "tests": [{}], "left_as_found": True}


def test_what_toggling_found_is_told_without_what_ansible_puts_beside_it() -> None:
    assert toggled({**FOUND, "failed": False, "failed_when_result": False}) == FOUND
    assert toggled({}) == {}
    assert toggled({"verdict": "untested", "effects": {}, "left_out": []}) == {}
    left_out = [{"kind": "redis", "key": "save", "reason": "snapshots"}]
    assert toggled({"verdict": "untested", "effects": {}, "left_out": left_out})["left_out"] == left_out
    assert disturbed(toggled(FOUND)) == disturbed({}) == ""


def test_a_search_that_was_refused_has_disturbed_nothing() -> None:
    found = toggled({"msg": "The value of a setting is no text", "error": {"what": "x"}, "failed": False})
    assert found["error"] == "The value of a setting is no text"
    assert found["left_as_found"] is True
    assert disturbed(found) == ""


def test_a_search_that_broke_off_and_left_the_host_as_found() -> None:
    assert disturbed(toggled({"msg": "died", "error": {}, "left_as_found": True})) == ""


def test_a_search_that_did_not_leave_the_host_as_found() -> None:
    left, foreign = ["redis hz is '8' and not '10'"], ["redis save is '9'"]
    found = toggled({"msg": "nobody answers", "error": {}, "left_as_found": False, "left": left, "foreign": foreign})
    assert (found["left"], found["foreign"]) == (left, foreign)
    assert disturbed(found) == (
        "BUT THE SEARCH FOR THE CULPRITS DID NOT LEAVE THE HOST AS IT FOUND IT: nobody answers; "
        "redis hz is '8' and not '10'; redis save is '9'"
    )
    # The module's own words name them already.
    told = toggled({"msg": f"not as found: {left[0]}", "error": {}, "left_as_found": False, "left": left})
    assert disturbed(told).count(left[0]) == 1


def test_of_a_search_that_was_killed_nothing_is_claimed() -> None:
    found = toggled({"msg": "MODULE FAILURE", "rc": 137})
    assert found["left_as_found"] is None
    assert disturbed(found).startswith("IT IS NOT PROVEN THAT THE SEARCH FOR THE CULPRITS LEFT THE HOST AS IT FOUND IT")
