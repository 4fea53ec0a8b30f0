# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way gated_change goes when one of its steps fails. The modules are stubs, the role is real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.roles.stubbed_play import Played, run_play

pytestmark = pytest.mark.slow

BAD = {"decision": "roll_back", "reason": "gate rtt_p50 failed: far"}
HARM = {**BAD, "failed": ["rtt_p50"]}
HARMED = {"failed": True, "decision": HARM, "cause": "genuine"}
THREE = [
    {"kind": "redis", "key": key, "changed": True, "before": 1, "after": 2, "restart": False, "skipped": ""}
    for key in ("a", "b", "c")
]
TWO = THREE[:2]
WITHOUT_B = [THREE[0], THREE[2]]
#: As somebody writes them: not all by the names that the host has for them, and one name in two kinds.
WRITTEN = [{**THREE[0], "key": "A"}, {**THREE[1], "key": "B"}, THREE[2]]
SYSCTL_B = {**THREE[1], "kind": "sysctl"}
UNDO = ["plan", "baseline", "applied", "measured", "rolled_back c1", "measured"]

#: host: (its script, the calls that it must see, what the play must say of it)
CASES: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "kept": ({}, ["plan", "baseline", "applied", "measured", "confirmed c1"], "was kept: all held"),
    "kept_without_record": (
        {"no_record": True},
        ["plan", "baseline", "applied", "measured", "confirmed c1"],
        "was kept: all held. THERE IS NO RECORD OF IT: the disk is full",
    ),
    "not_restored_without_record": (
        {
            "no_record": True,
            "measured": {"decision": BAD},
            "rolled_back": {"failed": True, "msg": "no", "state": "rollback_failed", "left": ["stop the other"]},
        },
        UNDO[:-1],
        "Left to do by hand: stop the other THERE IS NO RECORD OF IT: the disk is full",
    ),
    "nothing_to_do": ({"plan": {"state": "unchanged", "changed": False}}, ["plan"], ""),
    "refused": ({"plan": {"failed": True, "msg": "hazard 6"}}, ["plan"], "hazard 6"),
    "no_library": (
        {"plan": {"failed": True, "msg": "no redis", "missing_library": "redis"}},
        ["plan", "plan"],
        "no redis",
    ),
    "no_baseline": (
        {"baseline": {"failed": True, "msg": "nobody listens", "measurement": None}},
        ["plan", "baseline"],
        "was not applied, and nothing was changed: nobody listens",
    ),
    "not_opened": (
        {"applied": {"failed": True, "msg": "another change is open", "change_id": None, "error": {}}},
        ["plan", "baseline", "applied"],
        "was not applied, and nothing was changed: another change is open",
    ),
    "half_applied": (
        {"applied": {"failed": True, "msg": "disk full"}},
        ["plan", "baseline", "applied", "rolled_back c1", "measured"],
        "was rolled back, and the host is as it was: disk full",
    ),
    # What a measurement writes could begin a save over its last dump.
    "keys_are_missing": (
        {
            "applied": {"failed": True, "msg": "keys are missing", "state": "rollback_failed"},
            "rolled_back": {"failed": True, "msg": "no", "state": "rollback_failed", "left": ["look at its dump"]},
        },
        ["plan", "baseline", "applied", "rolled_back c1"],
        "ROLLBACK FAILED after: keys are missing. Left to do by hand: look at its dump",
    ),
    "gate_failed": (
        {"measured": {"failed": True, "msg": "1 hard gate failed", "decision": BAD}},
        UNDO,
        "was rolled back, and the host is as it was: gate rtt_p50 failed: far",
    ),
    "inconclusive": ({"measured": {"decision": BAD}}, UNDO, "was rolled back, and the host is as it was"),
    "one_of_two_did_it": (
        {
            "applied": [{"settings": THREE}, {"settings": WITHOUT_B}],
            "measured": [HARMED, {}, {}],
            "effects": {"culprits": [{"kind": "redis", "key": "b"}]},
        },
        [*UNDO, "effects", "plan", "baseline", "applied", "measured", "confirmed c1"],
        "phase9 on one_of_two_did_it was kept, without redis b: all held",
    ),
    "one_after_the_other": (
        {
            "applied": [{"settings": THREE}, {"settings": WITHOUT_B}, {"settings": [THREE[2]]}],
            "measured": [HARMED, {}, HARMED, {}, {}],
            "effects": [{"culprits": [{"kind": "redis", "key": "b"}]}, {"culprits": [{"kind": "redis", "key": "a"}]}],
        },
        [*UNDO, "effects", *UNDO, "effects", "plan", "baseline", "applied", "measured", "confirmed c1"],
        "phase9 on one_after_the_other was kept, without redis b, without redis a: all held",
    ),
    "the_same_one_again": (
        {
            "applied": [{"settings": THREE}, {"settings": WITHOUT_B}],
            "measured": [HARMED, {}, HARMED, {}],
            "effects": {"culprits": [{"kind": "redis", "key": "b"}]},
        },
        [*UNDO, "effects", *UNDO, "effects"],
        "toggled by themselves, redis b did the harm; nothing is applied again, "
        "since redis b came back though it had been left out",
    ),
    "the_other_b_stays": (
        {
            "applied": [{"settings": [THREE[0], SYSCTL_B, THREE[1]]}, {"settings": TWO}],
            "measured": [HARMED, {}, {}],
            "effects": {"culprits": [{"kind": "redis", "key": "b"}]},
        },
        [*UNDO, "effects", "plan", "baseline", "applied", "measured", "confirmed c1"],
        "phase9 on the_other_b_stays was kept, without redis b: all held",
    ),
    "not_left_as_found": (
        {
            "applied": {"settings": THREE},
            "measured": [HARMED, {}],
            "effects": {
                "effects": None,
                "culprits": None,
                "failed": True,
                "msg": "the server died",
                "error": {},
                "left_as_found": False,
                "left": ["redis a is 2"],
            },
        },
        [*UNDO, "effects"],
        "BUT THE SEARCH FOR THE CULPRITS DID NOT LEAVE THE HOST AS IT FOUND IT: the server died; redis a is 2",
    ),
    "both_did_it": (
        {
            "applied": {"settings": TWO},
            "measured": HARMED,
            "effects": {"culprits": [{"kind": "redis", "key": "a"}, {"kind": "redis", "key": "b"}]},
        },
        [*UNDO, "effects"],
        "was rolled back, and the host is as it was: gate rtt_p50 failed: far",
    ),
    "died_while_it_was_looked_at_again": (
        {"applied": {"settings": TWO}, "measured": {"failed": True, "msg": "reset by peer", "decision": HARM}},
        UNDO,
        "died_while_it_was_looked_at_again was rolled back, and the host is as it was: gate rtt_p50 failed: far",
    ),
    "noise_is_nobodys_fault": (
        {"applied": {"settings": TWO}, "measured": {"failed": True, "decision": HARM, "cause": "artifact"}},
        UNDO,
        "was rolled back, and the host is as it was: gate rtt_p50 failed: far",
    ),
    "not_confirmed": (
        {"confirmed": {"failed": True, "msg": "drifted", "state": "applied"}},
        ["plan", "baseline", "applied", "measured", "confirmed c1", "rolled_back c1", "measured"],
        "was rolled back, and the host is as it was: drifted",
    ),
    "not_restored": (
        {
            "measured": {"decision": BAD},
            "rolled_back": {"failed": True, "msg": "no", "state": "rollback_failed", "left": ["start the server"]},
        },
        UNDO[:-1],
        "ROLLBACK FAILED after: gate rtt_p50 failed: far. Left to do by hand: start the server",
    ),
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One play over a host for each case."""
    hosts = {name: case[0] for name, case in CASES.items()}
    variables = {"gated_change_name": "phase9", "gated_change_settings": WRITTEN, "gated_change_login_port": 7777}
    play = [{"hosts": "all", "gather_facts": False, "roles": ["lowlat.redis.gated_change"]}]
    return run_play(tmp_path_factory.mktemp("roles"), play, hosts, variables)


@pytest.mark.parametrize("host", CASES)
def test_the_way_of_a_change(played: Played, host: str) -> None:
    _script, calls, says = CASES[host]
    # Every call of a module has the connection that the role was given.
    expected = [" ".join([call.split()[0], "7777", *call.split()[1:]]) for call in calls]
    assert played.calls(host) == expected
    assert says in played.printed
    assert played.failed(host) == (
        host
        not in (
            "kept",
            "nothing_to_do",
            "one_of_two_did_it",
            "one_after_the_other",
            "the_other_b_stays",
            "kept_without_record",
        )
    )


def test_without_a_place_for_the_record_nothing_is_changed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    variables = {
        "gated_change_name": "phase9",
        "gated_change_settings": TWO,
        "report_directory": str(tmp_path / "file"),
    }
    play = [{"hosts": "all", "gather_facts": False, "roles": ["lowlat.redis.gated_change"]}]
    played = run_play(tmp_path, play, {"one": {}}, variables)
    assert [call.split()[0] for call in played.calls("one")] == ["plan"]
    assert f"The record cannot be written: {tmp_path}/file: Not a directory" in played.printed


def test_verify_fails_where_a_hard_gate_cannot_be_judged(tmp_path: Path) -> None:
    variables = {
        "gated_change_name": "phase9",
        "gated_change_settings": TWO,
        "gated_change_action": "verify",
        "gated_change_on_inconclusive": "keep",
    }
    play = [{"hosts": "all", "gather_facts": False, "roles": ["lowlat.redis.gated_change"]}]
    unchanged = {"state": "unchanged", "changed": False}
    past = {"a": "pass", "b": "soft_fail", "c": "fail"}
    hosts = {
        "holds": {"plan": unchanged},
        "judged": {"plan": unchanged, "verified": {"gates": [{"name": "a", "outcome": "pass"}]}},
        "past": {"plan": unchanged, "verified": {"gates": [{"name": x, "outcome": o} for x, o in past.items()]}},
        "open": {"plan": unchanged, "verified": {"failed": True, "msg": "1 hard gate could not be judged: no set.p99"}},
    }
    played = run_play(tmp_path, play, hosts, variables)
    assert [call.split()[0] for call in played.calls("open")] == ["plan", "verified"]
    assert (played.failed("holds"), played.failed("open")) == (False, True)
    assert "phase9 holds on open" not in played.printed
    assert (
        "phase9 holds on holds: its settings hold; no absolute gate was given, so its latency was measured and not "
        "judged: rtt p50 20.00 us"
    ) in played.printed
    assert "phase9 holds on judged: its settings hold, and 1 gate: rtt p50 20.00 us" in played.printed
    assert "phase9 holds on past: its settings hold, and 3 gates but for the limit of b, c: rtt p50" in played.printed
    assert "no set.p99" in played.printed
