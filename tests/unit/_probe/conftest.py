# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from typing import Callable

import pytest

from tests.unit._probe.resp_stub import Stub


@pytest.fixture
def stub() -> Iterator[Callable[..., Stub]]:
    """A factory: each argument is the list of pieces that answers one request."""
    made: list[Stub] = []

    def make(*answers: list[bytes]) -> Stub:
        made.append(Stub(answers))
        return made[-1]

    yield make
    for one in made:
        one.close()
