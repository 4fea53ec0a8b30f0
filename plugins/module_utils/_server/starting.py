# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server will start with: its config file, and after it the options on the command line of its unit.

One without a unit is started by us with its file alone: the line that it was started with is overwritten.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from . import config_line, config_reader, directives
from .config_reader import Line, read_bytes
from .instance import Instance, Version

_LINE = "its command line"
#: A word that begins with -- is the value of the option before it, where that has none yet.
_TAKES_DASHES: Version = (7, 0, 0)


def known(instance: Instance) -> bool:
    """Whether anybody can tell. Without a config file and a unit the server cannot be started again by us either."""
    return instance.config_file is not None or instance.start_words is not None


def lines(instance: Instance, written: Mapping[str, str] | None = None) -> Iterator[Line]:
    """Every directive in the order in which the server will read them. BadInput where a file cannot be read.

    ``written`` is what its config file is going to say besides what it says now.
    """
    path, given = source(instance)
    added = b"".join(
        b" ".join(map(config_line.quote, [name, *directives.arguments(name, value)])) + b"\n"
        for name, value in (written or {}).items()
    )
    content = b"\n".join([read_bytes(path) if path else b"", added, given])
    return config_reader.lines(content, path or _LINE, instance.version)


def values(instance: Instance, written: Mapping[str, str] | None = None) -> dict[str, str]:
    """Directive (by its primary name) to the value that the start will give it."""
    return config_reader.values(lines(instance, written))


def options(words: Sequence[str], version: Version) -> dict[str, str]:
    """The values that such a command line itself gives."""
    return config_reader.values(config_reader.lines(parts(words, version)[1], _LINE, version))


def source(instance: Instance) -> tuple[str | None, bytes]:
    """The config file, and the options as lines of one."""
    words = instance.start_words
    if words is None:
        return instance.config_file, b""
    path, given = parts(words, instance.version)
    # A relative one is found where the unit starts it, and so was the one that runs.
    return path if path is None or os.path.isabs(path) else instance.config_file, given


def parts(words: Sequence[str], version: Version) -> tuple[str | None, bytes]:
    """The same of ``redis-server [FILE] --name value ...``, read as the server itself does."""
    rest, path = list(words[1:]), None
    if rest and not rest[0].startswith("-"):
        path = rest.pop(0)
    found: list[list[bytes]] = []
    lone = False  # the option before this word has no value yet
    for at, word in enumerate(rest):
        if word.startswith("--") and not (lone and version >= _TAKES_DASHES):
            # Its value may stand in the same word.
            found.append([word[2:].encode("utf-8", "surrogateescape")])
            lone = len(word.split()) == 1
            if word.lower() == "--save" and (at + 1 == len(rest) or rest[at + 1].startswith("--")):
                found[-1].append(b'""')
                lone = False
        elif found:
            found[-1].append(config_line.quote(word))
            lone = False
    return path, b"\n".join(b" ".join(line) for line in found if line[0].strip() != b"sentinel")
