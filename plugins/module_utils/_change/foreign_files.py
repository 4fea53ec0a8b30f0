# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that somebody else has edited since the change: found before anything is put back, and never overwritten
without a copy that only root can read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._errors import LowlatError
from .._host import files
from .._host.file_image import FileImage
from . import foreign, left_in, line_edits, origin, preimage, respelled, stored
from .store import Change
from .undone import Undone, collecting

_KIND = "file"
#: What a rewrite of a file keeps, so that only others change it.
_ATTRIBUTES = ("link", "mode", "owner", "group", "xattrs")


def look(result: Undone) -> None:
    """Write down which stored values and files somebody has edited, with a copy of each file.

    What becomes of the values is their files' matter.
    """
    for setting, before, facts in preimage.changed_settings(result.change):
        # A file that cannot be read any more says nothing; that it was edited is told below.
        with contextlib.suppress(LowlatError, OSError):
            path = stored.path(result.change, setting)
            if facts["persisted"] and path and not may_be_torn(result, path):
                foreign.look_at_stored(result, setting, before, stored.value(result.change, setting))
    for image in preimage.file_images(result.change):
        told = len(result.left)
        with collecting(result, f"look whether others have edited {image.path}"):
            now = FileImage.capture(image.path)
            differing = _foreign_parts(result, image, now)
            if differing:
                _write(result, image, now, differing)
            _tell_what_has_moved(result, image, now)
        entry = foreign.latest(result, _KIND, _subject(image))
        if len(result.left) > told and (entry is None or entry["done"] != "left"):
            result.unlooked.add(image.path)
            result.left.append(f"put {image.path} back: what others may have edited in it could not be kept first")


def edited(change: Change, policy: str) -> Iterator[tuple[str, str, str]]:
    """The same of each edited file, and nothing is written: its path, what of it is another, what would be done."""
    result = foreign.begin(change, policy)
    for image in preimage.file_images(change):
        with contextlib.suppress(LowlatError, OSError):
            now = FileImage.capture(image.path)
            differing = _foreign_parts(result, image, now)
            if differing:
                yield image.path, ", ".join(differing), foreign.DONE[_policy(result, image, now)]


def put_back(image: FileImage, result: Undone) -> None:
    """As it was before the change; of one that somebody else has edited what the policy says."""
    entry, now = foreign.latest(result, _KIND, _subject(image)), FileImage.capture(image.path)
    done, was = (entry["done"], entry["was"]) if entry else ("restored", None)
    if done == "left" and _state(now) == was:
        return
    if entry is not None and done == "kept":
        content = _without_ours(result, image, now)
        # With old values that would have hurt left out, it is neither of the two.
        if _state(now) == was or _state_with(content, now) == entry["leaves"]:
            if content is not None:
                content = left_in.with_the_changes(result.change, image.path, content, result.hurting, now.content)
            if content != now.content or not now.exists:
                files.replace_bytes(image.path, content)
            return
    ours = left_in.with_the_changes(result.change, image.path, image.content, result.hurting, now.content)
    replace(image, content=ours).restore()


def stays(image: FileImage, result: Undone) -> bool:
    """Whether the file, without the change's own lines, is as somebody else wants it."""
    entry = foreign.latest(result, _KIND, _subject(image))
    return entry is not None and entry["done"] == "kept" and _state(FileImage.capture(image.path)) == entry["leaves"]


def _foreign_parts(result: Undone, image: FileImage, now: FileImage) -> list[str]:
    """What of the file can only have come from others."""
    known = foreign.latest(result, _KIND, _subject(image))
    if known and _state(now) == known["was"]:
        return str(known["found"]).split(", ")
    differing = image.differs()
    if known and known["done"] == "kept" and _policy(result, image, now) == "keep" and _state(now) == known["leaves"]:
        return []
    if known and known["done"] == "restored" and "content" not in differing and now.exists:
        return []  # killed between its content and the rest
    own = _own_digests(result, image.path)
    if not differing or not own or may_be_torn(result, image.path):
        return []  # without digests what the change wrote is lost, and with it the means to tell
    content = ["existence"] if image.exists and not now.exists else ["content"]
    known_here = {*own, _content_digest(image), *_left_by_a_rollback(result, image)}
    found = content if _content_digest(now) not in known_here else []
    # What the change made itself has the attributes that it gave it.
    return found + [part for part in differing if part in _ATTRIBUTES and image.exists and now.exists]


def _own_digests(result: Undone, path: str) -> set[str]:
    """Of what the change was to write; journals of older releases tell what stood there when it was applied, too."""
    intended_here: Mapping[str, Any] = result.change.opened["lines"].get(path, {})
    applied = result.change.journal.last("applied") or {}
    found = {intended_here.get("digest"), applied.get("written", {}).get(path)}
    return {digest for digest in found if digest is not None}


def _left_by_a_rollback(result: Undone, image: FileImage) -> set[str]:
    """What an earlier one has made of the file where some old values would have hurt."""
    return set(map(_digest, left_in.all_of(result.change, image.path, image.content)))


def may_be_torn(result: Undone, path: str) -> bool:
    """Whether a write in place could have been cut short by the end of its process: ours, not somebody's edit."""
    journal = result.change.journal
    writing = journal.last("applied") is None or journal.last("rolling_back") is not None
    return writing and os.path.exists(path) and files.is_written_in_place(path)


def _write(result: Undone, image: FileImage, now: FileImage, differing: list[str]) -> None:
    policy, copy = _policy(result, image, now), ""
    if policy == "keep" and image.path not in result.change.opened["lines"]:
        result.left.append(f"take the change's own lines out of {image.path}: its journal does not tell which")
        policy = "fail"
    if policy != "fail" and now.exists:
        copy = _copy(result, image, now)
    leaves = _without_ours(result, image, now) if policy == "keep" else None
    foreign.write(
        result,
        _KIND,
        _subject(image),
        before=None,
        set=None,
        found=", ".join(differing),
        copy=copy,
        was=_state(now),
        leaves=_state_with(leaves, now) if policy == "keep" else None,
        done=foreign.DONE[policy],
    )


def _policy(result: Undone, image: FileImage, now: FileImage) -> str:
    """The change's own, but where a server's data or password would go back with the file."""
    if result.policy == "restore" and _moved(result, image, now):
        return "keep"
    return result.policy


def _moved(result: Undone, image: FileImage, now: FileImage) -> list[str]:
    return origin.moved(result.change, image.path, image.content, now.content) if image.exists and now.exists else []


def _tell_what_has_moved(result: Undone, image: FileImage, now: FileImage) -> None:
    entry, names = foreign.latest(result, _KIND, _subject(image)), _moved(result, image, now)
    if entry and names and entry["done"] == "kept" and result.policy == "restore":
        result.warnings.append(
            f"{', '.join(names)} in {image.path} was set after the change{origin.by_whom(names)}: of this file only "
            "the change's own lines went back, whatever on_foreign_change says, so that the server keeps its data, its "
            "role and who may in"
        )


def _copy(result: Undone, image: FileImage, now: FileImage) -> str:
    """The path of a copy that only root can read; of the same content there is one."""
    known = foreign.latest(result, _KIND, _subject(image))
    if known and known["copy"] and known["was"] == _state(now):
        return str(known["copy"])
    directory = result.change.directory
    number = sum(1 for _each in directory.glob("foreign-*"))
    copy = os.fspath(directory / f"foreign-{number}")
    files.replace_bytes(copy, now.content, 0o600)
    return copy


def _without_ours(result: Undone, image: FileImage, now: FileImage) -> bytes | None:
    """None where the file is gone, and stays so."""
    if not now.exists:
        return None
    edits = result.change.opened["lines"][image.path]["edits"]
    content = line_edits.take_out(edits, image.content, now.content)
    return respelled.taken_out(result.change, image.path, image.content, now.content, content)


def _state(image: FileImage) -> str:
    """A name for the file as it is: its content and what else is its own."""
    return _state_with(image.content if image.exists else None, image)


def _state_with(content: bytes | None, image: FileImage) -> str:
    """The same of a file with this content instead."""
    if content is None:
        return ""
    return _digest(
        content + repr((image.link, image.mode, image.uid, image.gid, sorted(image.xattrs.items()))).encode()
    )


def _content_digest(image: FileImage) -> str:
    return _digest(image.content) if image.exists else ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _subject(image: FileImage) -> tuple[str, str, None]:
    return _KIND, image.path, None
