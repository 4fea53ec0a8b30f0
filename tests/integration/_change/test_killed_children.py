# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that may not pin itself, by a filter that no unit tells of: its children die by SIGSYS, it lives on."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import launch
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
SIGSYS = 31
#: sched_setaffinity, by machine.
NUMBERS = {"x86_64": 203, "aarch64": 122}
#: A program that starts another one under a filter of four instructions: load the number of the call; if it is this
#: one, kill; otherwise allow.
UNDER_FILTER = """#!{python}
import ctypes, os, struct, sys
code = struct.pack("=HBBIHBBIHBBIHBBI", 0x20, 0, 0, 0, 0x15, 0, 1, {number}, 6, 0, 0, 0x80000000, 6, 0, 0, 0x7FFF0000)
held = ctypes.create_string_buffer(code, len(code))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
program = Program(4, ctypes.addressof(held))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0, ctypes.get_errno()
os.execv({server!r}, [{server!r}, *sys.argv[1:]])
"""


@pytest.fixture
def filtered(changer: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Every start of it from now on is under the filter."""
    host = changer(persist=True)
    server = os.readlink(f"/proc/{host.pid}/exe").replace("redis-check-rdb", "redis-server")
    under = tmp_path / "under-filter"
    under.write_text(UNDER_FILTER.format(python=sys.executable, number=NUMBERS[os.uname().machine], server=server))
    under.chmod(0o755)
    start = launch.Launch.start
    monkeypatch.setattr(
        launch.Launch, "start", lambda how: start(dataclasses.replace(how, executable=os.fspath(under)))
    )
    return host


def cpu_for(key: str) -> dict[str, Any]:
    return {"kind": "redis", "key": key, "value": str(min(os.sched_getaffinity(0)))}


def test_a_child_that_dies_takes_the_change_back(filtered: Any) -> None:
    client, before = filtered.server.client(), filtered.config
    client.mset({f"key{number}": number for number in range(100)})
    with pytest.raises(ChangeError, match="A trial BGSAVE failed after the restart; the host was put back"):
        filtered.apply(cpu_for("bgsave-cpulist"), restart="allowed")
    log = (Path(filtered.server.directory) / "redis.log").read_text()
    assert f"Background saving terminated by signal {SIGSYS}" in log
    assert filtered.config == before and client.dbsize() == 100
    assert client.set("key", "is written again")


@pytest.mark.usefixtures("filtered", "first_start_in_vain")
def test_a_server_that_dies_at_its_start_takes_the_change_back(filtered: Any) -> None:
    client, before = filtered.server.client(), filtered.config
    client.set("key", "value")
    with pytest.raises(ChangeError, match="the host was put back"):
        filtered.apply(cpu_for("server-cpulist"), restart="allowed")
    assert filtered.config == before and client.get("key") == "value"
