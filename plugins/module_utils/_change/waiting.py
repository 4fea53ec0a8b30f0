# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a condition, with an end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

from .._errors import ChangeError, LowlatError
from .._server import instance
from .._server.connection import Address, control, server_errors
from .._settings.setting import Host

#: Saving and loading take as long as the data set needs; this bounds a server that never ends. Seconds.
PATIENCE = 900.0
#: Between two looks: what is over at once is seen at once, and who takes long is not asked too often. Seconds.
_SHORTEST, _LONGEST = 0.003, 0.05


def until(condition: Callable[[], bool], what: str, where: str, patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    pause = _SHORTEST
    while not condition():
        if time.monotonic() > end:
            raise ChangeError(
                f"Waited in vain for {what}",
                where=where,
                why=f"not within {patience:.0f} s",
                remedy="See the server's log",
            )
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST)


def connecting(address: Address) -> Callable[[], Host]:
    """What gets a fresh connection to the server each time it is called. ServerError where there is none."""

    def connect() -> Host:
        client = control(address)
        try:
            with server_errors(address):
                return Host(client=client, address=address, instance=instance.discover(client, str(address)))
        except BaseException:
            client.connection_pool.disconnect()
            raise

    return connect


@contextmanager
def closed_at_the_end(connect: Callable[[], Host]) -> Iterator[Callable[[], Host]]:
    """The same, of which no connection outlives the block: an error that is told later holds on to its frames."""
    hosts: list[Host] = []

    def remembering() -> Host:
        hosts.append(connect())
        return hosts[-1]

    try:
        yield remembering
    finally:
        for host in hosts:
            host.client.connection_pool.disconnect()


def reach(
    connect: Callable[[], Host], blocked: float = 0.0, starting: float = 0.0
) -> tuple[Host | None, LowlatError | None]:
    """The host, or why there is none. A server that loads its data is waited for.

    So is one that does not answer in time, for ``blocked`` seconds, and one that nobody hears yet, for ``starting``.
    """
    begun = time.monotonic()
    patience = {"loading": PATIENCE, "timeout": blocked, "busy": blocked, "unreachable": starting}
    while True:
        try:
            return connect(), None
        except LowlatError as error:
            if time.monotonic() - begun >= patience.get(str(error.details.get("code")), 0.0):
                return None, error
            time.sleep(0.1)
