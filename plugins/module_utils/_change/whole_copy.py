# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's copy of this code, run only where it is whole: code in which a bit has flipped may do anything.

Each change keeps a second one in its own directory, for the case that something becomes of the first. This module
imports next to nothing: a change waits for the start of the process that watches.
"""

from __future__ import annotations

import os

#: In the directory of a change.
SPARE = "runner.pyz"

# A damaged archive cannot look at itself, so Python is given this to do: digest, copies, change, words for the copy.
_FIRST_LOOK = """\
import hashlib, os, sys
digest, first, second, *words = sys.argv[1:]
for copy in first, second:
    try:
        with open(copy, "rb") as file:
            found, why = hashlib.sha256(file.read()).hexdigest(), "it is damaged"
    except OSError as error:
        found, why = "", error.strerror
    if found == digest:
        os.execv(sys.executable, [sys.executable, copy, *words])
    print(f"lowlat: {copy} was not run: {why}", file=sys.stderr)
print(
    f"lowlat: no sound copy of the code is left on this host for {words[-1]}, so nothing is done about it. If it is "
    "open, roll it back with lowlat.redis.change, which needs none",
    file=sys.stderr,
)
sys.exit(1)
"""
#: The same in one line, as a unit's file has it.
_PROGRAM = f"exec({_FIRST_LOOK!r})"


def digest(path: str) -> str:
    """What a sound copy holds. OSError where it cannot be read."""
    import hashlib

    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def command(python: str, runner: str, known: str, name: str, directory: str) -> list[str]:
    """What runs a command of the copy about a change; unproven where its digest is not ``known`` (older releases)."""
    if not known:
        return [python, runner, name, directory]
    return [python, "-c", _PROGRAM, known, runner, os.path.join(directory, SPARE), name, directory]


def damage(runner: str, known: str, directory: str) -> list[str]:
    """Which copies that a change could be taken back with are not whole, a phrase each."""
    found = []
    for copy in (runner, os.path.join(directory, SPARE)) if known else ():
        try:
            if digest(copy) != known:
                found.append(f"{copy} is damaged")
        except OSError as error:
            found.append(f"{copy}: {error.strerror}")
    return found
