# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody writes into a file that stays nobody has tried: a rollback must not restart into a dead server."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def test_it_runs_on_until_somebody_has_mended_it(changer: Make) -> None:
    host = changer(persist=True)
    path = Path(host.server.config_file)
    host.server.client().set("key", "value")
    host.apply(*host.redis(databases=8, hz=20), restart="allowed", on_foreign_change="keep")
    pid = host.pid
    path.write_bytes(host.config + b"slowlog-max-lne 7\n")
    with pytest.raises(ChangeError, match="would not start.*slowlog-max-lne.*databases is live '8'"):
        host.run("rolled_back")
    assert (host.pid, host.live("hz"), host.server.client().get("key")) == (pid, "10", "value")
    path.write_bytes(host.config.replace(b"slowlog-max-lne", b"slowlog-max-len"))
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert host.live("databases") == "16" and b"slowlog-max-len 7" in host.config
