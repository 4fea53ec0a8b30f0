# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the virtual machine: carries out one request a line (JSON) or a word, and answers each with a line.

One process for a whole boot, because an emulated processor takes seconds for a new one. What it tells of the host it
reads by itself; the collection's code, in the archive beside it, only makes the changes and tells their history.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import redis

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lowlat.pyz"))

from ansible_collections.lowlat.redis.plugins.module_utils._change import history, request
from ansible_collections.lowlat.redis.plugins.module_utils._change.journal import Journal
from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError
from ansible_collections.lowlat.redis.plugins.module_utils._runner import copy

STATE = "/var/lib/lowlat"
#: Minutes, for a machine that is emulated on one that is busy: nothing is decided by how long something takes.
_PATIENCE = 900.0


def main() -> None:
    """Answer until nobody asks any more."""
    for asked in ({"do": word, "with": {}} for word in sys.argv[1:]) if sys.argv[1:] else map(json.loads, sys.stdin):
        if asked["do"] == "change":
            _say({"began": True})
        try:
            answer = ACTIONS[asked["do"]](**asked["with"])
        except LowlatError as error:
            answer = {"failed": str(error)}
        _say(answer)


def _say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def change(**params: Any) -> dict[str, Any]:
    """What the module lowlat.redis.change does with these parameters."""
    begun = time.monotonic()
    defaults = {"name": None, "change_id": None, "settings": [], "restart": "allowed", "confirm_within": 36000}
    done = request.run({**defaults, "state_directory": STATE, **params}, check=False, install=copy.install)
    return {**done, "seconds": time.monotonic() - begun}


def changes() -> list[dict[str, Any]]:
    """What change_info tells, with the names of the steps that each journal holds."""
    told = history.tell(STATE, None)["changes"]
    for one in told:
        journal = Journal.load(Path(STATE, "changes", one["change_id"], "journal"))
        one["steps"] = [entry["entry"] for entry in journal.entries]
    return told


def settled() -> list[dict[str, Any]]:
    """The changes, once nobody watches over any of them and their units have come to an end."""
    end = time.monotonic() + _PATIENCE
    while glob.glob(f"{STATE}/changes/*/armed") or _units():
        if time.monotonic() > end:
            log = shell("journalctl -b -q -u 'lowlat-*'")
            raise LowlatError("The host did not come to rest", why=f"{_units()}; {log}")
        time.sleep(0.2)
    return changes()


def _units() -> list[str]:
    """Units of ours that do something, wait or have failed, and files of them.

    One whose file is gone stays with systemd, inactive, until that reads its units again.
    """
    loaded = shell("systemctl list-units --plain --no-legend 'lowlat-*'").splitlines()
    return loaded + glob.glob("/etc/systemd/system/**/*lowlat-2*", recursive=True)


def snapshot() -> dict[str, Any]:
    """What a rollback must put back, whatever the change was about; each part a list or dictionary to compare."""
    client = redis.Redis(decode_responses=True)
    kernel = (
        "/proc/sys/vm/overcommit_memory",
        "/proc/sys/net/core/somaxconn",
        "/sys/kernel/mm/transparent_hugepage/enabled",
    )
    server = client.info("server")["process_id"]
    threads = glob.glob(f"/proc/{server}/task/*")
    names = sorted(client.scan_iter(count=1000))
    keys = list(zip(names, client.mget(names))) if names else []
    return {
        "files": dict(sorted(_files("/etc"))),
        "directives": client.config_get("*"),
        "kernel": {path: _read(path).decode() for path in kernel},
        "threads": sorted(
            {",".join(map(str, sorted(os.sched_getaffinity(int(os.path.basename(one)))))) for one in threads}
        ),
        "keys": [len(keys), hashlib.sha256(repr(keys).encode()).hexdigest()],
        "unit": shell(
            "systemctl show redis-server.service --property=NRestarts,ActiveState,CPUAffinity,DropInPaths"
        ).splitlines(),
        "ours": _units(),
    }


def _files(top: str) -> list[tuple[str, list[Any]]]:
    """Every name below ``top`` with type and mode, owner, group, and its bytes' hash or where it points."""
    found = []
    for directory, directories, names in os.walk(top):
        for path in (os.path.join(directory, name) for name in [*directories, *names]):
            status = os.lstat(path)
            held = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
            if stat.S_ISREG(status.st_mode):
                held = hashlib.sha256(_read(path)).hexdigest()
            found.append((path, [stat.filemode(status.st_mode), status.st_uid, status.st_gid, held]))
    return found


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def shell(command: str) -> str:
    """Both outputs of a command, whatever it ends with."""
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout


def clock() -> float:
    """Seconds since the boot, which nobody can set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def deadline_of(change_id: str) -> float:
    """When it is, by the same clock."""
    line = _read(f"{STATE}/changes/{change_id}/armed").partition(b"\n")[0]
    return float(json.loads(line.partition(b" ")[2])["boot_at"])


ACTIONS = {each.__name__: each for each in (change, changes, settled, snapshot, shell, clock, deadline_of)}

if __name__ == "__main__":
    main()
