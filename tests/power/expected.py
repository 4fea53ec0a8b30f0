# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold in the virtual machine."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from tests.power.connection import Failed, Guest

_PATIENCE = 900.0
_SERVER = "redis-server.service"


def same(case: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Each part of two snapshots; the names of what differs are told."""
    for part, then in before.items():
        here = now[part]
        if here != then and isinstance(then, dict):
            names = sorted(name for name in {*then, *here} if then.get(name) != here.get(name))
            raise AssertionError(f"{case}: {part}: {[(name, then.get(name), here.get(name)) for name in names]}")
        assert here == then, f"{case}: {part}: {here}, it was {then}"


def kept(now: Mapping[str, Any]) -> None:
    """The values of a confirmed change, which survive what is lost with the power."""
    directives, kernel = now["directives"], list(now["kernel"].values())
    assert (directives["hz"], directives["maxmemory"]) == ("20", str(256 << 20)), directives
    assert [kernel[0].strip(), kernel[1].strip()] == ["1", "2048"] and "[never]" in kernel[2], kernel
    assert now["keys"][0] == 2000 and not now["ours"], now["ours"]


def put_back_before_start(case: str, change_id: str, log: str) -> None:
    """In the order in which systemd tells it: our unit had ended when the server was started."""
    lines = log.splitlines()
    ours = [number for number, line in enumerate(lines) if line.startswith(f"Finished lowlat-{change_id}-boot.service")]
    server = [number for number, line in enumerate(lines) if line.startswith(f"Starting {_SERVER}")]
    assert ours and server and ours[0] < server[0], f"{case}: {ours} {server}\n" + "\n".join(lines)


def never_started_with_it(guest: Guest, directive: str, value: str) -> None:
    """The first server process of this boot still runs, and has what a server has from its config file alone."""
    told = guest.ask("shell", command=f"journalctl -b -q -o cat _PID=1 | grep -c '^Starting {_SERVER}'")
    now = guest.ask("snapshot")["directives"][directive]
    assert (told.strip(), now) == ("1", value), (told, now)


def cpusets(guest: Guest) -> None:
    """Under cgroup v2: a CPU outside of the unit's cpuset is refused, one inside is taken, and given back."""
    guest.ask("shell", command=f"systemctl set-property --runtime {_SERVER} AllowedCPUs=1-2")
    assert guest.ask("snapshot")["threads"] == ["1,2"]
    try:
        guest.ask("change", state="applied", name="pin", settings=[{"kind": "affinity", "key": "server", "value": "0"}])
        raise AssertionError("a CPU outside of the cpuset was taken")
    except Failed as refusal:
        assert "cpuset" in str(refusal), refusal
    guest.ask("change", state="applied", name="pin", settings=[{"kind": "affinity", "key": "server", "value": "2"}])
    assert guest.ask("snapshot")["threads"] == ["2"]
    guest.ask("change", state="rolled_back")
    assert guest.ask("snapshot")["threads"] == ["1,2"]
    left = f"/run/systemd/system.control/{_SERVER}.d"
    guest.ask("shell", command=f"rm -r {left} && systemctl daemon-reload")


def deadline_whatever_the_clock(guest: Guest) -> None:
    """Set forward the timer fires too early, and nothing comes of it; set back it fires nevertheless, and not early."""
    change_id = next(each["change_id"] for each in guest.ask("changes") if each["state"] == "applied")
    due = guest.ask("deadline_of", change_id=change_id)
    guest.ask("shell", command="date --set='+1 day'")
    service = f"lowlat-{change_id}.service"
    _until(guest, f"journalctl -b -q -o cat _PID=1 | grep '^Started {service}'")
    early = guest.ask("clock") < due
    assert not early or guest.ask("changes")[-1]["state"] == "applied" or guest.ask("clock") >= due
    guest.ask("shell", command="date --set='-2 days'")
    guest.ask("settled")
    told = guest.ask("shell", command=f"journalctl -b -q -o short-monotonic -u {service} | grep 'rolled back:'")
    when = float(told.split("]")[0].strip("[ "))
    assert when >= due, f"taken back {due - when:.1f} s early"
    print(f"deadline: taken back {when - due:.1f} s after it, by a clock that nobody can set", flush=True)


def without_pre_images(steps: Sequence[str]) -> list[str]:
    """The steps of a journal in their order, told once each where they come in a row."""
    left = [step for step in steps if step not in ("setting", "file", "runtime", "launch", "services", "opened")]
    return [step for number, step in enumerate(left) if number == 0 or left[number - 1] != step]


def _until(guest: Guest, command: str) -> None:
    """Until this command has something to say."""
    end = time.monotonic() + _PATIENCE
    while not guest.ask("shell", command=command):
        assert time.monotonic() < end, command
        time.sleep(0.2)
