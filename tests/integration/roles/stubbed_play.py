# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays with the collection's real roles and playbooks, and stubs in place of its modules."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[3]
STUB = Path(__file__).with_name("stub_action.py")
REAL = (
    "galaxy.yml",
    "meta",
    "playbooks",
    "plugins/filter",
    "plugins/module_utils",
    "plugins/modules",
    "roles/gated_change",
    "roles/phases",
    "roles/prerequisites",
)


#: In place of the record, which wants whole measurements.
WRITES = """
- ansible.builtin.fail: {msg: the disk is full}
  when: script.no_record | default(false)
- ansible.builtin.set_fact: {report_written: {files: [h.json, h.md]}}
"""


@dataclass(frozen=True)
class Played:
    """What came of a play."""

    root: Path
    printed: str

    def calls(self, host: str) -> list[str]:
        """The calls of modules on this host: name, port, change."""
        path = self.root / host
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def failed(self, host: str) -> bool:
        """Whether the play failed on this host."""
        recap = next(line for line in self.printed.splitlines() if line.startswith(f"{host} ") and "failed=" in line)
        return "failed=0" not in recap


def run_play(
    root: Path,
    play: list[dict[str, Any]] | str,
    hosts: dict[str, Any],
    variables: dict[str, Any],
    *options: str,
    records: bool = False,
) -> Played:
    """Run a play, or a playbook of the collection, over ``{host: script}``; it must fail, as one host always does.

    ``records``: they are written.
    """
    _collection(root, records)
    variables = {"ansible_connection": "local", "prerequisites_packages": [], **variables}
    inventory = {name: {"script": script, "calls": str(root / name)} for name, script in hosts.items()}
    (root / "inventory.json").write_text(json.dumps({"redis": {"vars": variables, "hosts": inventory}}))
    if not isinstance(play, str):
        (root / "play.json").write_text(json.dumps(play))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ansible",
            "playbook",
            "-i",
            "inventory.json",
            play if isinstance(play, str) else "play.json",
            *options,
        ],
        cwd=root,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(root),
            "ANSIBLE_NOCOLOR": "1",
            # As YAML a long message would be folded, here and not there.
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0, done.stdout + done.stderr
    return Played(root, done.stdout + done.stderr)


def _collection(root: Path, records: bool) -> None:
    here = root / "ansible_collections" / "lowlat" / "redis"
    for part in REAL:
        (here / part).parent.mkdir(parents=True, exist_ok=True)
        (here / part).symlink_to(REPOSITORY / part)
    if records:
        (here / "roles/report").symlink_to(REPOSITORY / "roles/report")
    else:
        (here / "roles/report/tasks").mkdir(parents=True)
        for part in ("defaults", "meta", "tasks/place.yml"):
            (here / "roles/report" / part).symlink_to(REPOSITORY / "roles/report" / part)
        (here / "roles/report/tasks/main.yml").write_text(WRITES)
    (here / "plugins/action").mkdir()
    (here / "plugins/action/write_record.py").symlink_to(REPOSITORY / "plugins/action/write_record.py")
    for module in ("change", "change_info", "latency_probe", "setting_effect"):
        shutil.copy(STUB, here / "plugins/action" / f"{module}.py")
