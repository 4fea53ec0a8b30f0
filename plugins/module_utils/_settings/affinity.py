# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind affinity: the CPUs of every thread of the server, live and without a restart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .._errors import BadInput
from .._host import cpus, threads
from .setting import Host, Reading, Setting, refuse_unit

KEY = "server"


class Affinity:
    """``Reading.live`` is one CPU list, or a list for each thread name where the threads differ."""

    def normalise(self, setting: Setting, host: Host) -> Setting:
        refuse_unit(setting)
        if setting.key != KEY:
            raise BadInput(f"There is no affinity {setting.key!r}", why=f"the only key is {KEY}: all threads of Redis")
        return replace(setting, value=cpus.resolve(setting.value, host.instance.pid))

    def read(self, setting: Setting, host: Host) -> Reading:
        return Reading(read_threads(host.instance.pid), None, persistable=False)

    def live_matches(self, setting: Setting, reading: Reading) -> bool:
        return bool(reading.live == setting.value)

    def persisted_matches(self, setting: Setting, reading: Reading) -> bool:
        return True

    def needs_restart(self, setting: Setting, reading: Reading, host: Host) -> bool:
        return False

    def write_live(self, setting: Setting, value: Any, host: Host) -> None:
        write_threads(host.instance.pid, value)

    def file(self, setting: Setting, host: Host) -> str | None:
        return None

    def edit(self, setting: Setting, content: bytes | None, host: Host) -> bytes:
        raise BadInput(
            "An affinity is in no file",
            where=f"affinity {setting.key}",
            why="the kernel alone keeps it, until the server ends",
            remedy="Make it last with {kind: systemd, key: CPUAffinity}",
        )

    def activate(self, host: Host) -> None:
        """There is no file."""


def read_threads(pid: int) -> str | dict[str, str]:
    """The CPU list that all threads share, otherwise thread name to CPU list."""
    here = {tid: cpus.format_cpu_list(allowed) for tid, allowed in threads.affinities(pid).items()}
    if len(set(here.values())) == 1:
        return next(iter(here.values()))
    names = threads.names(pid)
    return {names[tid]: text for tid, text in here.items() if tid in names}


def is_mixture(live: Any, *values: Any) -> bool:
    """Whether every thread is where one of these values has some.

    They are pinned one by one: whoever is killed meanwhile leaves some where they were.
    """
    return isinstance(live, dict) and set(live.values()) <= {place for value in values for place in _places(value)}


def _places(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else (value,)


def write_threads(pid: int, value: str | dict[str, str]) -> None:
    """Pin as ``read_threads`` describes it; a thread of a name that it does not have goes where the main one goes."""
    if isinstance(value, str):
        threads.set_affinity(pid, cpus.parse_cpu_list(value))
        return
    names = threads.names(pid)
    main = value.get(names[pid]) or next(iter(value.values()))
    threads.set_affinity(pid, cpus.parse_cpu_list(main))
    for tid, name in names.items():
        if name in value and value[name] != main:
            threads.pin_thread(tid, cpus.parse_cpu_list(value[name]))
