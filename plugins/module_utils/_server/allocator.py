# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory allocator of a running server: which, whose, and what it listens to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .._errors import BadInput
from .._libraries import redis
from .connection import command
from .instance import Instance

#: Environment variables with options of jemalloc. Which of them a server reads, ``describe`` tells.
VARIABLES = ("MALLOC_CONF", "JE_MALLOC_CONF")
_OPTION = re.compile(r"^ *opt\.([a-z0-9_]+): (\"[^\"]*\"|\S+)", re.MULTILINE)
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


def parse_options(text: str) -> dict[str, str]:
    """The pairs of MALLOC_CONF. BadInput for what jemalloc would stop reading at."""
    found = {}
    for pair in text.split(","):
        name, colon, value = pair.partition(":")
        if not name or not colon or not value:
            raise BadInput(
                f"{text!r} is no list of options of jemalloc",
                why=f"{pair!r} is no option with its value",
                remedy="Write it like dirty_decay_ms:5000,narenas:2 without blanks",
            )
        found[name] = value
    return found


def options(client: redis.Redis) -> dict[str, str]:
    """What jemalloc was started with, by the name of the option (``opt.*``); empty for another allocator."""
    text = str(command(client, "MEMORY", "MALLOC-STATS"))
    return {name: value.strip('"') for name, value in _OPTION.findall(text)}
