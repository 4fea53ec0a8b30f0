# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration directives: names, types, and which of them only a restart changes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from .._errors import BadInput
from .directive_table import TABLE
from .directive_types import NORMALISE
from .instance import Version

if TYPE_CHECKING:
    import redis

_ATTRIBUTE = re.compile(r"(restart|secret|alias|since|until|valkey)(<|>=|=)?(.*)\Z")
#: CPUs of the server and of its children, which Redis pins itself.
CPU_LISTS = ("server-cpulist", "bio-cpulist", "aof-rewrite-cpulist", "bgsave-cpulist")
_INJECTION = re.compile(r"[\0\r\n]")
_SECRET_LOOKING = re.compile(r"pass|auth|secret|token|credential")

_TCP_NODELAY = (
    "Redis sets TCP_NODELAY on every client connection by itself and has no directive for it; as CONFIG SET it is an "
    "unknown option, and in the config file it keeps the server from starting"
)


@dataclass(frozen=True)
class Directive:
    """One line of the table. ``limits`` are what follows the type; ``restart`` is "", "always", "<x.y" or ">=x.y"."""

    name: str
    type: str
    limits: list[str]
    aliases: tuple[str, ...] = ()
    restart: str = ""
    secret: bool = False
    since: str = ""


def _parse(line: str) -> Directive:
    name, kind, *words = line.split()
    limits: list[str] = []
    aliases: list[str] = []
    restart, secret, since = "", False, ""
    for word in words:
        match = _ATTRIBUTE.match(word)
        if not match:
            limits.append(word)
            continue
        attribute, sign, value = match.groups()
        if attribute == "restart":
            restart = f"{sign}{value}" if sign else "always"
        elif attribute == "secret":
            secret = True
        elif attribute == "alias":
            aliases.append(value)
        elif attribute == "since":
            since = f"Redis {value}"
        elif attribute == "valkey":
            since = f"Valkey {value}"
    return Directive(name, kind, limits, tuple(aliases), restart, secret, since)


_DIRECTIVES = {directive.name: directive for directive in map(_parse, TABLE.split("\n")[1:-1])}
_PRIMARY = {alias: directive.name for directive in _DIRECTIVES.values() for alias in directive.aliases}


def primary(name: str) -> str:
    """The one name that all spellings of a directive share; any other name in small letters."""
    lower = name.lower()
    return _PRIMARY.get(lower, lower)


def table() -> Iterable[Directive]:
    """Every directive that is known."""
    return _DIRECTIVES.values()


def get(name: str) -> Directive | None:
    """What the table knows of a directive, under any of its names."""
    return _DIRECTIVES.get(primary(name))


def find(name: str, known: Iterable[str]) -> str:
    """The spelling of ``known`` (what CONFIG GET * lists) for ``name``. BadInput with the nearest if there is none."""
    listed = {spelling.lower(): spelling for spelling in known}
    wanted = name.strip().lower()
    spellings = [wanted, wanted.replace("_", "-"), wanted.replace("-", "_")]
    for spelling in spellings:
        if spelling in listed:
            return listed[spelling]
    directive = next((found for found in map(get, spellings) if found), None)
    for spelling in (directive.name, *directive.aliases) if directive else ():
        if spelling in listed:
            return listed[spelling]
    if spellings[1] == "tcp-nodelay":
        raise BadInput(
            "There is no directive tcp-nodelay", why=_TCP_NODELAY, remedy="For replication use repl-disable-tcp-nodelay"
        )
    since = f"; it came with {directive.since}" if directive and directive.since else ""
    near = difflib.get_close_matches(spellings[1], listed, 1)
    raise BadInput(
        f"This server knows no directive {name!r}",
        why=f"CONFIG GET * does not list it{since}",
        remedy=f"Did you mean {near[0]}?" if near else "Name one that it lists, or mark the setting optional",
    )


def normalise(name: str, text: str) -> str:
    """The canonical text of a value. BadInput with the reason if the directive does not take it.

    A directive that the table does not know (a module's) keeps its value as it is.
    """
    if _INJECTION.search(text):
        raise BadInput(
            f"The value of {name} contains a line break or a NUL",
            why="a directive is one line",
            remedy="Write it on one line",
        )
    directive = get(name)
    if directive is None:
        return text
    try:
        return NORMALISE[directive.type](text if directive.type == "string" else text.strip(), directive.limits)
    except ValueError as error:
        shown = "" if directive.secret else f" {text}"
        remedy = f"Give {name} a value that it takes"
        raise BadInput(f"Cannot set {name}{shown}", why=str(error), remedy=remedy) from error


def same(name: str, wanted: str, found: str | None) -> bool:
    """Whether the value found is what is wanted, by the directive's own type.

    Of client-output-buffer-limit only the classes that are wanted count.
    """
    if found is None:
        return False
    try:
        here, there = normalise(name, wanted), normalise(name, found)
    except BadInput:
        return wanted == found
    directive = get(name)
    if directive is not None and directive.type == "limits":
        return limit_groups(here).items() <= limit_groups(there).items()
    if directive is not None and directive.type == "events" and "A" in here:
        # A server that shows A leaves out n, whether it is on or not.
        return here.replace("n", "") == there.replace("n", "")
    return here == there


def limit_groups(text: str) -> dict[str, str]:
    """Client class to "hard soft seconds" of a normalised client-output-buffer-limit."""
    words = text.split()
    return {words[at]: " ".join(words[at + 1 : at + 4]) for at in range(0, len(words), 4)}


def immutable(name: str, version: Version) -> bool:
    """Whether CONFIG SET refuses the directive in that version (Redis and Valkey count alike here)."""
    directive = get(name)
    if directive is None or not directive.restart:
        return False
    if directive.restart == "always":
        return True
    sign, major, minor = re.match(r"(<|>=)(\d+)\.(\d+)", directive.restart).groups()  # type: ignore[union-attr]
    limit = (int(major), int(minor))
    return version[:2] < limit if sign == "<" else version[:2] >= limit


def secret(name: str) -> bool:
    """Whether the value must not be shown. Of directives the table does not know, any that sounds like one."""
    directive = get(name)
    return directive.secret if directive else name.lower() == "user" or bool(_SECRET_LOOKING.search(name.lower()))


def arguments(name: str, value: str) -> list[str]:
    """The arguments after the name in a config file; a value of one argument stays one, blanks and all."""
    directive = get(name)
    several = directive is not None and directive.type in _SEVERAL_ARGUMENTS
    return value.split() or [""] if several else [value]


_SEVERAL_ARGUMENTS = frozenset(("words", "numbers", "percentages", "flags", "save", "limits"))


def running(client: redis.Redis) -> dict[str, str]:
    """Every directive as the server has it now."""
    return cast("dict[str, str]", client.config_get("*"))
