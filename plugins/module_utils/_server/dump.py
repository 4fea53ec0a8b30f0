# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the head of a dump tells of the server that wrote it. A log that begins with a dump tells the same."""

from __future__ import annotations

import os
from collections.abc import Mapping
from glob import escape, glob
from typing import BinaryIO

_AUX, _MOST = 0xFA, 32
#: Length of a magic word with its version, as of Redis and of Valkey.
_HEAD = 9
#: Bytes of a whole number that is written as one, by its encoding.
_NUMBERS = {0xC0: 1, 0xC1: 2, 0xC2: 4}


def files(shown: Mapping[str, str]) -> list[str]:
    """What a server with these directives loads when it starts: its dump, or what its log begins with."""
    directory, log = shown.get("dir", ""), shown.get("appendfilename") or "appendonly.aof"
    if not directory.startswith("/"):
        return []
    if shown.get("appendonly") != "yes":
        return _there(os.path.join(directory, shown.get("dbfilename") or "dump.rdb"))
    bases = os.path.join(escape(directory), escape(shown.get("appenddirname") or ""), f"{escape(log)}.*.base.rdb")
    return [*_there(os.path.join(directory, log)), *glob(bases)]


def _there(path: str) -> list[str]:
    return [path] if os.path.isfile(path) else []


def used_memory(path: str) -> int:
    """How many bytes the server used when it wrote this; 0 where that is not told. OSError."""
    with open(path, "rb") as file:
        if not file.read(_HEAD).startswith((b"REDIS", b"VALKEY")):
            return 0
        for _field in range(_MOST):
            name, value = (_text(file), _text(file)) if file.read(1) == bytes([_AUX]) else (b"", b"")
            if not name:
                break
            if name == b"used-mem" and value.isdigit():
                return int(value)
    return 0


def _text(file: BinaryIO) -> bytes:
    """A short text or a number, as its digits; empty where it is something else."""
    first = (file.read(1) or b"\xff")[0]
    if first in _NUMBERS:
        return str(int.from_bytes(file.read(_NUMBERS[first]), "little", signed=True)).encode()
    if first < 0x40:
        return file.read(first)
    return b""  # no field of a head is as long
