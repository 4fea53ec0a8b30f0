# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind sysfs: a file under /sys, kept over a reboot by a line for systemd-tmpfiles."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from .._errors import BadInput
from . import kernel_file
from .setting import Host, Reading, Setting, refuse_unit

FILE = "/etc/tmpfiles.d/lowlat.conf"
_PART = re.compile(r"[A-Za-z0-9_@:+,.-]+\Z", re.ASCII)
_SELECTION = re.compile(r"(?:^|\s)\[([^\s\]]+)\](?:\s|$)")
_NUMBER = re.compile(r"-?\d+\Z", re.ASCII)


class Sysfs:
    """``Reading.live`` is the value; of a choice such as "always [madvise] never" the one in brackets."""

    def normalise(self, setting: Setting, host: Host) -> Setting:
        refuse_unit(setting)
        key = relative(setting.key)
        what = f"/sys/{key}"
        path = kernel_file.existing(host.path("/sys"), key, what)
        value = " ".join(kernel_file.one_line(setting.value, what).split())
        now = kernel_file.read(path, what)
        choices = _choices(now)
        if choices and value not in choices:
            raise BadInput(f"{what} does not take {value!r}", why=f"it takes one of {', '.join(choices)}")
        if _NUMBER.match(now) and not _NUMBER.match(value):
            raise BadInput(f"{what} does not take {value!r}", why=f"it holds a number (now {now})")
        if _NUMBER.match(now) and _NUMBER.match(value):
            value = str(int(value))
        if value != selected(now):
            kernel_file.check_writable(path, what)
        return replace(setting, key=key, value=value)

    def read(self, setting: Setting, host: Host) -> Reading:
        what = f"/sys/{setting.key}"
        live = selected(kernel_file.read(kernel_file.existing(host.path("/sys"), setting.key, what), what))
        return Reading(live, _persisted(setting.key, host))

    def live_matches(self, setting: Setting, reading: Reading) -> bool:
        return bool(reading.live == setting.value)

    def persisted_matches(self, setting: Setting, reading: Reading) -> bool:
        return reading.persisted == setting.value

    def needs_restart(self, setting: Setting, reading: Reading, host: Host) -> bool:
        return False

    def write_live(self, setting: Setting, value: Any, host: Host) -> None:
        what = f"/sys/{setting.key}"
        kernel_file.write(kernel_file.existing(host.path("/sys"), setting.key, what), str(value), what)

    def file(self, setting: Setting, host: Host) -> str | None:
        return host.path(FILE)

    def edit(self, setting: Setting, content: bytes | None, host: Host) -> bytes:
        # systemd-tmpfiles expands % and takes \ as an escape in what it writes.
        argument = setting.value.replace("\\", "\\\\").replace("%", "%%")

        def is_ours(line: str) -> bool:
            return line.split()[:2] == ["w", f"/sys/{setting.key}"]

        return kernel_file.replace_line(content, is_ours, f"w /sys/{setting.key} - - - - {argument}")

    def activate(self, host: Host) -> None:
        """Its file is read at boot only; the live value is written by itself."""


def relative(key: str) -> str:
    """The path under /sys. BadInput if it would not stay there."""
    path = key[len("/sys/") :] if key.startswith("/sys/") else key
    if not all(_PART.match(part) and part not in (".", "..") for part in path.split("/")):
        raise BadInput(
            f"{key!r} is no file under /sys", why="it would lead out of it", remedy="Write it like kernel/mm/ksm/run"
        )
    return path


def selected(text: str) -> str:
    """The choice in brackets, otherwise the text with its white space made single blanks."""
    match = _SELECTION.search(text)
    return match.group(1) if match else " ".join(text.split())


def _choices(text: str) -> list[str]:
    return [word.strip("[]") for word in text.split()] if _SELECTION.search(text) else []


def _persisted(key: str, host: Host) -> str | None:
    try:
        with open(host.path(FILE), encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    found = None
    for line in lines:
        fields = line.split(None, 6)
        if len(fields) == 7 and fields[:2] == ["w", f"/sys/{key}"]:
            found = fields[6].replace("%%", "%").replace("\\\\", "\\")
    return found
