# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a change as it lands on the controller."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.action import write_record

pytestmark = pytest.mark.slow

ARGUMENTS = {"record": {"change_id": "c1", "rtt": 1.5}, "markdown": "# c1\n"}


def write(path: Path, *options: str) -> dict[str, Any]:
    """What the module returns."""
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "adhoc", "localhost", "-m", "lowlat.redis.write_record", "-o", *options]
        + ["-a", json.dumps({**ARGUMENTS, "path": os.fspath(path)})],
        env={
            **os.environ,
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
            "ANSIBLE_STDOUT_CALLBACK": "oneline",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    result: dict[str, Any] = json.loads(done.stdout.partition("=>")[2])
    return result


def test_both_files_are_written_once(tmp_path: Path) -> None:
    path = tmp_path / "reports" / "c1" / "host"
    assert write(path, "--check")["changed"]
    assert not path.parent.exists()
    assert write(path) == {"changed": True, "files": [f"{path}.json", f"{path}.md"]}
    assert json.loads(Path(f"{path}.json").read_text()) == ARGUMENTS["record"]
    assert Path(f"{path}.md").read_text() == ARGUMENTS["markdown"]
    assert Path(f"{path}.md").stat().st_mode & 0o777 == 0o644
    assert not write(path)["changed"]
    assert sorted(os.listdir(path.parent)) == ["host.json", "host.md"]


def test_a_value_that_is_no_text_is_written_down_too(tmp_path: Path) -> None:
    """A config file may be in any encoding."""
    file = tmp_path / "host.md"
    assert write_record._write(file, "logfile caf\udce9", False)
    assert file.read_text(encoding="utf-8") == "logfile caf\\udce9"


def test_where_nothing_can_be_written_the_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("no directory")
    result = write(tmp_path / "reports" / "c1" / "host")
    assert "files" not in result
    assert f"The record cannot be written: {tmp_path}/reports" in result["msg"]
