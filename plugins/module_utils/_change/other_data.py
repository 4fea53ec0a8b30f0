# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that would come up with other data, or elsewhere: no rollback makes it so, so none is left to do for it."""

from __future__ import annotations

import contextlib

from .._errors import LowlatError
from .._server import supervisor
from .._server.connection import server_errors
from .._settings.setting import Host
from . import listening, persistence, preimage
from .store import Change
from .undone import Undone, answer


def warn(change: Change, host: Host, result: Undone) -> None:
    """Name what its config file and the running server differ in, of what the next start takes from the file."""
    # A file that cannot be read is told where it is compared.
    with contextlib.suppress(LowlatError, OSError), server_errors(host.address):
        names = persistence.elsewhere(host, preimage.ours(change))
        # Whoever starts a server again with the command line that he has for it has said there where it listens.
        if not listening.WHERE.keys().isdisjoint(names) and _is_supervised(host, result):
            names = [name for name in names if name not in listening.WHERE]
        if names:
            result.warnings.append(
                f"{host.instance.config_file} and the running server differ in {', '.join(names)}: started again it "
                "would have other data, another role or another password than now, or listen elsewhere. Make them "
                "agree, or nobody may restart it"
            )


def _is_supervised(host: Host, result: Undone) -> bool:
    """By another than systemd, of whose units the command line is known."""
    return not host.instance.unit and answer(
        result, "a supervisor starts the server", lambda: supervisor.of(host.instance.pid) is not None, otherwise=False
    )
