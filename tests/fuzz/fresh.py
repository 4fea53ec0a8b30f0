# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fresh redis-server makes of a config file: its settings, or the line that it does not start with."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

_PATIENCE = 20.0
_END = "lowlat-end-of-file"
_FATAL = re.compile(rb"at line (\d+)\n>>> '(.*)'\n(.*)\n", re.DOTALL)


def own_lines(directory: str) -> bytes:
    """What the server of a test needs: a socket in a directory, and no port."""
    return f"port 0\nunixsocket {directory}/socket\ndir {directory}\nlogfile {directory}/log\ndaemonize no\n".encode()


@contextlib.contextmanager
def started(config: str, *, environment: dict[str, str] | None = None) -> Iterator[redis.Redis]:
    """A client of a server that reads this file; RuntimeError with its reason if it does not start."""
    directory = os.path.dirname(config)
    socket = os.path.join(directory, "socket")
    process = subprocess.Popen(
        ["redis-server", config], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, cwd=directory
    )
    client = redis.Redis(
        unix_socket_path=socket, decode_responses=True, encoding_errors="surrogateescape", retry=Retry(NoBackoff(), 0)
    )
    try:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                client.ping()
                break
            except redis.ConnectionError:
                if process.poll() is not None or time.monotonic() > end:
                    said = process.stderr.read() if process.stderr and process.poll() is not None else b"no answer"
                    raise RuntimeError(f"redis-server {config}: {said.decode(errors='replace')}") from None
                time.sleep(0.002)
        yield client
    finally:
        client.close()
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(socket)


def shown(config: str, *, environment: dict[str, str] | None = None) -> dict[str, str]:
    """Everything that CONFIG GET shows of a server that was started with this file."""
    with started(config, environment=environment) as client:
        found: dict[str, str] = client.config_get("*")  # type: ignore[assignment]
        return found


@dataclass(frozen=True)
class Refusal:
    """The line (from 0 on) that a server does not start with, and what it says."""

    number: int
    line: bytes
    why: str


def refusal(config: str) -> Refusal | None:
    """What the server says against the file, None if it would take it. It ends before it listens in any case."""
    with open(config, "rb") as file:
        content = file.read()
    trial = config + ".trial"
    with open(trial, "wb") as file:
        file.write(content + b"\n" + _END.encode() + b"\n")
    try:
        done = subprocess.run(["redis-server", trial], capture_output=True, timeout=_PATIENCE, check=False)
    finally:
        os.unlink(trial)
    found = _FATAL.search(done.stderr + b"\n")
    if found is None:
        raise RuntimeError(f"redis-server says neither yes nor no: {done.stderr!r}")
    if found[2] == _END.encode():
        return None
    return Refusal(int(found[1]) - 1, found[2], found[3].decode(errors="replace").strip())
