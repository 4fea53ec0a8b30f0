# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory allocator of a running server: which, whose, and what it listens to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .._libraries import redis
from .instance import Instance

_SHARED = re.compile(r"/lib(jemalloc|tcmalloc)[^/]*\.so")


@dataclass(frozen=True)
class Allocator:
    """``variable`` is the environment variable that it reads, None for one that reads none of jemalloc's.

    ``bundled``: built from the server's own, patched sources, which alone can defragment.
    """

    name: str
    bundled: bool
    variable: str | None

    @property
    def active_defrag(self) -> bool:
        return self.bundled and self.name.startswith("jemalloc")


def describe(instance: Instance, client: redis.Redis) -> Allocator:
    """Ask the server for the name, and its memory map for where it came from."""
    name = str(client.info("memory").get("mem_allocator", "unknown"))
    maps = Path(f"/proc/{instance.pid}/maps").read_text(encoding="utf-8", errors="replace")
    return classify(name, maps)


def classify(name: str, maps: str) -> Allocator:
    """The bundled jemalloc is linked in, with the prefix je_; a distribution's is a shared library without it."""
    bundled = not name.startswith("libc") and not _SHARED.search(maps)
    if not name.startswith("jemalloc"):
        return Allocator(name, bundled, None)
    return Allocator(name, bundled, "JE_MALLOC_CONF" if bundled else "MALLOC_CONF")
