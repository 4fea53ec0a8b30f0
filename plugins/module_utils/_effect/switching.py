# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who toggles: one comparison of a server at a time, and nobody else's value is written over."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .._change import deadline
from .._change.proposal import refuse_unfinished
from .._change.store import Store
from .._errors import ChangeError
from .._settings.setting import Host
from .toggle import Toggle


def refuse_beside_a_change(store: Store, seconds: float) -> None:
    """A change that is applied and not confirmed yet may be looked at; one in between states may not be disturbed.

    Nor may the host be kept from taking it back in time: that waits for the lock, which is held meanwhile.
    """
    unfinished = store.unfinished()
    if unfinished is None:
        return
    if unfinished.state != "applied":
        refuse_unfinished(store)
    due = deadline.load(unfinished.directory)
    if due is not None and due.is_over(within=seconds):
        raise ChangeError(
            f"Change {unfinished.change_id} would be taken back while it is compared, so nothing was toggled",
            where=str(unfinished.directory),
            why=f"the host does that at {due.shown()} unless it is confirmed, and could not meanwhile",
            remedy="Confirm the change or take it back first, or give the comparison fewer seconds",
        )


@contextmanager
def alone(host: Host) -> Iterator[int]:
    """Hold the server's process, whatever state directory each comparison has; yields the descriptor that does.

    A second one would take the first one's value for what was found, and leave that. Where the kernel does not show
    the process there is nothing to hold.
    """
    descriptor = os.open(f"/proc/{host.instance.pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise ChangeError(
            "Settings of this server are being compared already, so nothing was toggled",
            where=str(host.address),
            why="another comparison, or what puts its values back, has not ended",
            remedy="Wait until it has; where the server does not answer, that takes up to 15 minutes",
        ) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Switching:
    """Brings new and old values into effect, and stops as soon as somebody else has set one.

    ``foreign`` is told by the setting's name what was found there. In the moment between the look and the write nobody
    is noticed.
    """

    def __init__(self, toggles: Sequence[Toggle], host: Host, foreign: dict[str, str]) -> None:
        self._toggles = toggles
        self._host = host
        self._foreign = foreign
        self._live: list[int | None] = [None] * len(toggles)

    def __call__(self, new: Sequence[int], old: Sequence[int]) -> None:
        for which, numbers in ((0, old), (1, new)):
            for number in numbers:
                self._look(number)
                self._toggles[number].write(which, self._host)
                self._live[number] = which

    def _look(self, number: int) -> None:
        toggle, which = self._toggles[number], self._live[number]
        expected = toggle.found.live if which is None else toggle.values[which].value
        live = toggle.live(self._host)
        if toggle.shows(expected, live):
            return
        self._foreign[toggle.name] = f"{toggle.name} is {live.live!r}, which somebody else has set: it was left alone"
        raise ChangeError(
            f"Somebody else set {toggle.name} while it was compared",
            where=str(self._host.address),
            why=f"it is {live.live!r}, and was {expected!r} a moment ago",
            remedy="That value was left alone; run it again when nobody else works on the host",
        )
