# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that watches over one change where there is no systemd. No reboot survives it, and it is told so."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .._errors import ChangeError

if TYPE_CHECKING:
    from .deadline import Deadline

# It takes this long to start where a host is very busy. Seconds.
_PATIENCE = 30.0


def start(directory: Path, deadline: Deadline) -> None:
    """Start it as nobody's child and wait until it watches. ChangeError, OSError."""
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(
            ["setsid", "--fork", deadline.python, deadline.runner, "watch", os.fspath(directory)],
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
                    remedy=f"Run {deadline.python} {deadline.runner} watch {directory} to see why",
                )
    finally:
        os.close(reading)


def watch(directory: Path, deadline: Deadline) -> bool:
    """Wait until the deadline; False where the change has ended before, and nobody needs to watch any more."""
    _say_so()
    while (directory / "armed").exists():
        if deadline.is_over():
            return True
        time.sleep(0.5)
    return False


def _say_so() -> None:
    """Tell who started this process, and let go of it; the kernel shall kill others first."""
    os.write(1, b"watching\n")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    try:
        Path("/proc/self/oom_score_adj").write_text("-1000", encoding="ascii")
    except OSError:
        return  # an ordinary user may not
