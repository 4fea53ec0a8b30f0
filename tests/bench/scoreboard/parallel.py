# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the replay beside one another: each has random numbers of its own, so their order makes no difference."""

from __future__ import annotations

import io
import multiprocessing
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from typing import Any

# Closures reach the processes by fork alone.
_parts: dict[str, Callable[[], Any]] = {}


def run(parts: Mapping[str, Callable[[], Any]], jobs: int) -> dict[str, Any]:
    """What each part returns. What it prints is printed as soon as it and all before it are over."""
    _parts.clear()
    _parts.update(parts)
    found = {}
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        for name, (printed, result) in zip(parts, pool.imap(_captured, parts, chunksize=1)):
            print(printed, end="", flush=True)
            found[name] = result
    return found


def _captured(name: str) -> tuple[str, Any]:
    with redirect_stdout(io.StringIO()) as printed:
        result = _parts[name]()
    return printed.getvalue(), result
