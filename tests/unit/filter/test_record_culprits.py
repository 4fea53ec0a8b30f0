# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the record says of the search for the settings that did the harm."""

from __future__ import annotations

from typing import Any

from ansible_collections.lowlat.redis.plugins.filter.innocent import FilterModule
from ansible_collections.lowlat.redis.plugins.filter.record import record

SETTINGS = [{"kind": "redis", "key": key, "unit": "", "changed": True} for key in ("hz", "maxmemory")]
WRITTEN = [{"kind": "redis", "key": "HZ", "value": 8}, {"kind": "redis", "key": "maxmemory", "value": "1gb"}]
HZ = {"kind": "redis", "key": "hz"}


def searched(effects: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The record of a change that was rolled back, after a search with this result."""
    judged = {"decision": "roll_back", "failed": ["rtt_p50"], "reason": "gate rtt_p50 failed"}
    results = {
        "host": "redis-1",
        "name": "phase2",
        "error": "a gate failed",
        "ansible": "2.19.0",
        "plan": {},
        "baseline": {},
        "applied": {"change_id": "c1", "settings": SETTINGS},
        "measured": {"decision": judged, "cause": "genuine"},
        "confirmed": {},
        "rolled_back": {"state": "rolled_back"},
        "restored": {},
        "effects": effects,
        "settings": WRITTEN,
    }
    return record({**results, **more})


def test_a_search_that_did_not_leave_the_host_as_found_is_told() -> None:
    left = ["redis hz: Nobody answers"]
    facts = searched({"msg": "The server died", "error": {}, "left_as_found": False, "left": left, "foreign": ["f"]})
    assert facts["state"] == "rolled_back"
    assert "as it was" not in facts["message"]
    assert "The server died; redis hz: Nobody answers; f" in facts["message"]
    assert facts["left"] == left
    assert (facts["effects"]["left_as_found"], facts["effects"]["foreign"]) == (False, ["f"])


def test_a_search_that_was_refused_is_told_in_its_own_words() -> None:
    facts = searched({"msg": "This must not be toggled", "error": {}})
    assert "the host is as it was" in facts["message"]
    assert facts["effects"]["error"] == "This must not be toggled"


def test_the_rest_is_applied_again() -> None:
    facts = searched({"verdict": "regression", "tests": [{}], "culprits": [HZ]})
    assert facts["decision"]["decision"] == "roll_back_settings"
    assert "to be applied again without what did the harm" in facts["message"]


def test_where_nothing_is_applied_again_nothing_is_promised() -> None:
    facts = searched({"verdict": "regression", "tests": [{}], "culprits": [HZ]}, without=[HZ])
    assert facts["decision"]["decision"] == "roll_back"
    assert "to be applied again" not in facts["message"]
    assert "the host is as it was" in facts["message"]
    assert "nothing is applied again, since redis hz came back" in facts["message"]


def test_the_filter_of_the_rest() -> None:
    rest = FilterModule().filters()["innocent"]
    assert rest(WRITTEN, SETTINGS, [HZ]) == WRITTEN[1:]
