# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which options of a connection make no sense, alone or together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import BadInput
from .._host.absolute import refuse_relative

_PATHS = ("login_unix_socket", "ca_certs", "client_cert_file", "client_key_file")


def check(port: int, params: Mapping[str, Any]) -> None:
    """BadInput names the first that does not."""
    if not 0 < port < 65536:
        raise BadInput(
            f"login_port {str(port)[:40]} is no TCP port",
            where="login_port",
            why="there are those from 1 to 65535",
            remedy="Give that of the server, or leave it out for 6379",
        )
    if params.get("tls") and params.get("login_unix_socket"):
        raise BadInput(
            "tls does not go with login_unix_socket",
            where="tls",
            why="a server speaks TLS on TCP ports alone",
            remedy="Give one of them",
        )
    pair = ("client_cert_file", "client_key_file")
    if bool(params.get(pair[0])) != bool(params.get(pair[1])):
        raise BadInput(
            "client_cert_file and client_key_file belong together",
            where=pair[0] if params.get(pair[0]) else pair[1],
            why="a certificate proves nothing without its key, nor a key without its certificate",
            remedy="Give both or none",
        )
    for name in _PATHS:
        if params.get(name):
            refuse_relative(name, str(params[name]))
