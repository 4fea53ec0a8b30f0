# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No request leaves a connection behind, however it ends and whoever still holds its error."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import history
from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError
from ansible_collections.lowlat.redis.plugins.module_utils._server import instance
from tests.integration._change.conftest import Changer

Make = Callable[..., Changer]


def sockets() -> set[str]:
    """Those of this process."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{name}")
            found |= {target} if target.startswith("socket:") else set()
    return found


@contextlib.contextmanager
def none_left() -> Iterator[None]:
    before = sockets()
    yield
    assert sockets() <= before


def test_after_a_change_and_its_rollback(changer: Make) -> None:
    host = changer()
    with none_left():
        host.apply(*host.redis(hz=20))
        history.tell(host.state_directory, None, host.options("applied"))
        host.run("rolled_back")


@pytest.mark.parametrize("check", [False, True])
def test_after_a_refusal(changer: Make, check: bool) -> None:
    host = changer()
    with none_left(), pytest.raises(LowlatError) as caught:
        host.apply(*host.redis(databases=1, hz=0), check=check)
    assert caught.value.__traceback__ is not None


def test_after_a_server_that_cannot_be_known(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_any: Any) -> None:
        raise LowlatError("It is not known", where="here", why="no", remedy="none")

    host = changer()
    monkeypatch.setattr(instance, "discover", unknown)
    with none_left(), pytest.raises(LowlatError) as caught:
        host.apply(*host.redis(hz=20))
    assert caught.value.__traceback__ is not None
