# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line that says what, where, why and what to do."""

from __future__ import annotations

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("it is closed", "No way in (here): it is closed. Open it"),
        ("Are you sure it is right?", "No way in (here): Are you sure it is right? Open it"),
        ("it is closed.", "No way in (here): it is closed. Open it"),
        ("", "No way in (here). Open it"),
    ],
)
def test_a_servers_own_words_may_end_with_a_mark(why: str, told: str) -> None:
    assert LowlatError("No way in", where="here", why=why, remedy="Open it").message == told


def test_without_a_remedy_nothing_is_added() -> None:
    assert LowlatError("No way in", why="it is closed").message == "No way in: it is closed"
