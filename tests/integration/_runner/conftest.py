# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes of tests/integration/_change, with a deadline that the host keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration._change.conftest import changer

__all__ = ["changer"]


@pytest.fixture(autouse=True)
def nobody_watches_on(tmp_path: Path) -> Iterator[None]:
    """The processes that watch over changes which a test leaves open end with it."""
    yield
    for armed in tmp_path.glob("state-*/changes/*/armed"):
        armed.unlink()
