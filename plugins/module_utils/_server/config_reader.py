# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Redis config file and its includes make of a server at its next start."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable

from .._errors import BadInput
from . import config_line, directives
from .instance import Version

NEWEST: Version = (8, 0, 0)
# Redis itself has no limit and dies of a file that includes itself.
_DEPTH = 32

ReadFile = Callable[[str], bytes]


@dataclass(frozen=True)
class Line:
    """A directive in some file. ``number`` counts from 0; ``own`` is false in an included file.

    ``anew``: a ``save`` that does not add to the lines before it but replaces them.
    """

    path: str
    number: int
    spelling: str
    name: str
    arguments: tuple[str, ...]
    own: bool
    anew: bool = False


def read_bytes(path: str) -> bytes:
    """The file's bytes. BadInput if it cannot be read, as Redis could not start with it either."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise BadInput("Cannot read the config file", where=path, why=error.strerror or str(error)) from error


def effective(path: str, version: Version = NEWEST, read: ReadFile = read_bytes) -> dict[str, str]:
    """Directive (by its primary name) to the value that the file and its includes give it, as CONFIG GET shows it.

    A directive that no line names is absent: the server's default holds then.
    """
    return values(lines(read(path), path, version, read))


def values(found: Iterator[Line]) -> dict[str, str]:
    """The same from the lines in the order in which Redis reads them."""
    result: dict[str, str] = {}
    for line in found:
        directive = directives.get(line.name)
        kind = directive.type if directive else ""
        text = " ".join(line.arguments)
        before = result.get(line.name, "")
        if kind == "save":
            result[line.name] = f"{'' if line.anew else before} {text}".strip() if text else ""
        elif kind == "limits":
            result[line.name] = _with_limits(before, text)
        else:
            result[line.name] = text
    return result


def _with_limits(before: str, text: str) -> str:
    try:
        groups = directives.limit_groups(directives.normalise("client-output-buffer-limit", text))
    except BadInput:
        return f"{before} {text}".strip()
    merged = {**directives.limit_groups(before), **groups}
    return " ".join(f"{name} {limits}" for name, limits in merged.items())


def lines(content: bytes, path: str, version: Version = NEWEST, read: ReadFile = read_bytes) -> Iterator[Line]:
    """Every directive of the file and of what it includes, in the order in which Redis reads them."""
    return _Reader(version, read).lines(content, path, 0)


class _Reader:
    """Reads as one version of Redis does."""

    def __init__(self, version: Version, read: ReadFile) -> None:
        self._version = version
        self._read = read
        self._after_include = False

    def lines(self, content: bytes, path: str, depth: int) -> Iterator[Line]:
        saves_here = 0
        for number, raw in enumerate(content.split(b"\n")):
            words = _words(raw, path, number)
            if not words:
                continue
            name = directives.primary(words[0])
            saves_here += name == "save"
            anew = name == "save" and self._saves_anew(saves_here == 1)
            yield Line(path, number, words[0], name, tuple(words[1:]), depth == 0, anew)
            if name == "include" and len(words) == 2:
                if depth >= _DEPTH:
                    raise BadInput("The config file includes itself", where=path, remedy="Remove that include")
                self._after_include = False
                # Redis joins the files of one pattern before it looks for lines.
                joined = b"".join(map(self._read, self._included(words[1], path)))
                yield from self.lines(joined, words[1], depth + 1)
                self._after_include = True

    def _saves_anew(self, first_here: bool) -> bool:
        """From 7.0 on, once an include has been read, every ``save`` is taken as by CONFIG SET; in 6.2 each file's
        first one replaces what was before; older ones only add.
        """
        if self._version >= (7, 0, 0):
            return self._after_include
        return first_here and self._version >= (6, 2, 0)

    def _included(self, pattern: str, path: str) -> list[str]:
        if not os.path.isabs(pattern):
            raise BadInput(
                f"The include {pattern!r} is relative to wherever the server was started",
                where=path,
                remedy="Write an absolute path, so that it means the same for everyone",
            )
        if self._version >= (7, 0, 0) and any(mark in pattern for mark in "*?["):
            # A pattern that matches nothing includes nothing.
            return sorted(glob.glob(pattern))
        return [pattern]


def _words(raw: bytes, path: str, number: int) -> list[str]:
    stripped = raw.strip(b" \t\r\n")
    if stripped.startswith(b"#"):
        return []
    words = config_line.split(stripped)
    if words is None:
        raise BadInput(
            "The config file has a line with unbalanced quotes",
            where=f"{path}, line {number + 1}",
            remedy="Correct it: Redis would not start with it",
        )
    return words
