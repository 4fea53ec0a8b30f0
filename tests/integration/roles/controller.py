# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller that runs the collection's real playbooks, roles and modules against this host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.integration import planted

REPOSITORY = Path(__file__).parents[3]
SETTINGS = [
    {"kind": "redis", "key": "tls-key-file-pass", "secret": planted.NEW_KEY},
    {"kind": "redis", "key": "hz", "value": 20},
]
#: What modules tell the system's log goes to a file here.
SITE = """\
import os, syslog

def written(*words):
    with open(os.environ["SYSLOG_FILE"], "a") as file:
        file.write(repr(words) + chr(10))

syslog.syslog = written
"""


class Controller:
    """Runs ansible-playbook with -vvv against this host, and keeps what it says."""

    def __init__(self, root: Path, server: Any) -> None:
        self.root, self.server, self.said = root, server, ""
        collection = root / "collections/ansible_collections/lowlat/redis"
        collection.parent.mkdir(parents=True)
        collection.symlink_to(REPOSITORY)
        (root / "site").mkdir()
        (root / "site/sitecustomize.py").write_text(SITE)
        self.variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "lowlat_hosts": "localhost",
            "ansible_become": False,
            "prerequisites_packages": [],
            "report_directory": str(root / "reports"),
            "gated_change_name": "trial",
            "gated_change_settings": SETTINGS,
            "gated_change_state_directory": str(root / "state"),
            "gated_change_login_port": server.port,
            "gated_change_login_password": planted.PASSWORD,
            "gated_change_samples": 50,
            "gated_change_runs": 2,
            "gated_change_gates": [{"name": "generous", "query": "rtt.p50", "max": 1e9}],
        }

    def play(self, name: str, *options: str, **variables: Any) -> int:
        """Run a playbook of the collection, or one that is ours, with these variables in a file of their own."""
        given = self.root / "given"
        given.mkdir(exist_ok=True)
        (given / "variables.json").write_text(json.dumps({**self.variables, **variables}))
        tasks = [{"hosts": "localhost", "gather_facts": False, "roles": ["lowlat.redis.gated_change"]}]
        (given / "play.json").write_text(json.dumps(tasks))
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-vvv", "-i", "localhost,", *options]
            + ["-e", f"@{given}/variables.json", f"{given}/play.json" if name == "apply" else f"lowlat.redis.{name}"],
            cwd=self.root,
            env=self.environment(self.root / "site"),
            capture_output=True,
            text=True,
            check=False,
        )
        self.said += done.stdout + done.stderr
        return done.returncode

    def module(self, settings: list[dict[str, Any]]) -> str:
        """What the module itself answers to a request that it refuses."""
        arguments = {"name": "trial", "settings": settings, "login_port": self.server.port}
        arguments.update(login_password=planted.PASSWORD, state_directory=str(self.root / "state"))
        file = self.root / "given" / "arguments.json"
        file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
        done = subprocess.run(
            [sys.executable, "-m", "ansible_collections.lowlat.redis.plugins.modules.change", str(file)],
            env=self.environment(self.root / "site", *sys.path),
            capture_output=True,
            text=True,
            check=False,
        )
        file.unlink()
        self.said += done.stdout + done.stderr
        return str(json.loads(done.stdout)["msg"])

    def environment(self, *path: str | Path) -> dict[str, str]:
        return {
            **os.environ,
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_COLLECTIONS_PATH": str(self.root / "collections"),
            "ANSIBLE_LOG_PATH": str(self.root / "ansible.log"),
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "SYSLOG_FILE": str(self.root / "syslog"),
        }
