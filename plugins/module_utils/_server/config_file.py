# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One directive of a Redis config file edited.

Everything but the directive keeps its bytes: comments, blank lines, line endings, a missing last newline.
"""

from __future__ import annotations

from .._errors import BadInput
from . import config_line, directives
from .config_reader import NEWEST, Line, ReadFile, effective, lines, read_bytes, values
from .instance import Version

__all__ = ["edit", "effective"]


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
        _edit_save(document, found, name, wanted, version)
    elif directive is not None and directive.type == "limits":
        _edit_limits(document, found, name, directives.limit_groups(wanted))
    elif found and found[-1].own:
        document.replace(found[-1].number, found[-1].spelling, directives.arguments(name, wanted))
    else:
        document.append(name, directives.arguments(name, wanted))
    return document.content()


def _edit_save(document: _Document, found: list[Line], name: str, wanted: str, version: Version) -> None:
    """The first of the lines that count becomes the new one, the others go.

    One line for all pairs, as from 7.0 on lines after an include do not add up; before, a line takes one pair only.
    """
    words = wanted.split()
    pairs = [words[at : at + 2] for at in range(0, len(words), 2)]
    new = [words or [""]] if version >= (7, 0, 0) else pairs or [[""]]
    included = [at for at, line in enumerate(found) if not line.own]
    if included:
        found = found[included[-1] + 1 :]
        new = [[""], *new] if words and version < (7, 0, 0) else new
    for line in found[1:]:
        document.remove(line.number)
    if found:
        document.replace(found[0].number, found[0].spelling, *new)
    else:
        for line_words in new:
            document.append(name, line_words)


def _edit_limits(document: _Document, found: list[Line], name: str, wanted: dict[str, str]) -> None:
    """Each class changes in the line that wins for it; one line may win for several."""
    changes: dict[int, dict[str, str]] = {}
    for group, limits in wanted.items():
        at = max((at for at, line in enumerate(found) if group in _groups(line)), default=None)
        if at is not None and _groups(found[at])[group] == limits:
            continue
        if at is not None and found[at].own:
            changes.setdefault(at, {})[group] = limits
        else:
            document.append(name, [group, *limits.split()])
    for at, groups in changes.items():
        line = found[at]
        spelled = {_group_name(word): word for word in line.arguments[::4]}
        merged = {**_groups(line), **groups}
        words = [word for group, limits in merged.items() for word in (spelled.get(group, group), *limits.split())]
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
