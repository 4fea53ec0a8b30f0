# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private Redis for a bench."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address, control


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
            until = time.monotonic() + 10
            while True:
                try:
                    control(address).close()
                    break
                except Exception:
                    if time.monotonic() > until or process.poll() is not None:
                        raise
                    time.sleep(0.02)
            for thread in os.listdir(f"/proc/{process.pid}/task"):
                os.sched_setaffinity(int(thread), {cpu})
            yield address, process.pid
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
