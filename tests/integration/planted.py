# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that are put where secrets are, each to be known again wherever it turns up."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: In the text of every one of them.
MARK = "planted-"
PASSWORD = f"{MARK}requirepass-8c1f"
MASTER = f"{MARK}masterauth-77d0"
MASTER_USER = f"{MARK}masteruser-1b3a"
USER = f"{MARK}user-e52c"
KEY = f"{MARK}key-pass-90ab"
NEW_KEY = f"{MARK}new-key-pass-4417"
#: As the server itself keeps the password of a user.
HASH = hashlib.sha256(USER.encode()).hexdigest()

#: Lines of redis.conf that hold them all.
LINES = (
    f"requirepass {PASSWORD}",
    f"masterauth {MASTER}",
    f"masteruser {MASTER_USER}",
    f"tls-key-file-pass {KEY}",
    f"user alice on #{HASH} ~* +@all",
)


def found_in(text: str) -> list[str]:
    """The lines of a text that hold a secret."""
    return [line[:300] for line in text.splitlines() if MARK in line or HASH in line]


def found_below(directory: Path) -> set[str]:
    """The files below a directory that hold one, by their paths from there."""
    every = (path for path in directory.rglob("*") if path.is_file())
    return {
        str(path.relative_to(directory))
        for path in every
        if MARK.encode() in path.read_bytes() or HASH.encode() in path.read_bytes()
    }


def open_to_others(directory: Path) -> list[str]:
    """What below a directory, and with it, others than its owner may read or enter."""
    return [
        f"{path} {path.stat().st_mode & 0o777:o}"
        for path in ((directory, *directory.rglob("*")) if directory.exists() else ())
        if path.stat().st_mode & 0o777 not in ((0o700,) if path.is_dir() else (0o600, 0o400))
    ]


@contextmanager
def watching_processes() -> Iterator[list[str]]:
    """Collects command lines and environments in which a secret is seen, of any process of this machine."""
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for pid in filter(str.isdigit, os.listdir("/proc")):
                for what in ("cmdline", "environ"):
                    try:
                        content = Path("/proc", pid, what).read_bytes()
                    except OSError:
                        continue
                    if MARK.encode() in content or HASH.encode() in content:
                        seen.append(f"{what} of {pid}: {content[:300]!r}")
            done.wait(0.002)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()
