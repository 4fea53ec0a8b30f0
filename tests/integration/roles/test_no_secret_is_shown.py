# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real roles and modules on this host, as talkative as can be: what they print, log and leave holds no secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.integration import planted

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[3]
Make = Callable[..., Any]
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


def test_from_check_to_status(redis_server: Make, tmp_path: Path) -> None:
    server = redis_server(*planted.LINES, password=planted.PASSWORD)
    config = Path(server.config_file)
    before = config.read_bytes()
    controller = Controller(tmp_path, server)
    with planted.watching_processes() as seen:
        assert controller.play("apply", "--check", "--diff") == 0, controller.said[-3000:]
        assert controller.play("apply") == 0, controller.said[-3000:]
        assert planted.NEW_KEY.encode() in config.read_bytes()
        server.client().config_set("tls-key-file-pass", f"{planted.MARK}theirs")
        assert controller.play("status") == 0 and "DRIFT: redis tls-key-file-pass is ********" in controller.said
        assert controller.play("rollback", lowlat_phase="trial") == 0
        assert config.read_bytes() == before and "somebody set after the change" in controller.said
        harm = [{"name": "impossible", "query": "rtt.p50", "max": 0.0001, "abort": 1}]
        assert controller.play("apply", gated_change_gates=harm) == 2
        assert config.read_bytes() == before and "was rolled back" in controller.said
        wrong = {"kind": "redis", "key": "tls-key-file-pass", "value": planted.NEW_KEY}
        assert "secret instead of value" in controller.module([wrong])
        assert "missing required arguments: kind" in controller.module([{"key": "masterauth", "value": planted.MASTER}])
    assert seen == []
    assert planted.found_in(controller.said) == []
    assert "Invoked with" in (tmp_path / "syslog").read_text()
    assert len(list((tmp_path / "reports").glob("*/localhost.*"))) == 4
    (tmp_path / "given/variables.json").unlink()
    (tmp_path / "collections/ansible_collections/lowlat/redis").unlink()
    below = planted.found_below(tmp_path)
    assert {os.path.basename(path) for path in below} == {"journal"} and all(
        path.startswith("state/") for path in below
    )
    assert planted.open_to_others(tmp_path / "state") == []
    assert planted.found_below(Path(server.directory)) == {"redis.conf"}
