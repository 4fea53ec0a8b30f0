# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind sysctl: a kernel parameter under /proc/sys, kept over a reboot by a file in /etc/sysctl.d."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import Any

from .._errors import BadInput
from . import kernel_file
from .setting import Host, Reading, Setting, refuse_unit

FILE = "/etc/sysctl.d/zz-lowlat.conf"
# In the order of precedence: a file hides those of its name in the later ones.
_DIRECTORIES = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
_PART = re.compile(r"[A-Za-z0-9_@:-][A-Za-z0-9_.@:-]*\Z", re.ASCII)
_NUMBER = re.compile(r"-?\d+\Z", re.ASCII)


class Sysctl:
    """``Reading.live`` is the value with its white space made single blanks."""

    def normalise(self, setting: Setting, host: Host) -> Setting:
        refuse_unit(setting)
        key = dotted(setting.key)
        path = _path(key, host)
        value = " ".join(kernel_file.one_line(setting.value, f"sysctl {key}").split())
        now = kernel_file.read(path, f"sysctl {key}")
        value = _like(now.split(), value, key)
        if value != " ".join(now.split()):
            kernel_file.check_writable(path, f"sysctl {key}")
        return replace(setting, key=key, value=value)

    def read(self, setting: Setting, host: Host) -> Reading:
        live = " ".join(kernel_file.read(_path(setting.key, host), f"sysctl {setting.key}").split())
        return Reading(live, _persisted(setting.key, host))

    def live_matches(self, setting: Setting, reading: Reading) -> bool:
        return bool(reading.live == setting.value)

    def persisted_matches(self, setting: Setting, reading: Reading) -> bool:
        return reading.persisted == setting.value

    def needs_restart(self, setting: Setting, reading: Reading, host: Host) -> bool:
        return False

    def write_live(self, setting: Setting, value: Any, host: Host) -> None:
        kernel_file.write(_path(setting.key, host), str(value), f"sysctl {setting.key}")

    def file(self, setting: Setting, host: Host) -> str | None:
        return host.path(FILE)

    def edit(self, setting: Setting, content: bytes | None, host: Host) -> bytes:
        def is_ours(line: str) -> bool:
            return [key for key, _value in assignments(line)] == [setting.key]

        return kernel_file.replace_line(content, is_ours, f"{setting.key} = {setting.value}")

    def activate(self, host: Host) -> None:
        """Its file is read at boot only; the live value is written by itself."""


def dotted(key: str) -> str:
    """The key with dots; a dot within a part (a VLAN's name) is a slash then, as sysctl itself has it."""
    separators = [mark for mark in key if mark in "./"]
    name = key if not separators or separators[0] == "." else key.translate(str.maketrans("./", "/."))
    parts = name.split(".")
    if len(parts) < 2 or not all(_PART.match(part.replace("/", ".")) for part in parts):
        raise BadInput(
            f"{key!r} is no sysctl", why="it is no path below /proc/sys", remedy="Write it like net.core.somaxconn"
        )
    return name


def _path(key: str, host: Host) -> str:
    relative = key.translate(str.maketrans("./", "/."))
    return kernel_file.existing(host.path("/proc/sys"), relative, f"sysctl {key}")


def _like(now: list[str], value: str, key: str) -> str:
    """A parameter that holds numbers takes as many numbers: with fewer the kernel would change only the first ones."""
    if not now or not all(map(_NUMBER.match, now)):
        return value
    words = value.split()
    if len(words) != len(now) or not all(map(_NUMBER.match, words)):
        count = "a number" if len(now) == 1 else f"{len(now)} numbers"
        raise BadInput(f"sysctl {key} does not take {value!r}", why=f"it holds {count} (now {' '.join(now)})")
    return " ".join(str(int(word)) for word in words)


def _persisted(key: str, host: Host) -> str | None:
    """What the next boot would set: the last assignment in all of the sysctl.d files, in the order of their names."""
    chosen: dict[str, str] = {}
    for directory in _DIRECTORIES:
        path = host.path(directory)
        for name in os.listdir(path) if os.path.isdir(path) else ():
            if name.endswith(".conf"):
                chosen.setdefault(name, os.path.join(path, name))
    found = None
    for name in sorted(chosen):
        try:
            with open(chosen[name], encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
        except OSError:
            continue
        for assigned, value in assignments(text):
            if assigned == key:
                found = value
    return found


def assignments(text: str) -> list[tuple[str, str]]:
    """Keys (dotted) and values of a sysctl.d file. Patterns, and names that are none, are left out."""
    found = []
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped[0] in "#;" or "=" not in stripped:
            continue
        key, _equals, value = stripped.partition("=")
        try:
            found.append((dotted(key.strip().lstrip("-")), " ".join(value.split())))
        except BadInput:
            continue
    return found
