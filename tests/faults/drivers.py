# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A driver process, and what comes of the requests that it makes."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

KILLED = -int(signal.SIGKILL)


@dataclass(frozen=True)
class Ended:
    """``status`` as a process ends with it, negative for a signal; ``said`` is all that it printed."""

    status: int
    said: str
    seconds: float = 0.0


class Driver:
    """One process that makes one request after the other; see driver.py."""

    def __init__(self) -> None:
        # Its own imports are the ones that it forks: what this one can import, and the project itself.
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
        environment["PYTHONDONTWRITEBYTECODE"] = "1"  # or a first request takes steps that no later one takes
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.driver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def ask(self, **order: Any) -> Ended:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the driver has ended"
        return Ended(**json.loads(answer))

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)


class Drivers:
    """As many as work at the same time."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._all = [Driver() for _one in range(number)]
        self._idle: queue.SimpleQueue[Driver] = queue.SimpleQueue()
        for driver in self._all:
            self._idle.put(driver)

    @contextlib.contextmanager
    def one(self) -> Iterator[Driver]:
        driver = self._idle.get()
        try:
            yield driver
        finally:
            self._idle.put(driver)

    def close(self) -> None:
        for driver in self._all:
            driver.close()
