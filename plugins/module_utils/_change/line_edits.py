# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of a file a change wrote, and taking just these out again when others have edited the file since. Pure.

Lines are remembered by their digests: the bytes that a change wrote may hold a secret that no rollback needs.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

#: [first line of before, line after the last, digests of the lines that took their place]. JSON-ready.
Edit = Sequence[Any]


def told(before: bytes, after: bytes) -> dict[str, Any]:
    """For the journal: what the change is about to make of a file, told without its text. JSON-ready."""
    return {"digest": hashlib.sha256(after).hexdigest(), "edits": between(before, after)}


def between(before: bytes, ours: bytes) -> list[Edit]:
    """What was done to the lines of ``before``; of lines that were replaced one by one, an edit each."""
    old, new = before.split(b"\n"), ours.split(b"\n")
    found: list[Edit] = []
    for tag, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        found.extend(_of_a_block(old[start:end], new[first:last], start))
    return found


def _of_a_block(old: Sequence[bytes], new: Sequence[bytes], at: int) -> Iterator[Edit]:
    """Of two lines that begin with the same word one took the other's place; of others those that stand alike."""
    names = [_name(line) for line in old], [_name(line) for line in new]
    for tag, start, end, first, last in difflib.SequenceMatcher(None, *names, autojunk=False).get_opcodes():
        pairs = min(end - start, last - first)
        for beside in range(pairs):
            if tag != "equal" or old[start + beside] != new[first + beside]:
                yield [at + start + beside, at + start + beside + 1, [_digest(new[first + beside])]]
        if end - start != last - first:
            yield [at + start + pairs, at + end, [_digest(line) for line in new[first + pairs : last]]]


def _name(line: bytes) -> bytes:
    return line.replace(b"=", b" ", 1).strip().partition(b" ")[0]


def take_out(edits: Sequence[Edit], before: bytes, current: bytes) -> bytes:
    """``current`` with these edits undone where their lines still stand; every other byte as it is.

    A line of ours that somebody has changed is theirs. Of a file that the change made (``before`` is empty) section
    headers and comments stay, since what others wrote may stand below them.
    """
    old, here = before.split(b"\n"), current.split(b"\n")
    digests = [_digest(line) for line in old]
    ours: list[str] = []
    at = 0
    spans: list[tuple[int, int, Edit]] = []
    for edit in edits:
        ours.extend(digests[at : edit[0]])
        spans.append((len(ours), len(ours) + len(edit[2]), edit))
        ours.extend(edit[2])
        at = edit[1]
    ours.extend(digests[at:])
    found = [_digest(line) for line in here]
    places = dict(_matches(ours, found))
    _add_moved(places, ours, found, [at for first, last, _edit in spans for at in range(first, last)])
    return b"\n".join(_undone(here, spans, places, old, made=not before))


def _undone(
    here: list[bytes],
    spans: Sequence[tuple[int, int, Edit]],
    places: dict[int, int],
    old: Sequence[bytes],
    *,
    made: bool,
) -> Iterator[bytes]:
    gone: set[int] = set()
    put: dict[int, list[bytes]] = {}
    theirs = set(range(len(here))) - set(places.values())
    for first, last, (start, end, _digests) in spans:
        standing = [places[at] for at in range(first, last) if at in places]
        if start == end:  # lines were added
            gone.update(at for at in standing if not (made and here[at][:1] in (b"[", b"#", b"")))
        elif first == last:  # lines were removed: back to where their neighbour stands
            beside = places.get(first, -1) if first in places else places.get(first - 1, -2) + 1
            if beside >= 0 and not _is_there(here, theirs, old[start:end], beside):
                put.setdefault(beside, []).extend(old[start:end])
        elif len(standing) == last - first:
            gone.update(standing)
            put.setdefault(standing[0], []).extend(old[start:end])
    for at, line in enumerate([*here, None]):
        yield from put.get(at, ())
        if line is not None and at not in gone:
            yield line


def _is_there(here: Sequence[bytes], theirs: set[int], lines: Sequence[bytes], beside: int) -> bool:
    """Whether somebody has put these lines back there already, before or behind."""
    for start in (beside - len(lines), beside):
        places = range(start, start + len(lines))
        if theirs.issuperset(places) and [here[at] for at in places] == list(lines):
            return True
    return False


def _matches(ours: Sequence[str], here: Sequence[str]) -> Iterator[tuple[int, int]]:
    for block in difflib.SequenceMatcher(None, ours, here, autojunk=False).get_matching_blocks():
        yield from ((block.a + at, block.b + at) for at in range(block.size))


def _add_moved(places: dict[int, int], ours: Sequence[str], here: Sequence[str], edited: Sequence[int]) -> None:
    """A server that writes its file anew puts them in an order of its own. Only a line that stands there once."""
    taken = set(places.values())
    for at in edited:
        if at not in places and here.count(ours[at]) == 1 and here.index(ours[at]) not in taken and ours[at] != _BLANK:
            places[at] = here.index(ours[at])


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()[:32]


_BLANK = _digest(b"")
