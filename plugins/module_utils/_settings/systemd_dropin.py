# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind systemd: a property of a unit, in a drop-in file of our own."""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace
from typing import Any

from .._errors import BadInput
from .._host import cpus, systemd
from .._server import allocator
from .._server.connection import server_errors
from . import affinity, dropin
from .setting import Host, Reading, Setting

_UNIT = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9:_.\\@-]*\.(?:service|slice|scope|socket|timer|mount|target|path|swap)\Z", re.ASCII
)
# A process counts its start in hundredths of a second, rounded down.
_TICK = 0.02


class SystemdDropin:
    """``Reading.live`` is the value in effect: of CPUAffinity what the server's threads really have; of any other
    key our drop-in's text, or without one the property as systemd shows it; None while the drop-in is newer than the
    process. Of an allocator's variable the allocator itself is asked. What else a running process was started with
    cannot be asked: after a change that restarted the server, taking such a key back takes a restart too.
    """

    def normalise(self, setting: Setting, host: Host) -> Setting:
        unit = _unit(setting, host)
        dropin.section(setting.key)
        value = dropin.check_value(setting.key, setting.value)
        _refuse_unknown(unit, setting.key)
        if setting.key == "CPUAffinity":
            value = _cpu_list(value, unit, host)
        elif setting.key == "Environment":
            _allocator_options(value)
        elif setting.key in dropin.MEMORY_LIMITS:
            dropin.size(value, 0)
        return replace(setting, unit=unit, value=value)

    def read(self, setting: Setting, host: Host) -> Reading:
        persisted = dropin.value(_content(setting, host), setting.key)
        return Reading(self._live(setting, host, persisted), persisted)

    def _live(self, setting: Setting, host: Host, persisted: str | None) -> Any:
        unit = _unit(setting, host)
        own = unit == host.instance.unit
        if own and setting.key == "CPUAffinity":
            return affinity.read_threads(host.instance.pid)
        if persisted is None:
            shown = systemd.show(unit, [dropin.property_name(setting.key)]).get(dropin.property_name(setting.key), "")
            return _shown_cpus(shown) if setting.key == "CPUAffinity" else shown
        if own and _newer_than_process(_file(setting, host), host):
            return None
        return _allocators_own_word(persisted, host) if own and setting.key == "Environment" else persisted

    def live_matches(self, setting: Setting, reading: Reading) -> bool:
        return bool(reading.live == setting.value)

    def persisted_matches(self, setting: Setting, reading: Reading) -> bool:
        return reading.persisted == setting.value

    def needs_restart(self, setting: Setting, reading: Reading, host: Host) -> bool:
        return _unit(setting, host) == host.instance.unit and not self.live_matches(setting, reading)

    def write_live(self, setting: Setting, value: Any, host: Host) -> None:
        """CPUAffinity can be had without a restart; anything else waits for one."""
        if setting.key == "CPUAffinity" and _unit(setting, host) == host.instance.unit and value:
            affinity.write_threads(host.instance.pid, value)

    def file(self, setting: Setting, host: Host) -> str | None:
        return _file(setting, host)

    def edit(self, setting: Setting, content: bytes | None, host: Host) -> bytes:
        return dropin.edit(content, setting.key, setting.value)

    def activate(self, host: Host) -> None:
        systemd.daemon_reload()


def _unit(setting: Setting, host: Host) -> str:
    unit = setting.unit or host.instance.unit
    if unit is None:
        raise BadInput(
            f"systemd {setting.key} has no unit",
            why="no unit is named, and systemd does not run this server",
            remedy="Name a unit, or leave the setting out (for CPUs there is the kind affinity)",
        )
    if not _UNIT.match(unit):
        raise BadInput(
            f"{unit!r} is no unit", why="its name has no such suffix", remedy="Write it like redis-server.service"
        )
    if not systemd.available():
        why = "nobody would read its drop-in"
        raise BadInput(
            "systemd does not run this host", where=unit, why=why, remedy="Leave settings of kind systemd out"
        )
    return unit


def _refuse_unknown(unit: str, key: str) -> None:
    """BadInput for a unit that is not there, and for a key that systemd would ignore in silence."""
    name = dropin.property_name(key)
    found = systemd.show(unit, ["LoadState", name])
    if found.get("LoadState") in ("not-found", "bad-setting", "error"):
        raise BadInput(f"systemd has no unit {unit}", why=f"its state is {found['LoadState']}", remedy="Name another")
    if name not in found:
        raise dropin.unknown(key, unit, systemd.show(unit, []))


def _cpu_list(value: str, unit: str, host: Host) -> str:
    if unit == host.instance.unit:
        return cpus.resolve(value, host.instance.pid)
    if value == "auto":
        raise BadInput(
            "auto means the server's own CPU", where=unit, why="this is another unit", remedy=f"Name the CPUs of {unit}"
        )
    wanted = cpus.parse_cpu_list(value)
    cpus.check_usable(wanted, os.getpid())
    return cpus.format_cpu_list(wanted)


def _allocator_options(text: str) -> dict[str, str]:
    """What an Environment= line tells jemalloc. BadInput for what jemalloc would not read."""
    variables = dropin.environment(text)
    return {
        option: value
        for name in allocator.VARIABLES
        for option, value in (allocator.parse_options(variables[name]) if name in variables else {}).items()
    }


def _allocators_own_word(text: str, host: Host) -> str:
    """The line, if jemalloc was really started with what it says: it ignores what it does not like."""
    wanted = _allocator_options(text)
    if not wanted:
        return text
    with server_errors(host.address):
        has = allocator.options(host.client)
    wrong = [f"{name}:{has[name]}" for name, value in wanted.items() if has.get(name, value) != value]
    return f"{text} (but jemalloc has {','.join(wrong)})" if wrong else text


def _shown_cpus(shown: str) -> str:
    """systemd shows ranges, or in older versions every CPU, with blanks between them."""
    return cpus.format_cpu_list(cpus.parse_cpu_list(",".join(shown.split()))) if shown.strip() else ""


def _file(setting: Setting, host: Host) -> str:
    return host.path(f"/etc/systemd/system/{_unit(setting, host)}.d/90-lowlat.conf")


def _content(setting: Setting, host: Host) -> bytes | None:
    try:
        with open(_file(setting, host), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _newer_than_process(path: str, host: Host) -> bool:
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return os.stat(path).st_mtime > booted + host.instance.process_started + _TICK
