# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Redis servers for tests: each on loopback, with a port and a directory of its own, ended by its pid."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable

import pytest
import redis
from hypothesis import settings

from .ports import free_port, give_back

if TYPE_CHECKING:
    from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address

# Its own default is 200 ms an example, which on a busy machine says nothing of the code.
settings.register_profile("clockless", deadline=None)
settings.load_profile("clockless")

_PATIENCE = 10.0


@dataclass
class Server:
    """A running redis-server. ``directory`` holds its config file, log, socket and data."""

    port: int
    directory: str
    process: subprocess.Popen[bytes]
    password: str | None = None
    clients: list[redis.Redis] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def config_file(self) -> str:
        return os.path.join(self.directory, "redis.conf")

    @property
    def unix_socket(self) -> str:
        return os.path.join(self.directory, "redis.sock")

    def client(self, **options: Any) -> redis.Redis:
        options.setdefault("password", self.password)
        self.clients.append(redis.Redis(host="127.0.0.1", port=self.port, decode_responses=True, **options))
        return self.clients[-1]

    def address(self, **changes: Any) -> Address:
        from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address

        changes.setdefault("password", self.password)
        return Address(**{"host": "127.0.0.1", "port": self.port, **changes})

    def start(self, *arguments: str) -> None:
        """Start (again) with the config file as it is now, and wait until it answers."""
        command = ["redis-server", self.config_file, *arguments]
        with open(os.path.join(self.directory, "stderr"), "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0) as sock:
                sock.sendall(b"PING\r\n")
                if sock.recv(64)[:5] in (b"+PONG", b"-NOAU", b"-DENI"):
                    return
            time.sleep(0.01)
        with open(os.path.join(self.directory, "redis.log"), errors="replace") as file:
            raise RuntimeError(f"redis-server does not answer: {file.read()[-2000:]}")

    def close(self) -> None:
        """Every connection that a test made: what it leaves to the garbage collector is told of another test."""
        for client in self.clients:
            client.close()

    def stop(self) -> None:
        """End the process, by its own handle, without saving anything."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(_PATIENCE)


def write_config(server: Server, lines: tuple[str, ...], persist: bool) -> None:
    """``lines`` come last and so win."""
    own = [
        f"port {server.port}",
        "bind 127.0.0.1",
        f"dir {server.directory}",
        f"unixsocket {server.unix_socket}",
        f"logfile {server.directory}/redis.log",
        "daemonize no",
        "save 3600 1" if persist else 'save ""',
    ]
    with open(server.config_file, "w", encoding="utf-8") as file:
        file.write("\n".join([*own, *lines]) + "\n")


@pytest.fixture
def redis_server() -> Iterator[Callable[..., Server]]:
    """A factory: ``redis_server("hz 20", persist=False, arguments=(), password=None) -> Server``."""
    servers: list[Server] = []

    def make(
        *lines: str, persist: bool = False, arguments: tuple[str, ...] = (), password: str | None = None
    ) -> Server:
        directory = tempfile.mkdtemp(prefix="lowlat-")
        server = Server(free_port(), directory, None, password)  # type: ignore[arg-type]
        servers.append(server)
        if password is not None:
            lines = (f"requirepass {password}", *lines)
        write_config(server, lines, persist)
        server.start(*arguments)
        return server

    yield make
    for server in servers:
        server.close()
        if server.process is not None:
            server.stop()
        give_back(server.port)
        shutil.rmtree(server.directory, ignore_errors=True)


@pytest.fixture
def pinned() -> str:
    """The line of redis.conf that keeps a server on one CPU: one that moves answers in 8 or in 70 us, as it happens."""
    return f"server_cpulist {max(os.sched_getaffinity(0))}"


@pytest.fixture
def in_namespaces() -> tuple[str, ...]:
    """The start of a command that runs with mounts and a network of its own; root needs no user namespace for it."""
    own = ("--mount", "--net") if os.geteuid() == 0 else ("--map-root-user", "--mount", "--net")
    return ("unshare", *own)
