# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A unit that may be started only so often (StartLimitBurst=): systemd stops it and refuses to start it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any, Callable

import pytest

from tests.integration._change.in_unit import PlayedSystemd

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


class Limiting(PlayedSystemd):
    """Once, until its failures are forgotten."""

    starts = 0

    def _run(self, arguments: Sequence[str], shown: str, timeout: float) -> subprocess.CompletedProcess[bytes]:
        if arguments[0] == "reset-failed":
            self.starts = 0
        self.starts += arguments[0] == "restart"
        if self.starts < 2:
            return super()._run(arguments, shown, timeout)
        if self.server.process.poll() is None:
            self.server.process.terminate()
            self.server.process.wait()
        self.facts.update(ActiveState="failed", Result="start-limit-hit")
        refusal = b"Job for played.service failed: start of the service was attempted too often.\n"
        return subprocess.CompletedProcess([shown], 1, b"", refusal)


def test_a_rollback_restarts_it_all_the_same(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    host.server.client().set("key", "value")
    Limiting(host.server).play(monkeypatch)
    host.apply(*host.redis(databases=8), restart="allowed")
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("databases")) == ("rolled_back", "16")
    assert host.server.client().get("key") == "value"
