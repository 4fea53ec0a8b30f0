# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value of the kernel that goes with its device or module under an open change: nobody can put it back by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._settings.setting import Host

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def test_the_rest_goes_back_and_the_change_ends(changer: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host, root = changer(), tmp_path / "root"
    scheduler = root / "sys/block/sdz/queue/nr_requests"
    for path in (scheduler, root / "proc/sys/net/one"):
        path.parent.mkdir(parents=True)
        path.write_text("1\n")
    (root / "etc/sysctl.d").mkdir(parents=True)
    monkeypatch.setattr(Host, "path", lambda _host, absolute: str(root / absolute.lstrip("/")))
    settings = [
        {"kind": "sysctl", "key": "net.one", "value": "2"},
        {"kind": "sysfs", "key": "block/sdz/queue/nr_requests", "value": "2"},
    ]
    host.apply(*settings, *host.redis(hz=20))
    scheduler.unlink()
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and host.live("hz") == "10"
    assert (root / "proc/sys/net/one").read_text().strip() == "1"
    assert ["nr_requests is not there any more" in warning for warning in undone["warnings"]] == [True]
    host.apply(*host.redis(hz=20))
