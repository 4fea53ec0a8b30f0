# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two tests that run at the same time never start servers on one port."""

from __future__ import annotations

import random

import pytest

from tests.ports import free_port, give_back


def test_nobody_else_gets_a_port_whose_server_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    first, other = free_port(), free_port()
    give_back(other)
    drawn = iter((first, first, other, first))
    monkeypatch.setattr(random, "randrange", lambda *_range: next(drawn))
    assert free_port() == other
    give_back(first)
    assert free_port() == first
    for port in (first, other):
        give_back(port)
