# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that never came to be: somebody was killed while he prepared one, and nothing of the host was written yet.

What he has left may hold a password, so it does not stay.
"""

from __future__ import annotations

import os
from pathlib import Path

from .._host import files
from . import deadline


def is_unopened(directory: Path) -> bool:
    """The journal is there from the opening on."""
    return not (directory / "journal").exists()


def clear(directory: Path) -> list[str]:
    """Remove such a directory, and whoever watches over it; what could not be removed. The caller holds the lock."""
    left = deadline.disarm(directory)
    try:
        for path in () if left else list(directory.iterdir()):
            path.unlink()
        if not left:
            directory.rmdir()
            files.sync_directory(directory.parent)
    except OSError as error:
        left.append(f"remove {directory}, which was never opened: {error}")
    return left


def clear_all(state_directory: Path) -> None:
    """Of all who were killed here. What cannot be removed now is in nobody's way."""
    changes = state_directory / "changes"
    for name in sorted(os.listdir(changes)) if changes.is_dir() else ():
        if is_unopened(changes / name):
            clear(changes / name)
