# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way gated_change goes when one of its steps fails. The modules are stubs, the role is real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]
STUB = Path(__file__).with_name("stub_action.py")
BAD = {"decision": "roll_back", "reason": "gate rtt_p50 failed: far"}
UNDO = ["plan", "baseline", "applied", "measured", "rolled_back c1", "measured"]

#: host: (its script, the calls that it must see, what the play must say of it)
CASES: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "kept": ({}, ["plan", "baseline", "applied", "measured", "confirmed c1"], "was kept: all held"),
    "nothing_to_do": ({"plan": {"state": "unchanged", "changed": False}}, ["plan"], ""),
    "refused": ({"plan": {"failed": True, "msg": "hazard 6"}}, ["plan"], "hazard 6"),
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
    "gate_failed": (
        {"measured": {"failed": True, "msg": "1 hard gate failed", "decision": BAD}},
        UNDO,
        "was rolled back, and the host is as it was: gate rtt_p50 failed: far",
    ),
    "inconclusive": ({"measured": {"decision": BAD}}, UNDO, "was rolled back, and the host is as it was"),
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
        UNDO,
        "ROLLBACK FAILED after: gate rtt_p50 failed: far. Left to do by hand: start the server",
    ),
}


def collection(root: Path) -> None:
    """This collection with stubs in place of its modules, and of the role that writes records."""
    here = root / "ansible_collections" / "lowlat" / "redis"
    for part in ("galaxy.yml", "meta", "plugins/filter", "roles/gated_change", "roles/prerequisites"):
        (here / part).parent.mkdir(parents=True, exist_ok=True)
        (here / part).symlink_to(REPOSITORY / part)
    (here / "roles/report/tasks").mkdir(parents=True)
    (here / "roles/report/tasks/main.yml").write_text("- ansible.builtin.set_fact: {report_path: reports}\n")
    (here / "plugins/action").mkdir()
    for module in ("change", "latency_probe"):
        shutil.copy(STUB, here / "plugins/action" / f"{module}.py")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One play over a host for each case; the directory of their calls, and what Ansible printed."""
    root = tmp_path_factory.mktemp("roles")
    collection(root)
    hosts = {name: {"script": case[0], "calls": str(root / name)} for name, case in CASES.items()}
    variables = {
        "ansible_connection": "local",
        "gated_change_name": "phase9",
        "gated_change_settings": [],
        "gated_change_login_port": 7777,
        "prerequisites_packages": [],
    }
    play = {"hosts": "all", "gather_facts": False, "roles": ["lowlat.redis.gated_change"]}
    (root / "inventory.json").write_text(json.dumps({"all": {"vars": variables, "hosts": hosts}}))
    (root / "play.json").write_text(json.dumps([play]))
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.json", "play.json"],
        cwd=root,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(root), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "1000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    return root, done.stdout


@pytest.mark.parametrize("host", CASES)
def test_the_way_of_a_change(played: tuple[Path, str], host: str) -> None:
    root, printed = played
    _script, calls, says = CASES[host]
    # Every call of a module has the connection that the role was given.
    expected = [" ".join([call.split()[0], "7777", *call.split()[1:]]) for call in calls]
    assert (root / host).read_text().splitlines() == expected
    assert says in next((line for line in printed.splitlines() if f"phase9 on {host}" in line), says and printed)
    recap = next(line for line in printed.splitlines() if line.startswith(f"{host} ") and "failed=" in line)
    assert ("failed=0" in recap) == (host in ("kept", "nothing_to_do"))
