# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of every config file and every edit of it. Each returns what does not hold, a sentence each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._host import files
from ansible_collections.lowlat.redis.plugins.module_utils._host.file_image import FileImage
from ansible_collections.lowlat.redis.plugins.module_utils._server import (
    config_file,
    config_line,
    directives,
    startable,
)
from ansible_collections.lowlat.redis.plugins.module_utils._server.instance import Version

from . import fresh, values
from .config_text import Text, Writer, editable


def edit(text: Text, name: str, value: str, version: Version) -> tuple[bytes, list[str]]:
    """Edit the written file, look at what became of it, and put it back. It stays edited on the disk."""
    path, content = text.main, text.content
    wrong = []
    before = config_file.effective(path, version)
    edited = config_file.edit(content, path, name, value, version)
    if config_file.edit(edited, path, name, value, version) != edited:
        wrong.append("a second edit changes something")
    Path(path).write_bytes(edited)
    after = config_file.effective(path, version)
    primary = directives.primary(name)
    if not directives.same(name, value, after.pop(primary, None)):
        wrong.append("the file does not say what was written")
    before.pop(primary, None)
    if after != before:
        wrong.append("another directive changed")
    # Lines of save become one, whose ending is that of the first.
    if primary != "save" and edited.count(b"\n") == content.count(b"\n") and _endings(edited) != _endings(content):
        wrong.append("a line has another ending")
    if _others(edited, name, content) != _others(content, name, content):
        wrong.append("another line changed")
    return edited, [f"{name} {value!r}: {each}" for each in wrong]


def restore(path: str, edited: bytes) -> list[str]:
    """Capture the file, replace it by ``edited``, put it back: it must be as it was in all that a file has."""
    there = _all_of(path)
    if edited == there["content"]:
        return []  # nobody writes what is there already
    image = FileImage.capture(path)
    again = FileImage.from_dict(image.to_dict())
    files.replace_bytes(path, edited)
    now = _all_of(path)
    wrong = [] if Path(path).read_bytes() == edited else ["the edited file does not hold what was written"]
    wrong += [
        f"writing changes {name}" for name in there if name not in ("content", "mtime") and now[name] != there[name]
    ]
    again.restore()
    now = _all_of(path)
    wrong += [f"{name} is not as it was" for name in there if now[name] != there[name]]
    return wrong + [f"it differs in {name}" for name in again.differs()]


def disagreements(stored: Mapping[str, str], shown: Mapping[str, str]) -> list[str]:
    """Where a server that has just been started with a file shows something else than our reader makes of the file."""
    wrong = []
    for name, value in stored.items():
        directive = directives.get(name)
        names = (directive.name, *directive.aliases) if directive else (name,)
        here = [each for each in names if each in shown]
        wrong += [
            f"{each}: the file says {value!r}, the server shows {shown[each]!r}"
            for each in here
            if not directives.same(name, value, shown[each])
        ]
    return wrong


def _endings(content: bytes) -> list[bool]:
    return [line.endswith(b"\r") for line in content.split(b"\n")]


def _others(content: bytes, name: str, original: bytes) -> list[bytes]:
    """The lines of a file without those of one directive. The last may be given the ending that the others have."""
    primary = directives.primary(name)
    lines = content.split(b"\n")
    if content.endswith(b"\n"):
        lines.pop()
    crlf = original.partition(b"\n")[0].endswith(b"\r")
    last = original.split(b"\n")[-1]
    kept = []
    for line in lines:
        words = [] if line.strip().startswith(b"#") else config_line.split(line.strip(b" \t\r\n")) or []
        if not words or directives.primary(words[0]) != primary:
            kept.append(line[:-1] if crlf and line == last + b"\r" else line)
    return kept if content else []


def _all_of(path: str) -> dict[str, object]:
    status = os.stat(path)
    return {
        "content": Path(path).read_bytes(),
        "mode": status.st_mode,
        "owner": (status.st_uid, status.st_gid),
        "mtime": status.st_mtime_ns,
        "link": os.readlink(path) if os.path.islink(path) else None,
        "xattrs": {name: os.getxattr(path, name) for name in os.listxattr(path)},
        "leftovers": sorted(os.listdir(os.path.dirname(os.path.realpath(path)))),
    }


def refused_by_the_server(random: Random, config: str, known: Sequence[str], version: Version) -> list[str]:
    """One value for each directive, most of them bad: those that we take and that keep a server from starting."""
    lines: list[tuple[str, bytes]] = []
    for name, words in _some_values(random, known):
        try:
            edited = config_file.edit(b"", config, name, " ".join(words), version)
        except BadInput:
            continue
        lines += [(f"{name} {words}", line) for line in edited.splitlines(keepends=True)]
    return _without_a_start(config, lines)


def unnoticed(random: Random, config: str, shown: Mapping[str, str], version: Version) -> list[str]:
    """The same as somebody may have written them into a file: lines that keep a server down and that we do not name."""
    writer = Writer(random, "", list(shown))
    lines = [(f"{name} {words}", writer.line(name, words) + b"\n") for name, words in _some_values(random, list(shown))]
    return _without_a_start(
        config, [each for each in lines if not startable.objections(each[1], config, version, shown)]
    )


def _some_values(random: Random, known: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for directive in editable(known):
        words = (values.bad if random.random() < 0.8 else values.good)(random, directive)
        yield random.choice([each for each in (directive.name, *directive.aliases) if each in known]), words


def _without_a_start(config: str, lines: list[tuple[str, bytes]]) -> list[str]:
    """Those of the lines that a server does not start with, and what it says."""
    wrong = []
    while True:
        Path(config).write_bytes(b"".join(line for _what, line in lines))
        found = fresh.refusal(config)
        if found is None:
            return wrong
        what, _line = lines.pop(found.number)
        wrong.append(f"{what}: {found.why}")
