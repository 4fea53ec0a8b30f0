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


BLAMED = {"verdict": "regression", "tests": [{}], "culprits": [HZ]}


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
    facts = searched({**BLAMED, "settings": SETTINGS})
    assert facts["decision"]["decision"] == "roll_back_settings"
    assert "to be applied again without what did the harm" in facts["message"]


def breached(made_longer: float) -> dict[str, Any]:
    """The record where maxmemory could not be toggled, and hz makes an operation at most so much longer."""
    gate = {"name": "rtt_p50", "query": "relative.rtt.p50", "value": 3.0, "limit": 1.5, "outcome": "fail"}
    judged = {"decision": "roll_back", "failed": ["rtt_p50"], "reason": "gate rtt_p50 failed"}
    joint = {"effects": {"rtt": {"p50": {"interval": [0.1, made_longer]}}}}
    effects = {**BLAMED, "settings": SETTINGS[:1], "joint": joint}
    return searched(effects, measured={"decision": judged, "gates": [gate], "cause": "genuine"})


def test_what_could_not_be_toggled_is_not_applied_again_where_the_culprits_are_too_little_for_the_harm() -> None:
    facts = breached(made_longer=0.9)
    assert facts["decision"]["decision"] == "roll_back"
    assert (
        "nothing is applied again, since redis maxmemory could not be toggled, and they make relative.rtt.p50 at most "
        "1.9 times as long, which was 2 times its limit"
    ) in facts["message"]


def test_what_could_not_be_toggled_is_applied_again_where_the_culprits_can_be_all_of_the_harm() -> None:
    assert breached(made_longer=1.1)["decision"]["decision"] == "roll_back_settings"


def test_a_figure_that_toggling_does_not_have_is_nobodys() -> None:
    gate = {"name": "rtt_p50", "query": "rtt.max", "value": 3.0, "limit": 1.5, "outcome": "fail"}
    judged = {"decision": "roll_back", "failed": ["rtt_p50"], "reason": "gate rtt_p50 failed"}
    facts = searched(
        {**BLAMED, "settings": SETTINGS[:1]}, measured={"decision": judged, "gates": [gate], "cause": "genuine"}
    )
    assert facts["decision"]["decision"] == "roll_back"
    assert "nothing tells how much of rtt.max is theirs" in facts["message"]


def test_where_nothing_is_applied_again_nothing_is_promised() -> None:
    facts = searched({**BLAMED, "settings": SETTINGS}, without=[HZ])
    assert facts["decision"]["decision"] == "roll_back"
    assert "to be applied again" not in facts["message"]
    assert "the host is as it was" in facts["message"]
    assert "nothing is applied again, since redis hz came back" in facts["message"]


def test_the_filter_of_the_rest() -> None:
    rest = FilterModule().filters()["innocent"]
    assert rest(WRITTEN, SETTINGS, [HZ]) == WRITTEN[1:]
