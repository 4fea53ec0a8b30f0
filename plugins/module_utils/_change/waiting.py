# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a condition, with an end."""

from __future__ import annotations

import time
from typing import Callable

from .._errors import ChangeError

#: Saving and loading take as long as the data set needs; this bounds a server that never ends. Seconds.
PATIENCE = 900.0


def until(condition: Callable[[], bool], what: str, where: str, patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise ChangeError(
                f"Waited in vain for {what}",
                where=where,
                why=f"not within {patience:.0f} s",
                remedy="See the server's log",
            )
        time.sleep(0.05)
