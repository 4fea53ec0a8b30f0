# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ACL users as the running server has them, beside those that its files would give it at the next start."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import config_reader, directives, permissions
from .connection import command
from .instance import Version

if TYPE_CHECKING:
    import redis

#: The first version that has users.
SINCE = (6, 0, 0)
_ALIASES = {
    "allkeys": "~*",
    "allchannels": "&*",
    "allcommands": "+@all",
    "nocommands": "-@all",
}
#: What every user has unless it says otherwise, so that ACL LIST of one version shows it and of another does not.
_SILENT = frozenset({"sanitize-payload"})


@dataclass
class Rules:
    """What a user may do, whatever order or spelling it was written in. Passwords are SHA-256 in hexadecimal."""

    flags: set[str] = field(default_factory=set)  #: on, nopass, skip-sanitize-payload
    passwords: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    channels: set[str] = field(default_factory=set)
    commands: list[str] = field(default_factory=lambda: ["-@all"])
    selectors: list[Rules] = field(default_factory=list)

    def add(self, rule: str) -> None:
        rule = _ALIASES.get(rule.lower(), rule)
        word = rule.lower()
        if word == "reset":
            for part in (self.flags, self.passwords, self.keys, self.channels):
                part.clear()
            self.commands, self.selectors = ["-@all"], []
        elif word == "off":
            self.flags.discard("on")
        elif word == "nopass":
            self.flags.add("nopass")
            self.passwords.clear()
        elif word == "resetpass":
            self.flags.discard("nopass")
            self.passwords.clear()
        elif word == "resetkeys":
            self.keys.clear()
        elif word == "resetchannels":
            self.channels.clear()
        elif word == "clearselectors":
            self.selectors.clear()
        elif rule[:1] in "+-":
            self.commands = [word] if word[1:] == "@all" else [*self.commands, word]
        elif rule[:1] in "><#!":
            self._add_password(rule)
        elif rule[:1] in "~%":
            self.keys.add("~" + rule[4:] if word.startswith("%rw~") else rule)
        elif rule.startswith("&"):
            self.channels.add(rule)
        elif rule.startswith("("):
            self.selectors.append(parse(rule.strip("()").split()))
        elif word not in _SILENT:
            self.flags.add(word)

    def _add_password(self, rule: str) -> None:
        given = rule[1:]
        digest = given.lower() if rule[0] in "#!" else hashlib.sha256(os.fsencode(given)).hexdigest()
        if rule[0] in ">#":
            self.flags.discard("nopass")
            self.passwords.add(digest)
        else:
            self.passwords.discard(digest)


def parse(words: Sequence[str], initial: Sequence[str] = ()) -> Rules:
    """The rules of one user; a selector in brackets may be several words."""
    rules = Rules()
    selector: list[str] = []
    for word in (*initial, *words):
        if selector or word.startswith("("):
            selector.append(word)
            if word.endswith(")"):
                rules.add(" ".join(selector))
                selector = []
        elif word:
            rules.add(word)
    return rules


def unsaved(client: redis.Redis, config_file: str, version: Version, made: bool = True) -> list[str]:
    """Users whom a restart would lose or change: those that differ from the ACL file, or from the config file.

    ``made``: or make, since the server has none of that name.
    """
    running = directives.running(client)
    here = {name: parse(words) for name, words in _users(command(client, "ACL", "LIST"))}
    initial = ["allchannels"] if running.get("acl-pubsub-default") == "allchannels" else []
    stored = {name: parse(words, initial) for name, words in at_start(config_file, running, version)}
    if "default" not in stored:
        stored["default"] = parse(["on", "nopass", "~*", "&*", "+@all"])
        # Beside an ACL file requirepass is of no effect at a start.
        if running.get("requirepass") and not running.get("aclfile"):
            stored["default"].add(">" + running["requirepass"])
    if version < (6, 2, 0):
        for rules in (*here.values(), *stored.values()):
            rules.channels.clear()
    names = here.keys() | stored.keys() if made else here.keys()
    differing = [name for name in names if here.get(name) != stored.get(name)]
    commands = _Commands(client) if differing else None  # the same commands can be written in many ways
    for rules in (users[name] for users in (here, stored) for name in differing if name in users):
        if commands:
            commands.resolve(rules)
    return sorted(name for name in differing if here.get(name) != stored.get(name))


class _Commands:
    """What rules come to: the names of the commands themselves."""

    def __init__(self, client: redis.Redis) -> None:
        self._members: dict[str, frozenset[str]] = {
            name: frozenset(command(client, "ACL", "CAT", name)) for name in command(client, "ACL", "CAT")
        }

    def resolve(self, rules: Rules) -> None:
        named = {rule[1:] for rule in rules.commands if not rule[1:].startswith("@")}
        text = " ".join(rules.commands)
        every = named.union(*self._members.values())
        rules.commands = sorted(
            name for name in every if permissions.allows(text, name.split("|"), lambda of: self._members.get(of, ()))
        )
        for selector in rules.selectors:
            self.resolve(selector)


def _users(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for line in lines:
        words = line.split()
        if len(words) > 1 and words[0].lower() == "user":
            yield words[1], words[2:]


def at_start(config_file: str, running: Mapping[str, str], version: Version) -> Iterator[tuple[str, Sequence[str]]]:
    """Name and rules of each user whom the files give the server at its next start, passwords among them."""
    aclfile = running.get("aclfile")
    if aclfile:
        path = os.path.join(running.get("dir", ""), aclfile)
        if os.path.exists(path):
            yield from _users(os.fsdecode(config_reader.read_bytes(path)).splitlines())
        return
    for line in config_reader.lines(config_reader.read_bytes(config_file), config_file, version):
        if line.name == "user" and line.arguments:
            yield line.arguments[0], line.arguments[1:]
