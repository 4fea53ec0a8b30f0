# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Redis config file and its includes make of a server at its next start."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable

from .._errors import BadInput
from . import config_line, directives, include_pattern
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
        why = error.strerror or str(error)
        raise BadInput("Cannot read the config file", where=path, why=why, remedy="Make it readable") from error


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
            adds = bool(text) or not line.arguments  # with no argument at all it adds nothing
            result[line.name] = f"{'' if line.anew else before} {text}".strip() if adds else ""
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
        self._save_read = False

    def lines(self, content: bytes, path: str, depth: int) -> Iterator[Line]:
        saves_here = 0
        _refuse_nul(content, path)
        for number, words in _words_of_lines(content):
            if words is None:
                raise BadInput(
                    "The config file has a line with unbalanced quotes",
                    where=f"{path}, line {number + 1}",
                    why="Redis would not start with it",
                    remedy="Close them",
                )
            name = directives.primary(words[0])
            saves_here += name == "save"
            anew = name == "save" and self._saves_anew(saves_here == 1)
            yield Line(path, number, words[0], name, tuple(words[1:]), depth == 0, anew)
            if name == "include" and len(words) == 2:
                if depth >= _DEPTH:
                    why = f"its includes are more than {_DEPTH} deep"
                    raise BadInput("The config file includes itself", where=path, why=why, remedy="Remove that include")
                self._after_include = False
                yield from self.lines(self._included(words[1], path, depth), words[1], depth + 1)
                self._after_include = True

    def _saves_anew(self, first_here: bool) -> bool:
        """From 7.0 on, once an include has been read, every ``save`` is taken as by CONFIG SET, and of the others the
        first one replaces what was before; in 6.2 each file's first one does; older ones only add.
        """
        if self._version < (7, 0, 0):
            return first_here and self._version >= (6, 2, 0)
        first = not self._after_include and not self._save_read
        self._save_read |= first
        return self._after_include or first

    def _included(self, pattern: str, path: str, depth: int) -> bytes:
        """What an include reads: Redis joins the files of one pattern before it looks for lines."""
        if not os.path.isabs(pattern):
            raise BadInput(
                f"The include {pattern!r} is relative to wherever the server was started",
                where=path,
                why="nobody else can tell which file it reads",
                remedy="Write an absolute path, so that it means the same for everyone",
            )
        if self._version < (7, 0, 0) or not include_pattern.is_pattern(pattern):
            return self._read(pattern)
        names = include_pattern.matches(pattern, path)
        content = self._joined(names)
        for order in include_pattern.other_orders(names):
            if self._values(self._joined(order), pattern, depth) != self._values(content, pattern, depth):
                raise BadInput(
                    f"What the include {pattern} sets depends on the locale of the server",
                    where=path,
                    why=f"it sorts {', '.join(map(os.path.basename, names))}, and the last one wins",
                    remedy="Give the files names that sort alike everywhere, like 10-a.conf and 20-b.conf",
                )
        return content

    def _joined(self, names: list[str]) -> bytes:
        return b"".join(map(self._read, names))

    def _values(self, content: bytes, pattern: str, depth: int) -> dict[str, str]:
        return values(_Reader(self._version, self._read).lines(content, pattern, depth + 1))


def _refuse_nul(content: bytes, path: str) -> None:
    """Redis reads past a NUL without a word, and takes the next line for a part of that one."""
    at = content.find(b"\0")
    if at >= 0:
        line = content.count(b"\n", 0, at) + 1
        raise BadInput(
            "The config file has a NUL in it",
            where=f"{path}, line {line}",
            why="Redis drops the rest of such a line together with its end",
            remedy="Remove it, or save the file as UTF-8",
        )


@functools.lru_cache(maxsize=64)
def _words_of_lines(content: bytes) -> tuple[tuple[int, list[str] | None], ...]:
    """Number and words of each line that has any, None for words that cannot be told.

    Each setting of a change reads the same text, which mostly is comments, several times over.
    """
    found: list[tuple[int, list[str] | None]] = []
    for number, raw in enumerate(content.split(b"\n")):
        line = raw.strip(b" \t\r\n")
        if line and not line.startswith(b"#"):
            words = config_line.split(line)
            if words != []:
                found.append((number, words))
    return tuple(found)
