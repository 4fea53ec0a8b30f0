# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's own rollback does about others' values what the change was opened with, and tells that it was the host."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import boot, request
from ansible_collections.lowlat.redis.plugins.module_utils._runner import commands, copy
from tests.integration._change.conftest import Changer

pytestmark = pytest.mark.slow

Make = Callable[..., Changer]
THEIRS = b"# between\nslowlog-max-len 7\n"


@pytest.fixture
def apply(changer: Make) -> Callable[[str], tuple[Changer, str, bytes]]:
    """A server under a change with this policy, the change's directory, and its file as it was."""

    def make(policy: str) -> tuple[Changer, str, bytes]:
        host = changer("hz 10", "# between", "tcp-keepalive 100")
        before = host.config
        settings = host.redis(hz=8, timeout=5)
        options = host.options("applied", name="t", settings=settings, confirm_within=600, on_foreign_change=policy)
        applied = request.run(options, check=False, install=copy.install)
        return host, os.path.join(host.state_directory, "changes", applied["change_id"]), before

    return make


def edit(host: Changer) -> None:
    Path(host.server.config_file).write_bytes(host.config.replace(b"# between\n", THEIRS))
    host.server.client().config_set("hz", 77)


def newest(host: Changer) -> dict[str, Any]:
    return dict(host.history()["changes"][-1])


@pytest.mark.parametrize(
    ("policy", "status", "state", "hz"),
    [
        ("restore", 0, "rolled_back", "10"),
        ("keep", 0, "rolled_back", "77"),
        ("fail", commands.BY_HAND, "rollback_failed", "77"),
    ],
)
def test_it_knows_what_the_change_was_opened_with(
    apply: Any, capsys: pytest.CaptureFixture[str], policy: str, status: int, state: str, hz: str
) -> None:
    host, _directory, before = apply(policy)
    edit(host)
    edited = host.config
    assert commands.main(["recover", host.state_directory]) == status
    change = newest(host)
    assert (change["state"], change["ended_by"], host.live("hz")) == (state, "recover", hz)
    assert len(change["foreign"]) == 2 and "'77'" in capsys.readouterr().out
    assert host.config == {"restore": before, "keep": before.replace(b"# between\n", THEIRS), "fail": edited}[policy]


@pytest.mark.parametrize("policy", ["restore", "keep", "fail"])
def test_before_the_server_starts_too(apply: Any, monkeypatch: pytest.MonkeyPatch, policy: str) -> None:
    host, directory, before = apply(policy)
    edit(host)
    edited = host.config
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    host.server.stop()
    expected = {"restore": before, "keep": before.replace(b"# between\n", THEIRS), "fail": edited}[policy]
    assert commands.main(["boot", directory]) == commands.DONE and host.config == expected
    host.server.start()
    ends = commands.BY_HAND if policy == "fail" else commands.DONE
    assert commands.main(["expire", directory]) == ends and host.config == expected
    change = newest(host)
    assert change["ended_by"] == "boot"
    # What a command alone had set went with the reboot, and is nobody's third value.
    assert [(one["where"], one["done"]) for one in change["foreign"]] == [
        ("file", {"restore": "restored", "keep": "kept", "fail": "left"}[policy])
    ]


def test_at_the_deadline_it_was_the_host(apply: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    host, directory, _before = apply("restore")
    now = boot.seconds()
    monkeypatch.setattr(boot, "seconds", lambda: now + 601)
    assert commands.main(["expire", directory]) == commands.DONE
    assert newest(host)["ended_by"] == "deadline"
