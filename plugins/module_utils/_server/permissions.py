# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the user of a connection may run a command, asked without running it (ACLs, from Redis 6.0 on)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Callable

from .._libraries import redis as library
from .connection import command

if TYPE_CHECKING:
    import redis


def user(client: redis.Redis, otherwise: str) -> str:
    """Who this connection is; ``otherwise`` where it may not even ask that."""
    try:
        return str(command(client, "ACL", "WHOAMI"))
    except library.exceptions.ResponseError:
        return otherwise


def may(client: redis.Redis, name: str, words: Sequence[str]) -> bool | None:
    """Whether that user may run these words; None where this user is not let see it."""
    try:
        # From 7.0 on. It answers in words, and with an error only where it is not allowed or not known itself.
        return bool(command(client, "ACL", "DRYRUN", name, *words) == "OK")
    except library.exceptions.ResponseError:
        pass
    try:
        facts = command(client, "ACL", "GETUSER", name)
        rules = dict(zip(facts[::2], facts[1::2]))["commands"]
        return allows(str(rules), words, lambda category: command(client, "ACL", "CAT", category))
    except (library.exceptions.ResponseError, KeyError, TypeError):
        return None


def allows(rules: str, words: Sequence[str], members: Callable[[str], Iterable[str]]) -> bool:
    """What the rules of ACL GETUSER, the later ones before the earlier, say of a command and its subcommand.

    ``members`` gives the commands of a category.
    """
    names = {words[0].lower(), "|".join(words[:2]).lower()}
    allowed = False
    for rule in rules.lower().split():
        subject = rule[1:]
        if subject == "@all" or (names & (set(members(subject[1:])) if subject.startswith("@") else {subject})):
            allowed = rule.startswith("+")
    return allowed
