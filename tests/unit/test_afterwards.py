# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record says of what came after it."""

from __future__ import annotations

from typing import Any

from ansible_collections.lowlat.redis.plugins.filter.afterwards import FilterModule, afterwards
from ansible_collections.lowlat.redis.plugins.module_utils._afterwards import BEFORE, added, joined

ID = "20260102T030405Z-phase2-1a2b"
DONE = {"state": "rolled_back", "changed": True, "change_id": ID, "settings": [{"key": "hz"}], "restarted": True}
FAILED = {**DONE, "state": "rollback_failed", "left": ["start the server"], "failed": True}
FOREIGN = {"where": "live", "kind": "redis", "key": "hz", "unit": "", "before": "10", "set": "8", "found": "77"}
FOREIGN.update(done="restored", copy="")
KEPT = {"state": "confirmed", "decision": {"decision": "keep"}, "message": "phase2 on h was kept", "left": []}


def told(result: dict[str, Any]) -> dict[str, Any]:
    return afterwards(result, host="h", by="ops", at="2026-01-02T04:00:00Z")


def rehearsed(result: dict[str, Any]) -> str:
    return str(afterwards(result, host="h", by="ops", at="2026-01-02T04:00:00Z", rehearsed=True)["message"])


def test_a_rollback_is_told_with_all_that_it_brought() -> None:
    record = told({**DONE, "warnings": ["an edited file was kept aside"], "foreign": [FOREIGN]})
    assert (record["host"], record["name"], record["change_id"], record["state"]) == ("h", "phase2", ID, "rolled_back")
    assert record["settings"] == [{"key": "hz"}]
    assert record["afterwards"] == [
        {
            "state": "rolled_back",
            "state_before": "",
            "at": "2026-01-02T04:00:00Z",
            "by": "ops",
            "changed": True,
            "restarted": True,
            "left": [],
            "foreign": [FOREIGN],
            "warnings": ["an edited file was kept aside"],
            "message": f"{ID} on h was rolled back, and every value has been read back; the server was restarted"
            "; its latency was not measured by this rollback",
        }
    ]


def test_how_it_ended_is_told_in_words() -> None:
    before = told({**DONE, "changed": False, "restarted": False})
    assert before["message"] == f"{ID} on h had been rolled back before"  # its record may tell of its latency
    stopped = told({**DONE, "restarted": False, "left_stopped": True})["message"]
    assert "rolled back, and files and values of the kernel have been read back; the server was stopped by" in stopped
    assert told(FAILED)["message"] == f"{ID} on h: ROLLBACK FAILED. Left to do by hand: start the server"
    assert told({**DONE, "change_id": "c1"})["name"] == "c1"


def test_a_rehearsal_says_what_would_be() -> None:
    applied = {**DONE, "state": "confirmed", "restarted": False}
    assert rehearsed(applied) == f"{ID} on h would be rolled back"
    restarting = rehearsed({**applied, "restarted": True})
    assert restarting == f"{ID} on h would be rolled back, and the server would be restarted"
    again = "would be rolled back once more: an earlier rollback has failed"
    assert rehearsed({**applied, "state": "rollback_failed"}) == f"{ID} on h {again}"
    assert rehearsed({**DONE, "state": "rollback_failed"}) == f"{ID} on h {again}, and the server would be restarted"
    assert rehearsed({**DONE, "changed": False, "restarted": False}) == f"{ID} on h had been rolled back before"


def test_what_was_recorded_before_is_kept() -> None:
    first = added(KEPT, told(FAILED))
    assert first is not None
    assert (first["decision"], first["message"]) == (KEPT["decision"], KEPT["message"])
    assert (first["state"], first["left"]) == ("rollback_failed", ["start the server"])
    then = added(first, told(DONE))
    assert then is not None
    assert (then["state"], then["left"]) == ("rolled_back", [])
    assert [(one["state_before"], one["state"]) for one in then["afterwards"]] == [
        ("confirmed", "rollback_failed"),
        ("rollback_failed", "rolled_back"),
    ]


def test_nothing_new_is_not_told_twice() -> None:
    first = added(KEPT, told(DONE))
    assert first is not None
    assert added(first, told({**DONE, "changed": False})) is None
    by_the_host = {name: value for name, value in DONE.items() if name != "changed"}
    record = added(KEPT, told(by_the_host))
    assert record is not None
    assert record["afterwards"][0]["message"].startswith(f"{ID} on h was rolled back")
    assert added(record, told(by_the_host)) is None


def test_without_a_record_there_is_one_now() -> None:
    assert added(None, told(DONE)) == told(DONE)


def test_the_text_of_before_comes_below() -> None:
    assert joined("# new\n", "# old\n") == f"# new\n{BEFORE}# old\n"
    assert joined("# new\n", "") == "# new\n"


def test_the_filter_has_its_name() -> None:
    assert set(FilterModule().filters()) == {"afterwards"}
