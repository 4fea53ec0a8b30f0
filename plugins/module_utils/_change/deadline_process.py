# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that watches over one change where there is no systemd. No reboot survives it, and it is told so."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .._errors import ChangeError
from . import watching
from .armed import Deadline

__all__ = ["watching"]  # what the process runs: it travels with this module
# It takes this long to start where a host is very busy. Seconds.
_PATIENCE = 30.0


def start(directory: Path, deadline: Deadline) -> None:
    """Start it as nobody's child and wait until it watches. ChangeError, OSError."""
    words = [deadline.python, "-S", deadline.runner, "watch", os.fspath(directory), str(deadline.boot_at)]
    words.append(deadline.runner_digest)
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(
            ["setsid", "--fork", *words],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        process.wait(_PATIENCE)
        # It says one line, and closes what it says it to.
        with os.fdopen(os.dup(reading), "rb") as said:
            if said.readline().strip() != b"watching":
                raise ChangeError(
                    "No process could be started that watches over the change",
                    where=deadline.runner,
                    why="it ended at once",
                    remedy=f"Run {' '.join(words)} to see why",
                )
    finally:
        os.close(reading)
