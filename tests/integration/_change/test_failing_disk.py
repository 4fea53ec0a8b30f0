# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be written down, or made, while a change is taken back."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import preimage, request
from ansible_collections.lowlat.redis.plugins.module_utils._change.journal import Journal
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._runner import commands, copy

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def test_a_log_that_cannot_be_made_does_not_fail_the_rollback(changer: Make) -> None:
    host = changer()
    Path(host.server.directory, "appendonlydir").touch()
    before = host.config
    with pytest.raises(ChangeError, match="the host was put back.*appendonly"):
        host.apply(*host.redis(hz=20, appendonly=True))
    assert (host.live("hz"), host.live("appendonly"), host.config) == ("10", "no", before)
    assert [change["state"] for change in host.history()["changes"]] == ["rolled_back"]


def test_a_failed_rollback_that_cannot_be_written_down_is_tried_again(
    changer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = changer()
    before = host.config
    options = host.options("applied", name="trial", settings=host.redis(hz=20), confirm_within=600)
    applied = request.run(options, check=False, install=copy.install)
    armed = Path(host.state_directory, "changes", applied["change_id"], "armed")

    def full(self: Journal, entry: str, **_facts: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "append", full)
        patched.setattr(preimage, "file_images", lambda _change: [])
        assert commands.main(["recover", host.state_directory]) == commands.AGAIN
    assert armed.exists() and host.config != before
    assert commands.main(["recover", host.state_directory]) == commands.DONE
    assert (host.live("hz"), host.config, armed.exists()) == ("10", before, False)


def test_a_config_file_that_was_written_half_is_no_obstacle(changer: Make) -> None:
    """Killed in the middle of it: nobody can tell any more what the file says."""
    host = changer()
    before = host.config
    host.apply(*host.redis(hz=20))
    Path(host.server.config_file).write_bytes(before[:-3] + b"\0\0\0")
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.live("hz"), host.config) == ("10", before)
