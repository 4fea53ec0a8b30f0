# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths that the host needs again later, when it works in another directory than the module did."""

from __future__ import annotations

import os

from .._errors import BadInput


def refuse_relative(name: str, path: str) -> None:
    """BadInput unless this path, given as the option ``name``, means the same to everybody on the host."""
    if not os.path.isabs(path):
        raise BadInput(
            f"{name} {path[:200]!r} is no absolute path",
            where=name,
            why="in another directory, such as that of the host's own rollback, it would mean another file",
            remedy="Give the whole path, from / on",
        )
