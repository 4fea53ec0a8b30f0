# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that fails or is lost stops the next batch, and breaks nothing off in its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.roles.stubbed_play import Played, run_play

pytestmark = pytest.mark.slow

KEPT = ["plan", "baseline", "applied", "measured", "confirmed c1"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """lowlat.redis.apply over a batch in which all but one of the hosts go wrong, and one host after it."""
    bad = {"decision": {"decision": "roll_back", "reason": "gate rtt_p50 failed: far"}}
    stuck = {"failed": True, "msg": "no", "state": "rollback_failed", "left": ["start the server"]}
    killed = {"failed": True, "msg": "killed", "change_id": None}
    hosts = {
        "good": {},
        "worse": {"measured": bad},
        "refused": {"plan": [{}, {"failed": True, "msg": "hazard 6"}]},
        "stuck": {"measured": bad, "rolled_back": stuck},
        "killed": {"applied": killed},
        "lost": {"applied": {"unreachable": True}},
        "unmeasured": {"baseline": {"failed": True, "msg": "nobody listens", "measurement": None}},
        "early": {"plan": {"failed": True, "msg": "hazard 7"}},
        "next": {},
    }
    own = {name: {"settings": []} for name in ("ours", "others")}
    variables = {"lowlat_serial": [8], "lowlat_phases": ["ours", "others"], "lowlat_own_phases": own}
    return run_play(tmp_path_factory.mktemp("rollout"), "lowlat.redis.apply", hosts, variables)


def test_the_others_of_the_batch_finish_what_they_do(played: Played) -> None:
    assert [call.replace(" None", "") for call in played.calls("good")] == KEPT * 2
    assert played.calls("worse")[-2].startswith("rolled_back")


@pytest.mark.parametrize(
    "says",
    [
        "Left alone after ours: others. ours on worse was rolled back, and the host is as it was: gate rtt_p50 failed",
        # The phase before it was kept, and its change is not this one's.
        '"others was not applied on refused, and nothing was changed. Why: hazard 6"',
        "Left alone after ours: others. ours on stuck: ROLLBACK FAILED after: gate rtt_p50 failed: far",
        "Left alone after ours: others. ours on killed broke off, and it is not known what was changed: killed",
        "Left alone after ours: others. ours on unmeasured was not applied, and nothing was changed: nobody listens",
        "ours was not applied on early, and nothing was changed. Left alone after ours: others. Why: hazard 7",
    ],
)
def test_the_last_that_is_said_of_a_phase_is_what_became_of_it_and_why(played: Played, says: str) -> None:
    assert says in played.printed


def test_the_next_batch_is_not_begun(played: Played) -> None:
    assert played.calls("next") == []
    assert (
        "The next hosts are left alone: early, killed, refused, stuck, unmeasured, worse failed, as told above; "
        "lost could not be reached: a change that is open there is taken back by the host itself at its deadline, "
        "unless gated_change_confirm_within is 0; lowlat.redis.status tells when the host answers again. "
        "What was done on good stands."
    ) in played.printed
    assert played.failed("good")


@pytest.mark.parametrize("lost", ["one that is lost", "one that fails"])
def test_of_hosts_that_are_none_nothing_is_said(tmp_path: Path, lost: str) -> None:
    bad = {"one that is lost": {"unreachable": True}, "one that fails": {"failed": True, "msg": "hazard 6"}}
    variables = {"lowlat_serial": [2], "lowlat_phases": ["ours"], "lowlat_own_phases": {"ours": {"settings": []}}}
    played = run_play(tmp_path, "lowlat.redis.apply", {"good": {}, "bad": {"plan": bad[lost]}}, variables)
    told = played.printed.rpartition("The next hosts are left alone: ")[2]
    assert told.startswith("bad could not be" if lost == "one that is lost" else "bad failed, as told above. What was")


def test_nor_of_one_that_was_refused_before_its_first_phase(tmp_path: Path) -> None:
    phases = "{{ 'ours' if inventory_hostname == 'good' else 'pahse1' }}"
    variables = {"lowlat_serial": [2], "lowlat_phases": phases, "lowlat_own_phases": {"ours": {"settings": []}}}
    played = run_play(tmp_path, "lowlat.redis.apply", {"good": {}, "bad": {}}, variables)
    assert "There is no phase pahse1." in played.printed and played.calls("bad") == []
    told = played.printed.rpartition("The next hosts are left alone: ")[2]
    assert told.startswith("bad failed, as told above. What was"), told


@pytest.mark.parametrize(
    ("phases", "own", "says"),
    [
        (
            ["ours", "pahse1"],
            {"settings": []},
            "There is no phase pahse1. There are cpu_isolation, phase1, phase2, phase3, ours",
        ),
        ("ours,pahse1", {"settings": []}, "There is no phase pahse1."),
        (["ours"], {"setings": []}, "Phase ours of lowlat_own_phases has no settings"),
        ([], {"settings": []}, "No phase is named"),
        (
            ["ours"],
            {"settings": [], "gate": []},
            "Phase ours of lowlat_own_phases has gate, which nobody reads: it takes settings and gates",
        ),
        (["ours"], [{"kind": "redis"}], "Phase ours of lowlat_own_phases has no settings"),
    ],
)
def test_a_bad_list_of_phases_is_found_before_any_host_is_touched(
    tmp_path: Path, phases: Any, own: Any, says: str
) -> None:
    variables = {"lowlat_phases": phases, "lowlat_own_phases": {"ours": own}}
    played = run_play(tmp_path, "lowlat.redis.apply", {"one": {}}, variables)
    assert played.calls("one") == []
    assert says in played.printed


def test_a_rollback_goes_by_batches_and_on_past_a_host_that_fails(tmp_path: Path) -> None:
    failed = {"failed": True, "msg": "not all came back", "state": "rollback_failed", "left": ["start the server"]}
    lost = {"unreachable": True, "msg": "no route", "state": None}
    hosts = {"bad": {"rolled_back": failed}, "lost": {"rolled_back": lost}, "good": {}}
    variables = {"lowlat_serial": 1, "lowlat_phase": "ours", "report_directory": str(tmp_path / "reports")}
    played = run_play(tmp_path, "lowlat.redis.rollback", hosts, variables, records=True)
    assert played.printed.count("PLAY [Take a change back]") == 3
    assert [played.failed(host) for host in hosts] == [True, True, False]
    assert "Not taken back on bad: not all came back" in played.printed
    assert "Not taken back on lost: it could not be reached: no route" in played.printed
    assert "c1 on good was rolled back" in played.printed
    assert "the newest change of ours" in played.printed


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, "rolled_back None"),
        ({"lowlat_phase": "ours"}, "rolled_back None"),
        ({"lowlat_change_id": "c7", "lowlat_phase": "ours"}, "rolled_back None c7"),
    ],
)
def test_who_takes_back_chooses_the_change_and_the_hosts(tmp_path: Path, given: dict[str, Any], asked: str) -> None:
    refused = {"failed": True, "msg": "nobody answers", "state": None}
    chosen = ["-e", "lowlat_hosts=a,b", "-e", "lowlat_serial=100%"]
    played = run_play(tmp_path, "lowlat.redis.rollback", dict.fromkeys("abc", {"rolled_back": refused}), given, *chosen)
    assert [played.calls(host) for host in "abc"] == [[asked], [asked], []]
    assert played.printed.count("PLAY [Take a change back]") == 1


@pytest.mark.parametrize("playbook", ["apply", "rollback", "status", "verify"])
@pytest.mark.parametrize("hosts", ["bb", "a,bb", "redis,!bb"])
def test_a_host_that_is_not_there_is_told_before_any_is_touched(tmp_path: Path, playbook: str, hosts: str) -> None:
    phases = {"lowlat_phases": ["ours"], "lowlat_own_phases": {"ours": {"settings": []}}}
    played = run_play(tmp_path, f"lowlat.redis.{playbook}", {"a": {}, "b": {}}, phases, "-e", f"lowlat_hosts={hosts}")
    assert "no host or group bb" in " ".join(played.printed.split())
    assert [played.calls(host) for host in "ab"] == [[], []]


def test_a_rehearsal_shows_the_differences_and_hazards_of_every_phase(tmp_path: Path) -> None:
    diff = {"before": "hz 10\n", "after": "hz 8\n", "before_header": "redis hz", "after_header": "redis hz"}
    plans = [
        {"failed": True, "msg": "[6] maxmemory: it would evict"},
        {"diff": diff},
        {"failed": True, "msg": "[4] databases: the AOF is off"},
    ]
    names = ["first", "second", "third"]
    variables = {"lowlat_phases": names, "lowlat_own_phases": {name: {"settings": []} for name in names}}
    hosts = {"one": {"plan": plans}, "two": {}}
    played = run_play(tmp_path, "lowlat.redis.apply", hosts, {**variables, "lowlat_serial": 2}, "--check", "--diff")
    assert [call.split()[0] for call in played.calls("one")] == ["plan", "plan", "baseline", "plan"]
    assert "-hz 10" in played.printed and "+hz 8" in played.printed
    told = played.printed.rpartition('"msg": ')[2]
    assert r"first: [6] maxmemory: it would evict\nthird: [4] databases: the AOF is off" in told, told
    assert (played.failed("one"), [call.split()[0] for call in played.calls("two")]) == (True, ["plan", "baseline"] * 3)


def test_a_verify_that_failed_does_not_fail_the_apply_after_it(tmp_path: Path) -> None:
    common = {"phases_list": ["ours"], "phases_own": {"ours": {"settings": []}}}
    role = {"name": "lowlat.redis.phases"}
    play = {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "block": [{"include_role": role, "vars": {**common, "gated_change_action": "verify"}}],
                "rescue": [{"include_role": role, "vars": common}],
            },
            {"fail": {"msg": "the end was reached"}},
        ],
    }
    drifted = {"plan": {"settings": [{"kind": "redis", "key": "hz", "changed": True, "before": 1, "after": 2}]}}
    played = run_play(tmp_path, [play], {"one": drifted}, {})
    assert "the end was reached" in played.printed, played.printed
