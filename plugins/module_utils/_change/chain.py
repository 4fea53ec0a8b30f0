# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The text of a journal: lines of ``<digest> <json>\n``, each bound to the one before it. Pure.

A digest covers the digest before it as well, so that a flipped bit, a lost line or a changed order shows. A line is
certain when its text matches its digest, given the digest that stands in the line before it; whether the rest of that
line can still be read does not matter. So damage costs the line that it is in, and no other. A digest that is
damaged itself costs none: all but one of its characters are proof enough.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

_LENGTH = 32  # of a digest, in hexadecimal digits
#: Where a line begins whose predecessor has lost its newline.
_BEGINNING = re.compile(rb'(?=[0-9a-f]{32} \{")')
#: A line of damage is no reason to look for ever: so many digests may come before a line.
_PRIORS = 8


@dataclass(frozen=True)
class Lost:
    """A line that is not certain: its number from 1 on, and how many certain entries come before it."""

    line: int
    after: int


@dataclass
class Content:
    """What a journal says for certain. ``sound``: its bytes are as they were written.

    ``size`` counts the bytes without a last line that a crash cut short, which is no entry; ``digest`` is the last.
    """

    entries: list[dict[str, Any]] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    sound: bool = True
    size: int = 0
    digest: str = ""


def read(data: bytes) -> Content:
    """Every certain entry and the number of every other line. Raises nothing, whatever the bytes are."""
    content = Content()
    *lines, rest = data.split(b"\n")
    content.size = len(data) - len(rest)
    priors = [""]
    for number, line in enumerate(lines, start=1):
        priors = _take(content, number, line, priors)
    for text in (rest, rest[:-1]):  # whole, but for its newline
        found = _certain(text, priors)
        if found:
            content.entries.append(found[0])
            content.sound, content.digest = False, found[1]
            break
    return content


def write(entries: Iterable[dict[str, Any]], digest: str = "") -> Iterator[tuple[bytes, str]]:
    """(line, its digest) of each entry, where ``digest`` is that of the line before them."""
    for entry in entries:
        text = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode("ascii")
        digest = _digest(digest, text)
        yield digest.encode("ascii") + b" " + text + b"\n", digest


def _take(content: Content, number: int, line: bytes, priors: list[str]) -> list[str]:
    """Read one line, or two that have become one; the digests that the next line may be bound to."""
    found = _certain(line, priors)
    if found:
        entry, digest = found
        content.entries.append(entry)
        content.sound &= line.startswith(digest.encode("ascii") + b" ")
        content.digest = digest
        return [digest]
    content.sound = False
    for place in (match.start() for match in _BEGINNING.finditer(line, 1)):
        left, right = line[: place - 1], line[place:]
        after_left = _certain(left, priors)
        if after_left or _certain(right, [_stated(left)]):
            return _take(content, number, right, _take(content, number, left, priors))
    content.lost.append(Lost(number, len(content.entries)))
    return [*priors, _stated(line)][-_PRIORS:]


def _certain(line: bytes, priors: Iterable[str]) -> tuple[dict[str, Any], str] | None:
    """The entry of a line that was written after one of these digests, and its own digest."""
    stated, text = _stated(line), line[_LENGTH + 1 :]
    for prior in priors:
        digest = _digest(prior, text)
        if sum(here != there for here, there in zip(digest, stated)) <= 1 and len(stated) == _LENGTH:
            try:
                entry = json.loads(text)
            except (ValueError, RecursionError):
                return None
            return (entry, digest) if isinstance(entry, dict) and isinstance(entry.get("entry"), str) else None
    return None


def _stated(line: bytes) -> str:
    return line[:_LENGTH].decode("latin-1")


def _digest(prior: str, text: bytes) -> str:
    return hashlib.sha256(prior.encode("latin-1") + b" " + text).hexdigest()[:_LENGTH]
