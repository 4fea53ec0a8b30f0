# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private Redis for a bench."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.lowlat.redis.plugins.module_utils._change import waiting
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address


@contextmanager
def server(cpu: int, *options: str) -> Iterator[tuple[Address, int]]:
    """A private Redis on loopback, all of it on one CPU."""
    with tempfile.TemporaryDirectory() as directory:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", directory]
        process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            address = Address(port=port)
            host, why = waiting.reach(waiting.connecting(address), starting=10.0)
            if host is None:
                raise RuntimeError(f"no Redis for the bench: {why}")
            host.client.close()
            for thread in os.listdir(f"/proc/{process.pid}/task"):
                os.sched_setaffinity(int(thread), {cpu})
            yield address, process.pid
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
