# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says of a unit that somebody has stopped on purpose, and of one that has died."""

from __future__ import annotations

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.stopped import is_at_rest


@pytest.mark.parametrize(
    ("state", "result", "job", "at_rest"),
    [
        ("inactive", "success", "", True),
        ("inactive", "success", "0", True),
        ("inactive", "success", "4711", False),
        ("inactive", "exec-condition", "", False),
        ("failed", "signal", "", False),
        ("failed", "oom-kill", "", False),
        ("failed", "exit-code", "", False),
        ("activating", "success", "", False),
        ("activating", "exit-code", "", False),
        ("active", "success", "", False),
    ],
)
def test_it_is_at_rest(state: str, result: str, job: str, at_rest: bool) -> None:
    assert is_at_rest({"ActiveState": state, "Result": result, "Job": job}) is at_rest


def test_one_that_systemd_does_not_tell_of() -> None:
    assert not is_at_rest({})
