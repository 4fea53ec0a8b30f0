# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line that systemd would start a unit with: its ExecStart= with the environment of now filled in."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator, Mapping

#: What `systemctl show` must be asked for.
PROPERTIES = ("ExecStart", "Environment", "EnvironmentFiles")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+)\b|(\$))")


def words(shown: Mapping[str, str]) -> list[str] | None:
    """The words of an ExecStart= as `systemctl show` prints it; None where they cannot be read."""
    _before, found, rest = shown.get("ExecStart", "").partition("argv[]=")
    try:
        literal = shlex.split(rest.partition(" ; ")[0]) if found else None
    except ValueError:
        return None
    if literal is None or not any("$" in word for word in literal):
        return literal
    environment = _environment(shown)
    return [each for word in literal for each in _expanded(word, environment)]


def _expanded(word: str, environment: Mapping[str, str]) -> Iterator[str]:
    """A variable that is a word of its own may become several, or none."""
    alone = re.fullmatch(r"\$(\w+)", word)
    if alone:
        yield from _split(environment.get(alone[1], ""))
    else:
        yield _VARIABLE.sub(lambda match: match[3] or environment.get(match[1] or match[2], ""), word)


def _environment(shown: Mapping[str, str]) -> dict[str, str]:
    """Of Environment=, and over it of the files, which are read at each start."""
    found = dict(_assignments(_split(shown.get("Environment", ""))))
    for line in shown.get("EnvironmentFiles", "").splitlines():
        path = line.rpartition(" (ignore_errors=")[0] or line
        with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="surrogateescape") as file:
            for text in file.read().replace("\\\n", "").splitlines():
                if not text.lstrip().startswith(("#", ";")):
                    name, equals, value = text.strip().partition("=")
                    found.update(_assignments([f"{name.strip()}{equals}{' '.join(_split(value))}"]))
    return found


def _assignments(texts: list[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if equals:
            yield name, value


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
