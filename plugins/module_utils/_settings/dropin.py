# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a systemd drop-in: one value for each key, in the section where systemd looks for it."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable

from .._errors import BadInput

_HEADER = "# Written by lowlat.redis."
_KEY = re.compile(r"[A-Z][A-Za-z0-9]*\Z", re.ASCII)
_UNIT_KEYS = frozenset(
    """
    Description Documentation Wants Requires Requisite BindsTo PartOf Upholds Conflicts Before After OnFailure
    OnSuccess StartLimitIntervalSec StartLimitBurst StartLimitAction JobTimeoutSec RefuseManualStop
    StopWhenUnneeded IgnoreOnIsolate DefaultDependencies RequiresMountsFor
    """.split()  # noqa: SIM905 - one word a line would fill a screen
)
MEMORY_LIMITS = frozenset(("MemoryMax", "MemoryHigh", "MemoryLimit"))
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([BKMGTPE]?|%)\Z", re.ASCII)
_INSTALL_KEYS = frozenset(("Alias", "WantedBy", "RequiredBy", "UpheldBy", "Also", "DefaultInstance"))
# Keys whose property goes by another name; those that end in Sec show as USec besides.
_PROPERTIES = {"CPUQuota": "CPUQuotaPerSecUSec", "EnvironmentFile": "EnvironmentFiles"}
# Lines of these add up over all files of the unit: an empty one first makes ours the only one.
_MERGED = frozenset(("CPUAffinity",))


def section(key: str) -> str:
    """Unit or Service. BadInput for what is no key, or cannot be set in a drop-in."""
    if not _KEY.match(key):
        raise BadInput(
            f"{key!r} is no key of a systemd unit",
            why="it is not one word of letters and digits",
            remedy="Write it like CPUAffinity",
        )
    if key in _INSTALL_KEYS:
        raise BadInput(f"{key}= has no effect in a drop-in", why="[Install] is read when a unit is enabled only")
    return "Unit" if key in _UNIT_KEYS else "Service"


def check_value(key: str, value: str) -> str:
    """The value without blanks around it. BadInput if it would reach beyond its line."""
    if any(mark in value for mark in "\0\r\n"):
        raise BadInput(
            f"The value of {key} contains a line break or a NUL", why="it is one line", remedy="Write it on one line"
        )
    if value.rstrip().endswith("\\"):
        raise BadInput(f"The value of {key} ends with a backslash", why="systemd would join the next line to it")
    return value.strip()


def property_name(key: str) -> str:
    """The name under which systemd shows a key."""
    return _PROPERTIES.get(key) or (key[:-3] + "USec" if key.endswith("Sec") else key)


def unknown(key: str, unit: str, known: Iterable[str]) -> BadInput:
    """The error for a key that systemd does not have."""
    near = difflib.get_close_matches(key, known, 1)
    remedy = f"Did you mean {near[0]}?" if near else "See systemd.exec(5) and systemd.service(5)"
    return BadInput(f"systemd knows no {key}= in {unit}", why="it would ignore that line in silence", remedy=remedy)


def value(content: bytes | None, key: str) -> str | None:
    """The value of a key in our drop-in, None if it is not there."""
    found = values(content, key)
    return found[-1] if found else None


def values(content: bytes | None, key: str) -> list[str]:
    """What every line of a drop-in says of a key."""
    lines = (line.partition("=") for line in _text(content).splitlines())
    return [text.strip() for name, equals, text in lines if equals and name.strip() == key]


def environment(text: str) -> dict[str, str]:
    """The variables of an Environment= line, which may stand in quotes. BadInput for quotes without an end."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise BadInput(f"Environment={text} cannot be read", why=str(error), remedy="Close the quotes") from error
    return {name: value for name, equals, value in (word.partition("=") for word in words) if equals}


def size(text: str, total: int) -> int | None:
    """Bytes of a memory limit, of which ``total`` is all; None for infinity. BadInput for what systemd would ignore."""
    if text == "infinity":
        return None
    match = _SIZE.match(text)
    if not match:
        raise BadInput(
            f"{text!r} is no memory limit", why="systemd would ignore it", remedy="Write it like 2G, 50% or infinity"
        )
    number, unit = float(match.group(1)), match.group(2)
    return int(number * total / 100) if unit == "%" else int(number * 1024 ** "BKMGTPE".index(unit or "B"))


def edit(content: bytes | None, key: str, new: str) -> bytes:
    """The drop-in with the key set, in its section, every other line kept."""
    mine = [f"{key}=", f"{key}={new}"] if key in _MERGED and new else [f"{key}={new}"]
    wanted = f"[{section(key)}]"
    lines: list[str] = []
    here, placed, end = "", False, -1
    for line in _text(content).splitlines() or [_HEADER]:
        stripped = line.strip()
        if stripped.startswith("["):
            here = stripped
        if here == wanted and stripped.partition("=")[0].strip() == key:
            if not placed:
                lines += mine
                placed = True
            continue
        lines.append(line)
        if here == wanted and stripped:
            end = len(lines)
    if not placed:
        lines[end if end >= 0 else len(lines) :] = _rest(lines, end, wanted, mine)
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _rest(lines: list[str], end: int, wanted: str, mine: list[str]) -> list[str]:
    return [*mine, *lines[end:]] if end >= 0 else [wanted, *mine]


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "surrogateescape")
