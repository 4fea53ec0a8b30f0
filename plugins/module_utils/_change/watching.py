# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process does that watches over one change. It imports next to nothing: a change waits for its start."""

from __future__ import annotations

import os
import sys
import time

from . import whole_copy

#: How a command ends where something is left to do by hand. Python itself ends with 1 and 2, the latter where it cannot
#: open the file that it is to run: that is over in a moment, and is tried again.
BY_HAND = 78
#: Between two looks, and before another try. Seconds.
_PAUSE, _LONG_PAUSE = 0.5, 5.0


def main(arguments: list[str]) -> int:
    """``watch DIRECTORY SECONDS DIGEST``: take the change there back so long after the boot, unless it has ended.

    DIGEST is what this copy of the code held when it was started; older releases gave none.
    """
    _watch, directory, boot_at, *known = arguments
    expire = whole_copy.command(sys.executable, sys.argv[0], "".join(known), "expire", directory)
    _say_so()
    while os.path.exists(os.path.join(directory, "armed")):
        if time.clock_gettime(time.CLOCK_BOOTTIME) < float(boot_at):
            time.sleep(_PAUSE)
        elif os.spawnv(os.P_WAIT, sys.executable, expire) in (0, BY_HAND):
            break  # it has ended, or a person is asked for
        else:
            time.sleep(_LONG_PAUSE)  # as systemd does with its unit
    return 0


def _say_so() -> None:
    """Tell who started this process, and let go of it; the kernel shall kill others first."""
    os.write(1, b"watching\n")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("-1000")
    except OSError:
        return  # an ordinary user may not
