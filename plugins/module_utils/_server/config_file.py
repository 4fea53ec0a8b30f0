# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redis config file: what it makes of a server at its next start, and one directive of it edited.

Everything but the edited directive keeps its bytes: comments, blank lines, line endings, a missing last newline.
"""

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
    """A directive in some file. ``number`` counts from 0; ``own`` is false in an included file."""

    path: str
    number: int
    spelling: str
    name: str
    arguments: tuple[str, ...]
    own: bool


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
            # Lines add up, until one says "" and starts again.
            result[line.name] = f"{before} {text}".strip() if text else ""
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


def lines(
    content: bytes, path: str, version: Version = NEWEST, read: ReadFile = read_bytes, depth: int = 0
) -> Iterator[Line]:
    """Every directive of the file and of what it includes, in the order in which Redis reads them."""
    for number, raw in enumerate(content.split(b"\n")):
        stripped = raw.strip(b" \t\r\n")
        if not stripped or stripped.startswith(b"#"):
            continue
        words = config_line.split(stripped)
        if words is None:
            raise BadInput(
                "The config file has a line with unbalanced quotes",
                where=f"{path}, line {number + 1}",
                remedy="Correct it: Redis would not start with it",
            )
        if not words:
            continue
        name = directives.primary(words[0])
        yield Line(path, number, words[0], name, tuple(words[1:]), depth == 0)
        if name == "include" and len(words) == 2:
            for included in _included(words[1], path, version):
                if depth >= _DEPTH:
                    raise BadInput("The config file includes itself", where=path, remedy="Remove that include")
                yield from lines(read(included), included, version, read, depth + 1)


def _included(pattern: str, path: str, version: Version) -> list[str]:
    if not os.path.isabs(pattern):
        raise BadInput(
            f"The include {pattern!r} is relative to wherever the server was started",
            where=path,
            remedy="Write an absolute path, so that it means the same for everyone",
        )
    if version >= (7, 0, 0) and any(mark in pattern for mark in "*?["):
        # A pattern that matches nothing includes nothing. A leading dot must be spelled out, as in the C library.
        return sorted(glob.glob(pattern))
    return [pattern]


def edit(
    content: bytes, path: str, name: str, value: str, version: Version = NEWEST, read: ReadFile = read_bytes
) -> bytes:
    """The file's bytes with the directive set to ``value``.

    The line that wins is replaced where it stands. If there is none in this file, or an include after it wins, a line
    is appended. What has the value already is not touched.
    """
    wanted = directives.normalise(name, value)
    name_here = directives.primary(name)
    found = [line for line in lines(content, path, version, read) if line.name == name_here]
    if directives.same(name, wanted, values(iter(found)).get(name_here)):
        return content
    directive = directives.get(name)
    document = _Document(content)
    if directive is not None and directive.type == "save":
        _edit_save(document, found, name, wanted)
    elif directive is not None and directive.type == "limits":
        for group, limits in directives.limit_groups(wanted).items():
            _edit_limit(document, found, name, group, limits)
    elif found and found[-1].own:
        document.replace(found[-1].number, found[-1].spelling, directives.arguments(name, wanted))
    else:
        document.append(name, directives.arguments(name, wanted))
    return document.content()


def _edit_save(document: _Document, found: list[Line], name: str, wanted: str) -> None:
    """One line a pair, where the first line of them stood; after an include that saves, they begin with ``""``."""
    words = wanted.split()
    new = [words[at : at + 2] for at in range(0, len(words), 2)] or [[""]]
    included = [at for at, line in enumerate(found) if not line.own]
    if included:
        found = found[included[-1] + 1 :]
        new = [[""], *new] if words else new
    for line in found[1:]:
        document.remove(line.number)
    if found:
        document.replace(found[0].number, found[0].spelling, *new)
    else:
        for pair in new:
            document.append(name, pair)


def _edit_limit(document: _Document, found: list[Line], name: str, group: str, limits: str) -> None:
    holders = [line for line in found if group in _groups(line)]
    if holders and _groups(holders[-1])[group] == limits:
        return
    if not holders or not holders[-1].own:
        document.append(name, [group, *limits.split()])
        return
    line = holders[-1]
    groups = {**_groups(line), group: limits}
    spelled = {**{_group_name(word): word for word in line.arguments[::4]}}
    words = [word for each, text in groups.items() for word in (spelled.get(each, each), *text.split())]
    document.replace(line.number, line.spelling, words)


def _group_name(word: str) -> str:
    return "replica" if word.lower() == "slave" else word.lower()


def _groups(line: Line) -> dict[str, str]:
    try:
        return directives.limit_groups(directives.normalise(line.name, " ".join(line.arguments)))
    except BadInput:
        return {}


class _Document:
    """The physical lines of a file, each with its own ending."""

    def __init__(self, content: bytes) -> None:
        self._lines: list[list[bytes] | None] = [[line] for line in content.split(b"\n")]
        self._ending = b"\r" if content.partition(b"\n")[0].endswith(b"\r") and b"\n" in content else b""

    def replace(self, number: int, spelling: str, *new: list[str]) -> None:
        old = (self._lines[number] or [b""])[0]
        indent = old[: len(old) - len(old.lstrip(b" \t"))]
        ending = b"\r" if old.endswith(b"\r") else b""
        self._lines[number] = [indent + _line(spelling, words) + ending for words in new]

    def remove(self, number: int) -> None:
        self._lines[number] = None

    def append(self, spelling: str, words: list[str]) -> None:
        """After everything else; the file then ends with a newline exactly if it did before (an empty one gets one)."""
        last = self._lines[-1]
        line = _line(spelling, words)
        if last == [b""]:
            self._lines[-1:] = [[line + self._ending], [b""]]
        else:
            if last:
                last[-1] += b"" if last[-1].endswith(b"\r") else self._ending
            self._lines.append([line])

    def content(self) -> bytes:
        return b"\n".join(line for kept in self._lines if kept is not None for line in kept)


def _line(spelling: str, words: list[str]) -> bytes:
    return b" ".join(map(config_line.quote, [spelling, *words]))
