# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes requests, each in a process of its own that may be killed: ``python -m tests.faults.driver``.

It reads a line of JSON for each and answers with one. A process is forked from this one, which has imported
everything: most of what a fresh interpreter does would be its own imports, under strace as well.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._change import request, rollback, settling, waiting
from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError
from ansible_collections.lowlat.redis.plugins.module_utils._libraries import psutil, redis
from ansible_collections.lowlat.redis.plugins.module_utils._runner import commands, copy
from ansible_collections.lowlat.redis.plugins.module_utils._settings.setting import Host

from . import broken
from .steps import TRACED

__all__ = ["psutil", "redis", "rollback", "waiting"]  # imported before the first fork
#: prctl: let any process trace this one, which some kernels allow to ancestors alone.
_SET_PTRACER, _ANY = 0x59616D61, -1


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(_serve(json.loads(line))), flush=True)


def _serve(order: dict[str, Any]) -> dict[str, Any]:
    """Make one request, with its fault; how it ended and what it said."""
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as said:
        pid = os.fork()
        if pid == 0:
            os.close(writing)
            _child(order, reading, said.fileno())
        os.close(reading)
        tracer = _attach(pid, order) if order.get("log") else None
        start = time.monotonic()
        os.write(writing, b"!")
        os.close(writing)
        if order.get("victim"):
            _kill_while_it_stands_still(pid, order)
        elif order.get("seconds") is not None:
            time.sleep(order["seconds"])
            os.kill(pid, signal.SIGKILL)  # nobody has waited for it yet, so it is that process or its remains
        _pid, status = os.waitpid(pid, 0)
        seconds = time.monotonic() - start
        if tracer:
            tracer.wait()
        said.seek(0)
        answer = {"status": os.waitstatus_to_exitcode(status), "seconds": seconds}
        return {**answer, "said": said.read().decode("utf-8", "replace")}


def _child(order: dict[str, Any], reading: int, said: int) -> None:
    status = 70
    try:
        ctypes.CDLL(None).prctl(_SET_PTRACER, _ANY, 0, 0, 0)
        for standard in (1, 2):
            os.dup2(said, standard)
        if order.get("log"):
            # One look more or less would shift the calls that are counted.
            waiting._SHORTEST = waiting._LONGEST = 0.15
        if not order.get("settled"):
            # No sandbox kills these servers after their start: one look, and not one or two as the machine is busy.
            settling.SETTLE = settling.FIRST_LOOK = 0.0
        if order.get("root"):
            Host.__init__.__defaults__ = (order["root"],)
        if order.get("broken"):
            getattr(broken, order["broken"])()
        os.read(reading, 1)
        status = _run(order)
    except BaseException as error:
        _say(f"{type(error).__name__}: {error}")
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        os._exit(status)


def _run(order: dict[str, Any]) -> int:
    if "recover" in order:
        return commands.main(["recover", order["recover"]])
    try:
        request.run(order["params"], check=False, install=copy.install)
    except LowlatError as error:
        _say(error.message)
        return 1
    return 0


def _say(text: str) -> None:
    """As far as that is possible: its own words may be what fails."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


def _attach(pid: int, order: dict[str, Any]) -> subprocess.Popen[str]:
    """strace at this process, before it does anything."""
    words = ["strace", "-y", "-s", "160", "-o", order["log"], "-p", str(pid)]
    if order.get("fault"):
        words += ["-e", f"trace={','.join(sorted(TRACED))}", "-e", f"inject={order['fault']}"]
    tracer = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    said = tracer.stderr.readline()
    if "attached" not in said:
        os.kill(pid, signal.SIGKILL)
        raise SystemExit(f"strace: {said}{tracer.stderr.read()}")
    return tracer


def _kill_while_it_stands_still(pid: int, order: dict[str, Any]) -> None:
    """The fault of this order is a SIGSTOP: while it lasts the server dies."""
    end = time.monotonic() + 60
    while time.monotonic() < end and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        with open(order["log"], errors="replace") as log:
            if "--- stopped by SIGSTOP" in log.read():
                with contextlib.suppress(psutil.NoSuchProcess):
                    server = psutil.Process(order["victim"])
                    server.kill()
                    while server.is_running() and server.status() != psutil.STATUS_ZOMBIE:
                        time.sleep(0.002)
                os.kill(pid, signal.SIGCONT)
                return
        time.sleep(0.005)


if __name__ == "__main__":
    main()
