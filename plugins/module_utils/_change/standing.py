# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which changes stand on which: a later one took its pre-images from an earlier one's result."""

from __future__ import annotations

from . import overlap, preimage
from .store import Change, Store


def on(store: Store, change: Change) -> list[Change]:
    """Those that stand on this change, and on them in turn, oldest first: all must be taken back before it."""
    found: list[Change] = []
    for other in store.all():
        if other.state != "rolled_back" and any(_stands(other, below) for below in (change, *found)):
            found.append(other)
    return found


def still_confirmed(store: Store, gone: Change, name: str | None) -> str:
    """The newest change (of that name) of its server that is kept and could be taken back now; empty if none is."""
    for change in reversed(store.all()):
        is_meant = change.state == "confirmed" and name in (None, change.name)
        if is_meant and overlap.is_same_server(gone, change) and not on(store, change):
            return change.change_id
    return ""


def waiting(change: Change) -> frozenset[str]:
    """Keys of earlier changes of its server that were kept and wait for a restart: any restart brings them."""
    others = Store(str(change.directory.parents[1])).all()
    return frozenset(
        key
        for other in others
        if other.state == "confirmed" and overlap.is_same_server(change, other)
        for key in other.pending_restart
    )


def later_keys(change: Change) -> frozenset[str]:
    """What later changes of its server have set and not taken back: it is newer than whatever this change knows."""
    others = Store(str(change.directory.parents[1])).all()
    return frozenset(
        key
        for other in others
        if other.state != "rolled_back" and _is_later(other, change) and overlap.is_same_server(change, other)
        for key in preimage.ours(other)
    )


def _stands(other: Change, change: Change) -> bool:
    # What a damaged one has written cannot be told.
    return _is_later(other, change) and bool(
        other.lost or _paths(other) & _paths(change) or overlap.settings(change, other)
    )


def _paths(change: Change) -> set[str]:
    return {image["path"] for image in change.opened["files"]}


def _is_later(other: Change, change: Change) -> bool:
    """One whose place is lost may be: it is no later only than one that nothing could follow."""
    if other.change_id == change.change_id or change.sequence is None:
        return False
    return other.sequence is None or other.sequence > change.sequence
