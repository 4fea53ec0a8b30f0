# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a server is, how to get in, and what its refusals mean."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from .._errors import BadInput, ServerError
from . import options

if TYPE_CHECKING:
    import redis
    from redis.connection import Connection

# Seconds until a server that does not answer counts as not there.
TIMEOUT = 5.0

# argument_spec of the connection, named as in community.general.redis.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "login_host": {"type": "str", "default": "127.0.0.1"},
    "login_port": {"type": "int", "default": 6379},
    "login_unix_socket": {"type": "path"},
    "login_user": {"type": "str"},
    "login_password": {"type": "str", "no_log": True},
    "tls": {"type": "bool", "default": False},
    "validate_certs": {"type": "bool", "default": True},
    "ca_certs": {"type": "path"},
    "client_cert_file": {"type": "path"},
    "client_key_file": {"type": "path", "no_log": False},
}


@dataclass(frozen=True)
class Address:
    """Where a server listens and who asks. Neither ``str`` nor ``repr`` show the password."""

    host: str = "127.0.0.1"
    port: int = 6379
    unix_socket: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    validate_certs: bool = True
    ca_certs: str | None = None
    client_cert_file: str | None = None
    client_key_file: str | None = None
    timeout: float = TIMEOUT

    def __str__(self) -> str:
        if self.unix_socket:
            return f"unix:{self.unix_socket}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def transport(self) -> str:
        """unix, tls or tcp."""
        if self.unix_socket:
            return "unix"
        return "tls" if self.tls else "tcp"

    def tls_options(self) -> dict[str, Any]:
        """What of it is no secret and does not stand in its text. JSON-ready."""
        names = ("tls", "validate_certs", "ca_certs", "client_cert_file", "client_key_file")
        return {name: getattr(self, name) for name in names if self.tls or name == "tls"}

    @classmethod
    def from_options(cls, params: dict[str, Any]) -> Address:
        """The address that the module parameters of ``ARGUMENTS`` name."""
        port = 6379 if params.get("login_port") is None else int(params["login_port"])
        options.check(port, params)
        return cls(
            host=params.get("login_host") or "127.0.0.1",
            port=port,
            unix_socket=params.get("login_unix_socket") or None,
            user=params.get("login_user") or None,
            password=params.get("login_password"),
            tls=bool(params.get("tls")),
            validate_certs=params.get("validate_certs") is not False,
            ca_certs=params.get("ca_certs") or None,
            client_cert_file=params.get("client_cert_file") or None,
            client_key_file=params.get("client_key_file") or None,
        )


def _connection_arguments(address: Address) -> dict[str, Any]:
    import redis

    arguments: dict[str, Any] = {
        "username": address.user,
        "password": address.password,
        "socket_timeout": address.timeout,
        "encoding_errors": "surrogateescape",
    }
    if int(redis.__version__.split(".", 1)[0]) >= 5:
        # One reply format, whatever the library prefers by default.
        arguments["protocol"] = 2
    if address.unix_socket:
        arguments["path"] = address.unix_socket
        return arguments
    arguments.update(host=address.host, port=address.port, socket_connect_timeout=address.timeout)
    if address.tls:
        for path in (address.ca_certs, address.client_cert_file, address.client_key_file):
            if path and not os.access(path, os.R_OK):
                raise BadInput(
                    f"{path} cannot be read",
                    where=str(address),
                    why="it is not there, or not open to whoever runs this",
                    remedy="Give a readable PEM file",
                )
        arguments.update(
            ssl_cert_reqs="required" if address.validate_certs else "none",
            ssl_check_hostname=address.validate_certs,
            ssl_ca_certs=address.ca_certs,
            ssl_certfile=address.client_cert_file,
            ssl_keyfile=address.client_key_file,
        )
    return arguments


def _connection_class(address: Address) -> Any:
    from redis import connection

    if address.unix_socket:
        return connection.UnixDomainSocketConnection
    return connection.SSLConnection if address.tls else connection.Connection


def control(address: Address) -> redis.Redis:
    """A client for everything but the timed loop. Its server has answered PING once, or still obeys CONFIG and INFO.

    ServerError says why there is none.
    """
    import redis

    arguments = _connection_arguments(address)
    # A pool of our own: Redis() would add retries that hide a dead server for seconds.
    pool = redis.ConnectionPool(connection_class=_connection_class(address), decode_responses=True, **arguments)
    client = redis.Redis(connection_pool=pool)
    try:
        found = refusal(client, address)
        if found is not None:
            raise found
    except BaseException:
        pool.disconnect()
        raise
    return client


def refusal(client: redis.Redis, address: Address) -> ServerError | None:
    """Why the server does not take commands of ours, None if it does.

    A replica whose link to its master is down may refuse what reads data, and a server whose last BGSAVE failed what
    writes, PING with it: both obey CONFIG and INFO.
    """
    try:
        with server_errors(address):
            client.ping()
    except ServerError as error:
        return None if error.details["code"] in ("masterdown", "misconf") else error
    return None


def raw(address: Address) -> Connection:
    """A connection that is let in and has answered PING; its socket blocks without a time-out.

    A time-out would add a poll to every call of the timed loop.
    """
    connection: Any = _connection_class(address)(**_connection_arguments(address))
    try:
        with server_errors(address):
            connection.connect()
            connection.send_command("PING")
            connection.read_response()
    except BaseException:
        connection.disconnect()
        raise
    socket_of(connection).settimeout(None)
    return cast("Connection", connection)


def socket_of(connection: Connection) -> Any:
    """The socket under a connection; redis-py has no public name for it."""
    return connection._sock


@contextmanager
def server_errors(address: Address) -> Iterator[None]:
    """Turns what redis-py raises into ServerError. ``details["code"]`` names the kind for programs:

    unreachable, timeout, tls, auth, noperm, unknown_command, loading, masterdown, misconf, busy, protocol, refused.
    """
    from redis import exceptions

    try:
        yield
    except (exceptions.RedisError, ConnectionError, TimeoutError, socket.gaierror) as error:
        raise explain(error, address) from error


def _kind(error: BaseException) -> str:
    from redis import exceptions

    text = str(error)
    if isinstance(error, exceptions.BusyLoadingError) or text.startswith(("LOADING", "Redis is loading")):
        return "loading"
    if text.startswith("MASTERDOWN") or "Link with MASTER is down" in text:
        return "masterdown"
    if text.startswith("MISCONF"):
        return "misconf"
    if text.startswith("NOPERM") or "no permissions" in text:
        return "noperm"
    if isinstance(error, exceptions.AuthenticationError) or re.match(
        "(ERR )?(NOAUTH|WRONGPASS|DENIED|invalid password|AUTH <password>|Client sent AUTH)", text
    ):
        return "auth"
    if isinstance(error, (exceptions.TimeoutError, TimeoutError)) or "timed out" in text.lower():
        return "timeout"
    if re.search(r"\bSSL\b|certificate|\[SSL|TLS", text):
        return "tls"
    if isinstance(error, (exceptions.ConnectionError, OSError)):
        return "unreachable"
    if isinstance(error, exceptions.InvalidResponse):
        return "protocol"
    if "unknown command" in text or "unknown subcommand" in text.lower():
        return "unknown_command"
    return "busy" if text.startswith("BUSY") else "refused"


def explain(error: BaseException, address: Address) -> ServerError:
    """What a redis-py exception means for the operator."""
    text = str(error).rstrip(".") or type(error).__name__
    kind = _kind(error)
    named = re.search(r"['`]([^'`]+)['`]", text)
    command = named.group(1).replace("|", " ").upper() if named else "a command that is needed here"
    who = address.user or "default"
    what, remedy = {
        "unreachable": (
            "Nobody answers there as a Redis server",
            "Start the server, or correct login_host, login_port, login_unix_socket or tls "
            "(for a playbook gated_change_login_host, gated_change_tls and so on)",
        ),
        "timeout": (
            "The server does not answer in time",
            f"It had {address.timeout:g} s: see whether it is busy, "
            "stopped or behind a firewall, and whether tls is set as it should be",
        ),
        "tls": (
            "The TLS connection fails",
            "Compare tls, ca_certs, client_cert_file and validate_certs with what the server offers "
            "(for a playbook gated_change_tls and so on)",
        ),
        "auth": (
            f"The server does not let user {who} in",
            "Correct login_user and login_password "
            "(for a playbook gated_change_login_user and gated_change_login_password)",
        ),
        "noperm": (f"User {who} may not run {command}", "Allow it with ACL SETUSER, or log in as a user who may"),
        "unknown_command": (
            f"The server has no command {command}",
            "If rename-command or the provider took it away, give it back, or do without what needs it",
        ),
        "loading": ("The server is still loading its data", "Try again when it has finished"),
        "masterdown": (
            "The server is a replica that has lost its master and serves no stale data",
            "Mend the link to its master, or set replica-serve-stale-data yes",
        ),
        "misconf": (
            "The server could not save its data, and refuses writes until it can",
            "See its log for the reason (disk full, no memory for the fork, a child killed by SIGSYS)",
        ),
        "busy": ("The server is busy running a script", "Wait, or end the script with SCRIPT KILL"),
        "protocol": (
            "What answers there is no Redis server",
            "Correct login_host, login_port or tls "
            "(for a playbook gated_change_login_host, gated_change_tls and so on)",
        ),
        "refused": ("The server refuses", "See its log; its version or its configuration does not allow this"),
    }[kind]
    return ServerError(what, where=str(address), why=text, remedy=remedy, code=kind)


def command(client: redis.Redis, *words: Any) -> Any:
    """Reply to a command that the oldest redis-py in use has no method for."""
    return cast(Any, client).execute_command(*words)
