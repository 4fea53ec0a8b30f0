# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of the deadline of an open change."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from ansible_collections.lowlat.redis.plugins.module_utils._change import history
from ansible_collections.lowlat.redis.plugins.module_utils._change.armed import Deadline
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store


def test_the_deadline_of_an_open_change_is_told(tmp_path: Path) -> None:
    change = Store(str(tmp_path)).open("phase2", owner="ops", settings=[], files=[])

    def told() -> object:
        return history.tell(str(tmp_path), None)["changes"][0]["deadline"]

    assert told() == ""
    armed = Deadline(300, 1767323045.0, 1.0, "boot", "process", "/runner", "/python", {}, None)
    (change.directory / "armed").write_text(json.dumps(asdict(armed)))
    assert told() == "2026-01-02T03:04:05Z"
    (change.directory / "armed").write_text("{")
    assert told() == "unknown"
