# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request about a change, as a module's parameters carry it; each state's own code is in request_*.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable

from .._errors import ChangeError
from .._server.connection import Address, server_errors
from .._settings.setting import Host
from . import waiting
from .store import Store

if TYPE_CHECKING:
    from .request_applied import Install


def run(
    params: Mapping[str, Any], *, check: bool, install: Install | None = None, diff: bool = False
) -> dict[str, Any]:
    """Carry out `state` for these parameters; with `check` nothing is written, with `diff` a rollback tells values.

    Without ``install`` nobody but the caller takes a change back.
    """
    address = Address.from_options(dict(params))
    store = Store(params["state_directory"])
    try:
        with waiting.closed_at_the_end(waiting.connecting(address)) as connect, server_errors(address):
            return _answer(params, store, connect, check, install, diff)
    except OSError as error:
        raise ChangeError(
            "The host does not let us work",
            where=str(error.filename or store.path),
            why=error.strerror or str(error),
            remedy="Make room there, or make it writable",
        ) from error


def _answer(
    params: Mapping[str, Any],
    store: Store,
    connect: Callable[[], Host],
    check: bool,
    install: Install | None,
    diff: bool,
) -> dict[str, Any]:
    # A module's code is compiled anew at each call, which takes longer than most requests: each takes its own alone.
    if params["state"] == "applied":
        from . import request_applied

        return request_applied.run(params, store, connect, check, install)
    if params["state"] == "confirmed":
        from . import request_confirmed

        return request_confirmed.run(params, store, connect, check)
    from . import request_rolled_back

    return request_rolled_back.run(params, store, connect, check, diff)
