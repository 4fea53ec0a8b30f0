# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the host itself gets in to the server of a change, with what it was left for that or without it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Callable

from .._errors import LowlatError, ServerError
from .._server import acl_users
from .._server.connection import Address
from .._settings.setting import Host
from . import addresses, stored, waiting
from .armed import Deadline
from .store import Change


def connecting(change: Change, armed: Deadline) -> Callable[[], Host]:
    """What gets a fresh connection each time it is called, with the login that the deadline holds.

    Where that is damaged, to the address that the journal tells. Somebody may have given the server another password
    since: the files that it would have it from at a start are looked at then.
    """

    def connect() -> Host:
        address = addresses.opened_at(change) if armed.damage else Address.from_options(armed.login)
        if address is None:
            raise _nowhere(change)
        try:
            return waiting.connecting(address)()
        except ServerError as error:
            if not _is_shut_out(error):
                raise
            return _with_what_the_files_say(change, address, error)

    return connect


def _with_what_the_files_say(change: Change, address: Address, refused: ServerError) -> Host:
    for password in _stored_passwords(change, address):
        if password != address.password:
            try:
                return waiting.connecting(replace(address, password=password))()
            except ServerError as error:
                if not _is_shut_out(error):
                    raise
    raise ServerError(
        f"{refused.what}: neither with what was kept for the deadline nor with what its config file says",
        where=refused.where,
        why=refused.why,
        remedy="Roll the change back by lowlat.redis.change with the login_user and the login_password that it has now",
        code=refused.details["code"],
    ) from refused


def _stored_passwords(change: Change, address: Address) -> Iterator[str | None]:
    """What the server would take from this user after a start, as far as it stands there in clear."""
    user = address.user or "default"
    with contextlib.suppress(LowlatError, OSError):
        path = stored.config_path(change)
        said = stored.effective(path, change) if path else {}
        if user == "default":
            yield said.get("requirepass") or None
        users = acl_users.at_start(path, said, stored.version(change)) if path else ()
        yield from (word[1:] for name, words in users if name == user for word in words if word.startswith(">"))


def _is_shut_out(error: ServerError) -> bool:
    return error.details.get("code") == "auth"


def _nowhere(change: Change) -> ServerError:
    return ServerError(
        "Nobody knows any more which server the change was made on",
        where=change.describe(),
        why="neither its journal nor what was kept for its deadline tells it",
        remedy="Roll the change back by lowlat.redis.change with the address and the login of that server",
        code="unknown",
    )
