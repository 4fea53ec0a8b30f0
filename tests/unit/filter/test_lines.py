# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that put results into a line."""

from __future__ import annotations

from typing import Any

from ansible_collections.lowlat.redis.plugins.filter import drift, figures, history


def setting(before: Any, after: Any, stored: Any, stored_after: Any, changed: bool = True) -> dict[str, Any]:
    return {
        "kind": "redis",
        "key": "hz",
        "before": before,
        "after": after,
        "persisted_before": stored,
        "persisted_after": stored_after,
        "changed": changed,
    }


def test_drift_names_the_value_that_differs() -> None:
    live, stored, absent = setting("10", "8", "8", "8"), setting("8", "8", "10", "8"), setting(8, "8", None, "8")
    assert drift.drift([live]) == "redis hz is 10, not 8"
    assert drift.drift([stored, absent]) == "redis hz is stored as 10, not 8; redis hz is stored as nothing, not 8"
    assert drift.drift([setting("8", "8", "8", "8", changed=False)]) == ""
    assert set(drift.FilterModule().filters()) == {"drift"}


def test_figures_of_what_was_measured() -> None:
    measurement = {"rtt": {"p50": 8.6, "p99": 9.8}, "set": {"p50": 1.0, "p99": None}, "samples": 2000}
    assert figures.figures(measurement) == "rtt p50 8.60 us, p99 9.80 us; set p50 1.00 us"
    assert figures.figures({}) == ""
    assert set(figures.FilterModule().filters()) == {"figures"}


def test_history_a_line_each() -> None:
    change = {"change_id": "c1", "state": "rollback_failed", "owner": "ops", "age": 10900, "settings": [{}]}
    assert history.history([change]) == ["c1: rollback failed, 1 setting, 3 h ago by ops"]
    waiting = {**change, "pending_restart": ["databases"], "left": ["start it"], "age": 0.4, "settings": []}
    assert history.history([waiting]) == [
        "c1: rollback failed, 0 settings, 0 s ago by ops, waits for a restart: databases, LEFT TO DO: start it"
    ]
    assert history.history([]) == ["no change so far"]


CHANGE = {"change_id": "c1", "state": "rolled_back", "settings": [{}], "age": 7200, "owner": "ops"}


def test_history_tells_who_took_a_change_back_and_what_others_had_set() -> None:
    value = {"where": "live", "kind": "redis", "key": "hz", "found": "77", "before": "10", "set": "8"}
    value["done"] = "restored"
    stored = {**value, "where": "stored", "key": "save", "found": None, "before": "", "done": "kept"}
    file = {"where": "file", "kind": "file", "key": "/etc/redis.conf", "found": "content", "done": "kept"}
    ended = {**CHANGE, "ended_at": "2026-01-02T03:04:05Z", "ended_by": "deadline", "foreign": [value, stored, file]}
    assert history.history({"changes": [ended]}) == [
        "c1: rolled back, 1 setting, 2 h ago by ops, taken back by the host at its deadline at 2026-01-02T03:04:05Z, "
        "latency not measured after that, redis hz was set by somebody else to 77 (live; before it was 10, by the "
        "change 8) and restored, redis save was set by somebody else to nothing (stored; before it was '', by the "
        "change 8) and kept, "
        "/etc/redis.conf was edited by somebody else (content) and kept"
    ]
    kept = {**CHANGE, "state": "confirmed", "ended_at": "2026-01-02T03:04:05Z", "ended_by": "operator"}
    assert history.history([kept]) == ["c1: confirmed, 1 setting, 2 h ago by ops, kept at 2026-01-02T03:04:05Z"]


def test_history_tells_that_nobody_measured_only_where_the_journal_shows_it() -> None:
    ended = {**CHANGE, "ended_at": "2026-01-02T03:04:05Z", "ended_by": "operator"}
    # A gated change takes back what it has not confirmed, and measures then; the journal does not tell it from others.
    assert "latency" not in history.history([ended])[0]
    assert "latency" not in history.history([{**ended, "confirmed_at": ""}])[0]
    later = history.history([{**ended, "confirmed_at": "2026-01-02T03:00:00Z"}])[0]
    assert later.endswith(
        "taken back by a play or an operator at 2026-01-02T03:04:05Z, latency not measured after that"
    )
    kept = {**ended, "state": "confirmed", "confirmed_at": "2026-01-02T03:04:05Z"}
    assert "latency" not in history.history([kept])[0]


def test_history_tells_drift_and_why_it_is_not_known() -> None:
    gone = {"change_id": "c1", "kind": "systemd", "key": "Nice", "unit": "a.service", "where": "stored"}
    told = {"changes": [], "drift": [{**gone, "wanted": "5", "found": None}], "drift_unknown": "nobody listens"}
    assert history.history(told)[1:] == [
        "DRIFT: systemd Nice of a.service is stored as nothing, not 5 (c1)",
        "drift unknown: nobody listens",
    ]


def test_history_is_a_filter() -> None:
    assert set(history.FilterModule().filters()) == {"history"}


def test_history_tells_when_the_host_takes_an_open_change_back_and_what_is_lost() -> None:
    change = {"change_id": "c1", "state": "applied", "owner": "ops", "age": 5, "settings": []}
    assert history.history([{**change, "deadline": "2026-01-02T03:04:05Z", "lost": ["file /etc/a", "redis hz"]}]) == [
        "c1: applied, 0 settings, 5 s ago by ops, "
        "the host takes it back at 2026-01-02T03:04:05Z unless it is confirmed, "
        "ITS JOURNAL IS DAMAGED and does not tell: file /etc/a; redis hz"
    ]
    assert history.history([{**change, "deadline": "", "lost": []}]) == ["c1: applied, 0 settings, 5 s ago by ops"]


def test_history_tells_a_file_that_somebody_has_removed_and_what_should_be_known() -> None:
    file = {"where": "file", "kind": "file", "key": "/etc/redis.conf", "found": "existence", "done": "restored"}
    told = {**CHANGE, "foreign": [file], "warnings": ["60 keys now, and 100 before", "a service has stopped"]}
    assert history.history({"changes": [told]}) == [
        "c1: rolled back, 1 setting, 2 h ago by ops, /etc/redis.conf was removed by somebody else and made again, "
        "TO BE KNOWN: 60 keys now, and 100 before; a service has stopped"
    ]
