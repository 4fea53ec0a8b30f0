# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A library of Python that is removed under an open change: the host says so, and goes on when it is back."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils import _libraries
from ansible_collections.lowlat.redis.plugins.module_utils._runner import commands
from tests.integration._runner.test_deadline import apply, state

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["redis", "psutil"])
def test_what_is_missing_is_named_and_waited_for(
    changer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    host = changer()
    apply(host, *host.redis(hz=20))
    with monkeypatch.context() as without:
        without.setattr(_libraries, name, None)
        assert commands.main(["recover", host.state_directory]) == commands.AGAIN
    assert f"has no {name} any more" in capsys.readouterr().err
    assert state(host) == "applied"
    assert commands.main(["recover", host.state_directory]) == commands.DONE
    assert host.live("hz") == "10"
